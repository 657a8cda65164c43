"""Where who signs out here signs out there."""

import logging

from django.conf import settings

from accounts.elsewhere import cas, oidc, sources
from accounts.elsewhere.answers import Away

logger = logging.getLogger(__name__)


def of(slug: str, page: str) -> str | None:
    """It leads back to `page`. None: there is no such way, or not now; nobody is kept from signing out by that."""
    if sources.named(slug) is None or not settings.SIGN_OUT_ELSEWHERE:
        return None
    try:
        return cas.way_out_of_there(page) if slug == sources.CAS else oidc.way_out_of_there(page)
    except Away as error:
        logger.warning("Sign-out elsewhere (%s): %s", slug, error)
        return None
