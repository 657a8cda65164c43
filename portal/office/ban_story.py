"""What the page of a ban draws and tells: when the wrong passwords came, and who else is at that address."""

from collections import Counter
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Max
from django.utils import timezone

from accounts.bans.causes import failures
from accounts.bans.models import Ban
from accounts.bans.where import addresses
from accounts.lib import origins
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin

BARS = 48  # of the drawn timeline


NEIGHBOURS_SINCE = timedelta(days=7)


class Bar(NamedTuple):
    """In a drawing 10 wide for each bar and 103 high."""

    start: datetime
    failures: int
    x: int
    y: int
    height: int


def timeline(ban: Ban) -> list[Bar]:
    """Their times, from the first to the ban, in equal parts."""
    if ban.first_at is None:
        return []
    part = max((ban.started_at - ban.first_at) / BARS, timedelta(seconds=1))
    times = failures(ban).values_list("at", flat=True).order_by()
    counts = Counter(min(int((at - ban.first_at) / part), BARS - 1) for at in times)
    if not counts:  # they are not kept as long as the ban is
        return []
    highest = max(counts.values())
    heights = [-(-counts[n] * 100 // highest) for n in range(BARS)]
    return [Bar(ban.first_at + part * n, counts[n], n * 10, 103 - heights[n], heights[n]) for n in range(BARS)]


class Neighbour(NamedTuple):
    username: str
    last_at: datetime


def is_far(network: str) -> bool:
    """Neither in a network that the office knows, nor one that only an institution has inside."""
    address = origins.parse(network.partition("/")[0])
    return address is not None and not address.is_private and addresses.kind(str(address)) is None


def neighbours(network: str) -> list[Neighbour]:
    """Accounts that were let in from an address lately, the last one first: at the portal, or with a mail program."""
    since = timezone.now() - NEIGHBOURS_SINCE
    signed_in = SecurityEvent.objects.filter(
        kind=SecurityEvent.Kind.SIGNED_IN, at__gte=since, **_in_address(network)
    ).order_by()
    mail = MailLogin.objects.filter(
        day__gte=timezone.localdate(since), last_at__gte=since, **_in_address(network)
    ).order_by()
    last: dict[str, datetime] = {}
    for username, address, at in [
        *signed_in.values_list("username", "address").annotate(Max("at")),
        *mail.values_list("user__username", "address").annotate(Max("last_at")),
    ]:
        if username and network in addresses.networks(address):
            last[username] = max(at, last.get(username, at))
    return sorted((Neighbour(*found) for found in last.items()), key=lambda found: found.last_at, reverse=True)


def _in_address(network: str) -> dict[str, str]:
    """The rows to look at. Addresses of a /64 begin alike; how they go on depends on where zeros are left out."""
    if "/" not in network:
        return {"address": network}
    return {"address__startswith": network.partition(":")[0] + ":"}
