"""Where else people may sign in, by the settings: one source, several, or none."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

CAS, OIDC = "cas", "oidc"


@dataclass(frozen=True)
class Source:
    slug: str
    label: str  # of its button


def all_of_them() -> list[Source]:
    default = _("Sign in with your institution’s account")
    found = []
    if settings.CAS_URL:
        found.append(Source(CAS, settings.CAS_LABEL or default))
    if settings.OIDC_UPSTREAM_ISSUER:
        found.append(Source(OIDC, settings.OIDC_UPSTREAM_LABEL or default))
    return found


def named(slug: str) -> Source | None:
    return next((source for source in all_of_them() if source.slug == slug), None)
