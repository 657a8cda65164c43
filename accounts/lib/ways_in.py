"""By which way a password comes, as it is called on every page: a protocol of mail programs, or the web."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

NAMES: Mapping[str, str | Promise] = {
    "web": pgettext_lazy("way in", "web page"),
    "imap": "IMAP",
    "pop3": "POP3",
    "smtp": "SMTP",
    "sieve": "Sieve",
    "dav": pgettext_lazy("way in", "calendars and contacts"),
    "eas": "ActiveSync",
}


def name(channel: str) -> str:
    """One that another version knew is called by its key."""
    return str(NAMES.get(channel, channel.upper()))
