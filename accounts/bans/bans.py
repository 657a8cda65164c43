"""Wrong passwords in a row ban an address for a while, the right password included.

Failures and bans are in the database: they hold when a cache is gone, in every process at once, and under concurrency.
"""

from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.bans import addresses
from accounts.bans.models import Ban, Failure, Network
from accounts.lib import prepared
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from accounts.users import usernames
from accounts.users.models import User

NETWORKS_AT_ONCE = 500  # deleted in one transaction
STRANGER = "unknown "  # begins what failures of a name that is no account's are kept under


def account_of(name: str) -> str:
    """What failures are kept under. What was typed as a name may be a password: only a keyed digest of it is kept."""
    mailbox = usernames.canonical(name)
    return mailbox if mailbox and User.objects.filter(username=mailbox).exists() else stranger(name)


def stranger(name: str) -> str:
    """The same for a name that is known to be no account's."""
    return STRANGER + _digest("name", usernames.canonical(name) or name)


def _digest(kind: str, text: str) -> str:
    return salted_hmac(f"accounts.bans.{kind}", text, algorithm="sha256").hexdigest()[:16]


def banned_until(address: str, account: str) -> datetime | None:
    """Until when this account cannot sign in from this address. Without an account: until when nobody can."""
    bans = Ban.objects.filter(
        Q(account="") | Q(account=account), network=addresses.network(address), until__gt=timezone.now(), lifted_at=None
    )
    until = bans.order_by("-until").values_list("until", flat=True).first()
    return until if until and not addresses.is_never_banned(address) else None


class Noted(NamedTuple):
    """What became of a failure. One that came after the ban is not counted."""

    counted: bool
    banned_until: datetime | None


def note_failure(address: str, account: str, password: str, channel: str) -> Noted:
    """Count a wrong password. Of many that come at once exactly BAN_AFTER_FAILURES are counted; the last one bans."""
    network = addresses.network(address)
    digest = _digest("password", password)
    kind = addresses.kind(address)
    if kind is addresses.Kind.NEVER_BANNED:
        Failure.objects.create(network=network, account=account, password_digest=digest, channel=channel)
        return Noted(counted=True, banned_until=None)
    shared = kind is addresses.Kind.SHARED
    if _count_an_early_one(network, account, digest, channel, shared=shared):
        return Noted(counted=True, banned_until=None)
    with transaction.atomic(durable=True):
        LOCK.row(network)
        if until := banned_until(address, account):
            return Noted(counted=False, banned_until=until)
        building = _of_building(network)
        # An old phone repeats itself all day: what was counted before needs no counting again.
        is_guess = shared and not building.filter(account=account, password_digest=digest).exists()
        Failure.objects.create(network=network, account=account, password_digest=digest, channel=channel)
        if is_guess and _count(building, repeats=False) >= settings.SHARED_NETWORK_FAILURES:
            return Noted(counted=True, banned_until=_ban(network, "", building))
        mine = _live(network).filter(account=account) if shared else _live(network)
        if _count(mine, repeats=settings.BAN_COUNTS_REPEATS) >= settings.BAN_AFTER_FAILURES:
            return Noted(counted=True, banned_until=_ban(network, account if shared else "", mine))
    return Noted(counted=True, banned_until=None)


# Until the commit, failures of this network wait for each other.
LOCK = prepared.Statement(
    "mailkey_lock",
    f"""INSERT INTO {Network._meta.db_table} (network) VALUES (%s)
        ON CONFLICT (network) DO UPDATE SET network = excluded.network""",  # noqa: S608 (names of our own tables)
)
COUNT = prepared.Statement(
    "mailkey_count",
    f"""INSERT INTO {Failure._meta.db_table} (network, account, password_digest, channel, at)
        SELECT %s, %s, %s, %s, %s
        WHERE NOT EXISTS (SELECT 1 FROM {Ban._meta.db_table}
                          WHERE network = %s AND until > %s AND lifted_at IS NULL AND account IN ('', %s))
          AND (SELECT COUNT(*) FILTER (WHERE ban_id IS NULL OR %s = 1) < %s
                  AND COUNT(*) FILTER (WHERE ban_id IS NULL AND account = %s) < %s
               FROM {Failure._meta.db_table}
               WHERE network = %s AND cleared_at IS NULL AND at > %s)
        RETURNING id""",  # noqa: S608
)


