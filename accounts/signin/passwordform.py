"""Whether the sign-in page takes a mailbox password. Where the office hides the form, a link that a command has made
shows it for a while: for the day on which the service elsewhere does not answer."""

from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.urls import reverse

LIFETIME = timedelta(hours=12)  # of a link
FIELD = "form"  # in its address, and in the form that it shows

_signer = signing.TimestampSigner(salt="sign-in form")


def link() -> str:
    """It opens nothing: password and second step are asked for as always."""
    return f"{settings.PUBLIC_URL}{reverse('sign_in')}?{urlencode({FIELD: _signer.sign('shown')})}"


def is_hidden(given: str) -> bool:
    return settings.SIGN_IN_FORM == "hidden" and not _is_of_a_link(given)


def _is_of_a_link(given: str) -> bool:
    try:
        return _signer.unsign(given, max_age=LIFETIME) == "shown"
    except signing.BadSignature:
        return False
