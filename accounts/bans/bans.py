"""A banned address cannot sign in for a while, the right password included: all of it, or one account there."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts.bans import digests
from accounts.bans.models import Ban, Failure
from accounts.bans.where import addresses
from accounts.lib import expired
from accounts.lib.compiled import Query
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from accounts.users.models import User


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


def ban(network: str, account: str, failures: QuerySet[Failure]) -> datetime:
    now = timezone.now()
    until = now + settings.BAN_LIFETIME
    new = Ban.objects.create(network=network, account=account, started_at=now, until=until, **_story(failures))
    owner = User.objects.filter(username=account).first() if account else None
    if owner:  # what it has open from there is not guessing, but nobody knows whose it is; the sweep ends it
        Ending.objects.ask([account], Ending.Why.BANNED, network=network)
    events.record(events.Kind.BANNED, owner, address=network, until=until, failures=new.failure_count)
    failures.update(ban=new)
    return until


def _story(failures: QuerySet[Failure]) -> dict[str, Any]:
    """What the office is told about them."""
    failures = failures.order_by()
    story: dict[str, Any] = failures.aggregate(
        failure_count=Count("pk"),
        account_count=Count("account", distinct=True),
        unknown_count=Count("account", distinct=True, filter=Q(account__startswith=digests.STRANGER)),
        password_count=Count("password_digest", distinct=True),
        first_at=Min("at"),
        last_at=Max("at"),
    )
    channels = failures.values_list("channel", flat=True).distinct()
    return story | {
        "guess_count": failures.values("account", "password_digest").distinct().count(),
        "channels": ", ".join(sorted(channels)),
    }


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
