"""A banned address cannot sign in for a while, the right password included: all of it, or one account there."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.utils import timezone

from accounts.bans import digests
from accounts.bans.models import Ban, Failure
from accounts.bans.where import addresses
from accounts.lib import expired
from accounts.lib.compiled import Change, Query
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from accounts.users.models import OF_A_NAME, User


def banned_until(address: str, account: str) -> datetime | None:
    """Until when this account cannot sign in from this address. Without an account: until when nobody can."""
    return holding(UNTIL.first(account, *sought(address)), address)


def ban_of(account: OuterRef, *sought: Any) -> Subquery:
    """The same within a query of accounts, as far as the table of bans knows: `holding` says the rest."""
    return Subquery(_until(account, *sought))


def sought(address: str) -> tuple[datetime, str, str, str]:
    """What bans of an address are found by."""
    one, two, three = (addresses.networks(address) * 3)[:3]
    return timezone.now(), one, two, three


def holding(until: datetime | None, address: str) -> datetime | None:
    return until if until and not addresses.is_never_banned(address) else None


def _until(account: Any, now: Any, one: Any, two: Any, three: Any) -> QuerySet[Ban, datetime]:
    networks = (one, two, three)
    here = Ban.objects.filter(in_force(now), Q(account="") | Q(account=account), network__in=networks)
    return here.order_by("-until").values_list("until", flat=True)[:1]


UNTIL = Query(_until)


def in_force(now: Any = None) -> Q:
    return Q(until__gt=now or timezone.now(), lifted_at=None)


class Behind:
    """The failures that count together for a ban, and led to it. Attackers are banned by the dozen at once, so what is
    asked of them is built once."""

    def __init__(self, build: Callable[[Any, Any, Any], QuerySet[Failure]]) -> None:
        """`build`: of two values, and since when they count."""

        def some(one: Any, two: Any, since: Any) -> QuerySet[Failure]:
            return build(one, two, since).order_by()

        self._count = Query(lambda one, two, since: _one_row(some(one, two, since), {"n": Count("pk")}))
        self._guesses = Query(
            lambda one, two, since: _one_row(some(one, two, since).filter(is_guess=True), {"n": Count("pk")})
        )
        self._story = Query(lambda one, two, since: _one_row(some(one, two, since), STORY))
        self._channels = Query(lambda one, two, since: some(one, two, since).values_list("channel").distinct())
        self._join = Change(lambda one, two, since, ban: (some(one, two, since), {"ban": ban}))

    def count(self, *values: Any, only_guesses: bool) -> int:
        row = (self._guesses if only_guesses else self._count).first(*values)
        return int(row["n"]) if row else 0

    def story(self, *values: Any) -> dict[str, Any]:
        """What the office is told about them."""
        channels = sorted(channel for (channel,) in self._channels.all(*values))
        return {**(self._story.first(*values) or {}), "channels": ", ".join(channels)}

    def join(self, ban: Ban, *values: Any) -> None:
        self._join.run(*values, ban.pk)


STORY: dict[str, Any] = {
    "failure_count": Count("pk"),
    "account_count": Count("account", distinct=True),
    "unknown_count": Count("account", distinct=True, filter=Q(account__startswith=digests.STRANGER)),
    "password_count": Count("password_digest", distinct=True),
    "guess_count": Count(Concat("account", Value(" "), "password_digest"), distinct=True),
    "first_at": Min("at"),
    "last_at": Max("at"),
}


def _one_row(failures: QuerySet[Failure], counted: dict[str, Any]) -> QuerySet[Any, dict[str, Any]]:
    """As `aggregate` finds it, which asks at once."""
    row: QuerySet[Any, dict[str, Any]] = failures.values(one=Value(1)).annotate(**counted).values(*counted)
    return row


def ban(network: str, account: str = "", behind: Behind | None = None, values: Iterable[Any] = ()) -> datetime:
    now = timezone.now()
    until = now + settings.BAN_LIFETIME
    story = behind.story(*values) if behind else {}
    new = Ban.objects.create(network=network, account=account, started_at=now, until=until, **story)
    owner = OF_A_NAME.first(account) if account else None
    if owner:  # what it has open from there is not guessing, but nobody knows whose it is; the sweep ends it
        Ending.objects.ask([account], Ending.Why.BANNED, network=network)
    events.record(events.Kind.BANNED, owner, address=network, until=until, failures=new.failure_count)
    if behind:
        behind.join(new, *values)
    return until


def lift(ban: Ban, by: User | None, *, owner: User | None = None, reason: str = "") -> SecurityEvent | None:
    """`owner` is the person for whose sake it is lifted; `by` is None where somebody at the server did it. None if it
    was lifted, or over, before."""
    with transaction.atomic():
        here = Ban.objects.filter(in_force(), pk=ban.pk)
        if not here.update(lifted_at=timezone.now(), lifted_by=by, lift_reason=reason):
            return None
        if owner is None and ban.account:
            owner = User.objects.filter(username=ban.account).first()
        account = {"account": ban.account} if ban.account else {}
        return events.record(
            events.Kind.BAN_LIFTED, owner, actor=by, address=ban.network, **account, **events.because(reason)
        )


def delete_expired() -> None:
    """Past ones, for as long as the security log tells of them."""
    expired.delete(Ban.objects.filter(until__lt=timezone.now() - settings.EVENT_LIFETIME))
