"""What an app password may be used for, from where and until when: chosen when it is made, and never changed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.conf import settings
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lib import clock, origins

Network = IPv4Network | IPv6Network

USES = {
    "imap": "read",
    "pop3": "read",
    "smtp": "send",
    "sieve": "filters",
    "dav": "calendars",  # CalDAV and CardDAV
    "eas": "calendars",  # ActiveSync
}
IDLE_DAYS = (90, 180, 365)
MOST_NETWORKS = 10
LONGEST_NETWORKS = MOST_NETWORKS * 44  # characters: an IPv6 network written out, and a blank


class Scope(TextChoices):
    """The values are uses, parted by blanks."""

    MAIL = "read send", gettext_lazy("receiving and sending mail")
    READING = "read", gettext_lazy("receiving mail only")
    SENDING = "send", gettext_lazy("sending mail only")
    MAIL_AND_FILTERS = "read send filters", gettext_lazy("mail, and filters on the server")
    MAIL_AND_CALENDARS = "read send calendars", gettext_lazy("mail, calendars and contacts")
    CALENDARS = "calendars", gettext_lazy("calendars and contacts only")


@dataclass(frozen=True)
class Limits:
    scope: str = Scope.MAIL
    networks: str = ""  # parted by blanks
    ends_at: datetime | None = None
    idle_days: int | None = None  # without a use; then it ends

    def allow(self, protocol: str) -> bool:
        return USES[protocol] in self.scope.split()

    def hold(self, address: str) -> bool:
        """Whether it may be used from there."""
        parsed = origins.parse(address)
        return not self.networks or (parsed is not None and any(parsed in one for one in networks(self.networks)))

    def idle_at(self, used_at: datetime) -> datetime | None:
        """When it ends unless it is used again."""
        return used_at + timedelta(days=self.idle_days) if self.idle_days else None

    def over_at(self, used_at: datetime) -> datetime | None:
        return min(filter(None, (self.ends_at, self.idle_at(used_at))), default=None)

    def said(self) -> list[str]:
        """What is not as usual, for a line of a list."""
        said = [] if self.scope == Scope.MAIL else [str(dict(Scope.choices).get(self.scope, self.scope))]
        if self.networks:
            said.append(_("only from %(networks)s") % {"networks": self.networks})
        if self.ends_at:
            said.append(_("until %(day)s") % {"day": clock.day(last_day(self.ends_at))})
        if self.idle_days:
            said.append(_("ends after %(n)s days without use") % {"n": self.idle_days})
        return said


USUAL = Limits()


def of_a_device() -> Limits:
    """That sets itself up, by a profile."""
    return Limits(Scope.MAIL_AND_CALENDARS) if settings.DAV_HOST else USUAL


@lru_cache(maxsize=4096)
def networks(text: str) -> tuple[Network, ...]:
    """ValueError for what is none. An address in a network stands for the network."""
    return tuple(ip_network(part, strict=False) for part in text.replace(",", " ").split())


def end_of(day: date) -> datetime:
    """The midnight after it."""
    return clock.midnight(day + timedelta(days=1))


def last_day(ends_at: datetime) -> date:
    return timezone.localdate(ends_at - timedelta(microseconds=1))