def _count_an_early_one(network: str, account: str, digest: str, channel: str, *, shared: bool) -> bool:
    """Most failures are far from a ban: they are counted in one go. The others are left to the rules above."""
    now = timezone.now()
    enough = settings.BAN_AFTER_FAILURES - 1
    failure = [network, account, digest, channel, now]
    ban = [network, now, account]
    # In a shared network those that banned one account count for the whole address.
    live = [int(shared), settings.SHARED_NETWORK_FAILURES - 1 if shared else enough, account, enough]
    live += [network, now - settings.FAILURE_LIFETIME]
    return prepared.together((LOCK, [network]), (COUNT, [*failure, *ban, *live])) is not None


def _recent(network: str) -> QuerySet[Failure]:
    return Failure.objects.filter(network=network, cleared_at=None, at__gt=_counted_since())


def _counted_since() -> datetime:
    return timezone.now() - settings.FAILURE_LIFETIME


def _live(network: str) -> QuerySet[Failure]:
    return _recent(network).filter(ban=None)


def _of_building(network: str) -> QuerySet[Failure]:
    """What counts for a whole address of a shared network. What banned single accounts there belongs to it, or guesses
    at one account after the other would count for nothing; unless that ban was lifted."""
    banned_an_account = Q(ban__lifted_at=None) & ~Q(ban__account="")
    return _recent(network).filter(Q(ban=None) | banned_an_account)


def _count(failures: QuerySet[Failure], *, repeats: bool) -> int:
    if repeats:
        return failures.count()
    return failures.order_by().values("account", "password_digest").distinct().count()


def _ban(network: str, account: str, failures: QuerySet[Failure]) -> datetime:
    now = timezone.now()
    until = now + settings.BAN_LIFETIME
    ban = Ban.objects.create(network=network, account=account, started_at=now, until=until, **_story(failures))
    owner = User.objects.filter(username=account).first() if account else None
    if owner:  # what it has open from there is not guessing, but nobody knows whose it is; the sweep ends it
        Ending.objects.ask([account], Ending.Why.BANNED, network=network)
    events.record(events.Kind.BANNED, owner, address=network, until=until, failures=ban.failure_count)
    failures.update(ban=ban)
    return until


def _story(failures: QuerySet[Failure]) -> dict[str, Any]:
    """What the office is told about them."""
    failures = failures.order_by()
    story: dict[str, Any] = failures.aggregate(
        failure_count=Count("pk"),
        account_count=Count("account", distinct=True),
        unknown_count=Count("account", distinct=True, filter=Q(account__startswith=STRANGER)),
        password_count=Count("password_digest", distinct=True),
        first_at=Min("at"),
        last_at=Max("at"),
    )
    channels = failures.values_list("channel", flat=True).distinct()
    return story | {"guess_count": _count(failures, repeats=False), "channels": ", ".join(sorted(channels))}


def note_success(address: str, account: str) -> None:
    """A success clears the failures of its own account at this address, and nobody else's."""
    failures = Failure.objects.filter(network=addresses.network(address), account=account, cleared_at=None, ban=None)
    failures.update(cleared_at=timezone.now())


def in_force() -> Q:
    return Q(until__gt=timezone.now(), lifted_at=None)


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
    Failure.objects.filter(at__lt=timezone.now() - settings.SMS_HISTORY_LIFETIME).delete()
    _delete_networks()


def _delete_networks() -> None:
    """Rows behind which nothing is counted any more.

    Whoever waits for one that goes makes it anew and holds that (see LOCK): nobody is in twice. Held ones are passed
    over, and few go at once: no failure waits for this.
    """
    counting = Failure.objects.filter(network=OuterRef("pk"), cleared_at=None, at__gt=_counted_since())
    last: str | None = ""
    while last is not None:
        with transaction.atomic():
            idle = Network.objects.filter(~Exists(counting), pk__gt=last).order_by("pk")
            rows = list(idle.select_for_update(skip_locked=True).values_list("pk", flat=True)[:NETWORKS_AT_ONCE])
            Network.objects.filter(pk__in=rows).delete()
        last = rows[-1] if rows else None
