"""Why an address was banned, as far as its wrong passwords tell an old phone from an attack; and who else is there."""

from collections import Counter
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple

from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import addresses
from accounts.models import Ban, Failure, MailLogin, SecurityEvent

FEW_PASSWORDS = 3  # that programs may have kept, one after the other
FEW_ACCOUNTS = 3  # that share a desk, or belong to one person
OFTEN = 3  # times that the same is said, on average, by what repeats itself
BARS = 48  # of the drawn timeline
NEIGHBOURS_SINCE = timedelta(days=7)


class Cause(Enum):
    NOT_KNOWN = auto()  # there are no failures to tell from
    OLD_PHONE = auto()  # one account, one password
    OLD_PROGRAMS = auto()  # one account, a few passwords
    GUESSING = auto()  # one account, many passwords
    OLD_PHONES = auto()  # several accounts, each repeats itself
    SPRAYING = auto()  # many accounts, hardly more than one password for each, or the same ones for all
    TYPING = auto()  # a few accounts, a few passwords each
    ATTACK = auto()  # many accounts, many passwords


def of(ban: Ban) -> Cause:
    accounts, guesses, failures = ban.account_count, ban.guess_count, ban.failure_count
    if failures == 0:
        return Cause.NOT_KNOWN
    if accounts == 1:
        if guesses > FEW_PASSWORDS:
            return Cause.GUESSING
        return Cause.OLD_PHONE if guesses == 1 else Cause.OLD_PROGRAMS
    if ban.unknown_count * 2 < accounts and guesses <= 2 * accounts and failures >= OFTEN * guesses:
        return Cause.OLD_PHONES
    if accounts > FEW_ACCOUNTS and (guesses == accounts or ban.password_count * 4 <= accounts):
        return Cause.SPRAYING
    if accounts <= FEW_ACCOUNTS and guesses <= FEW_PASSWORDS * accounts:
        return Cause.TYPING
    return Cause.ATTACK


IN_WORDS = {
    Cause.NOT_KNOWN: _("no wrong passwords are recorded"),
    Cause.OLD_PHONE: _("one account, the same password %(failures)s times (perhaps an old phone)"),
    Cause.OLD_PROGRAMS: _(
        "one account, %(guesses)s passwords, %(failures)s times (perhaps programs with old passwords)"
    ),
    Cause.GUESSING: _("one account, %(passwords)s different passwords (perhaps a guesser, perhaps its owner)"),
    Cause.OLD_PHONES: _(
        "%(accounts)s accounts that repeat the same passwords, %(failures)s times (perhaps several old phones)"
    ),
    Cause.SPRAYING: _("%(accounts)s accounts in turn, different passwords: %(passwords)s (perhaps an attack)"),
    Cause.TYPING: _(
        "%(accounts)s accounts, different passwords: %(passwords)s, %(failures)s times"
        " (perhaps people who mistype, perhaps an attack)"
    ),
    Cause.ATTACK: _("%(accounts)s accounts, %(passwords)s different passwords (perhaps an attack)"),
}
ALARMING = {Cause.GUESSING, Cause.SPRAYING, Cause.ATTACK}


def why(ban: Ban) -> str:
    """In a sentence."""
    said = str(IN_WORDS[of(ban)]) % {
        "accounts": ban.account_count,
        "guesses": ban.guess_count,
        "passwords": ban.password_count,
        "failures": ban.failure_count,
    }
    if not ban.unknown_count:
        return said
    strangers = ngettext(
        "%(said)s; %(n)s of the names does not exist", "%(said)s; %(n)s of the names do not exist", ban.unknown_count
    )
    return strangers % {"said": said, "n": ban.unknown_count}


def failures(ban: Ban) -> QuerySet[Failure]:
    """Those that led to it, whichever ban they belong to by now."""
    if ban.first_at is None or ban.last_at is None:
        return Failure.objects.none()
    found = Failure.objects.filter(network=ban.network, at__gte=ban.first_at, at__lte=ban.last_at)
    return found.filter(account=ban.account) if ban.account else found


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
    highest = max(counts.values(), default=1)
    heights = [-(-counts[n] * 100 // highest) for n in range(BARS)]
    return [Bar(ban.first_at + part * n, counts[n], n * 10, 103 - heights[n], heights[n]) for n in range(BARS)]


class Neighbour(NamedTuple):
    username: str
    last_at: datetime


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
        if username and addresses.network(address) == network:
            last[username] = max(at, last.get(username, at))
    return sorted((Neighbour(*found) for found in last.items()), key=lambda found: found.last_at, reverse=True)


def _in_address(network: str) -> dict[str, str]:
    """The rows to look at. Addresses of a /64 begin alike; how they go on depends on where zeros are left out."""
    if "/" not in network:
        return {"address": network}
    return {"address__startswith": network.partition(":")[0] + ":"}
