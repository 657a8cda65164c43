"""Wrong passwords in a row are counted, and ban.

Failures and bans are in the database: they hold when a cache is gone, in every process at once, and under concurrency.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.bans import bans, digests
from accounts.bans.bans import Behind
from accounts.bans.models import Ban, Failure, Network
from accounts.bans.where import addresses, places
from accounts.bans.where.places import Standing
from accounts.lib import expired, prepared
from accounts.lib.compiled import Query
from accounts.lib.prepared import Steps

NETWORKS_AT_ONCE = 500  # deleted in one transaction


class Noted(NamedTuple):
    """What became of a failure. One that came after the ban is not counted."""

    counted: bool
    banned_until: datetime | None


def note_failure(address: str, account: str, password: str, channel: str) -> Noted:
    """Count a wrong password. Of many that come at once exactly BAN_AFTER_FAILURES are counted; the last one bans."""
    standing = places.standing(address)
    failure = _New(address, account, password, channel, standing)
    if standing.kind is addresses.Kind.NEVER_BANNED:
        failure.create(is_guess=False)
        return Noted(counted=True, banned_until=None)
    if prepared.together(*_early(failure, shared=standing.is_shared)) is not None:
        return Noted(counted=True, banned_until=None)
    with transaction.atomic(durable=True):
        LOCK.row(failure.waits_for)
        if until := bans.banned_until(address, account):
            return Noted(counted=False, banned_until=until)
        # An old phone repeats itself all day: what was counted before needs no counting again.
        is_guess = not failure.is_repeat()
        failure.create(is_guess=is_guess)
        if is_guess:
            for network, behind, values, limit in _whole(failure.network, failure.wide, standing):
                if behind.count(*values, only_guesses=True) >= limit:
                    return Noted(counted=True, banned_until=bans.ban(network, "", behind, values))
        mine = failure.network, account, _counted_since()
        if _mine(standing, *mine) >= settings.BAN_AFTER_FAILURES:
            whose = account if standing.is_shared else ""
            until = bans.ban(failure.network, whose, MINE[standing.is_shared], mine)
            return Noted(counted=True, banned_until=until)
    return Noted(counted=True, banned_until=None)


class Tries(NamedTuple):
    """What an address may be told of its own wrong passwords; the same whether the account exists or not."""

    made: int  # for this account
    left: int | None  # before a ban; None where nobody is banned


def tries(address: str, account: str) -> Tries:
    standing = places.standing(address)
    networks = addresses.networks(address)
    since = _counted_since()
    made = OF_AN_ACCOUNT.count(networks[0], account, since, only_guesses=False)
    if standing.kind is addresses.Kind.NEVER_BANNED:
        return Tries(made, None)
    left = [settings.BAN_AFTER_FAILURES - _mine(standing, networks[0], account, since)]
    wide = _wide(networks, standing)
    for _network, behind, values, limit in _whole(networks[0], wide, standing):
        left.append(limit - behind.count(*values, only_guesses=True))
    return Tries(made, max(min(left), 0))


class _New:
    """A failure that is to be counted. The password itself goes no further."""

    def __init__(self, address: str, account: str, password: str, channel: str, standing: Standing) -> None:
        self.account, self.channel, self.at = account, channel, timezone.now()
        self.networks = addresses.networks(address)
        self.network = self.networks[0]
        self.wide = _wide(self.networks, standing)
        self.waits_for = (self.network, *self.wide)[-1]  # see LOCK
        self.first = addresses.first(self.network)
        self.digests = digests.of(password, self.at)

    def create(self, *, is_guess: bool) -> None:
        Failure.objects.create(
            network=self.network, account=self.account, first=self.first, channel=self.channel, at=self.at,
            password_digest=self.digests[0], is_guess=is_guess,
        )  # fmt: skip

    def is_repeat(self) -> bool:
        known = KNOWN_DIGESTS.all(self.network, self.account, _counted_since())
        return any(digest in self.digests for (digest,) in known)


Values = tuple[Any, Any, datetime]


def _whole(network: str, wide: Iterable[str], standing: Standing) -> Iterator[tuple[str, Behind, Values, int]]:
    """The networks that may be banned whole, the widest first, for how many different guesses."""
    limits = {"48": settings.BAN_AFTER_FAILURES_48, "56": settings.BAN_AFTER_FAILURES_56}
    for one in reversed(list(wide)):
        limit = settings.SHARED_NETWORK_FAILURES if places.is_gateway(one) else limits[one.partition("/")[2]]
        yield one, WIDE[one.partition("/")[2]], (*addresses.ends(one), _counted_since()), limit
    if standing.is_shared and not standing.is_asker:
        yield network, BUILDING, (network, "", _counted_since()), settings.SHARED_NETWORK_FAILURES


# Until the commit, failures of this network wait for each other.
LOCK = prepared.Statement(
    "mailkey_lock",
    f"""INSERT INTO {Network._meta.db_table} (network) VALUES (%s)
        ON CONFLICT (network) DO UPDATE SET network = excluded.network""",  # noqa: S608 (names of our own tables)
)


@cache
def _count_statement(digests: int, *, wide: bool) -> prepared.Statement:
    """For so many digests of a password; `wide`: of an IPv6 address that is not shared."""
    failure, ban = Failure._meta.db_table, Ban._meta.db_table
    same = ", ".join(["%s"] * digests)
    few_around = f"""
          AND (SELECT COUNT(*) FROM {failure}
               WHERE first >= %s AND first <= %s AND cleared_at IS NULL AND is_guess AND at > %s) < %s"""  # noqa: S608
    sql = f"""INSERT INTO {failure} (network, account, first, password_digest, channel, at, is_guess)
        SELECT %s, %s, %s, %s, %s, %s,
            NOT EXISTS (SELECT 1 FROM {failure} LEFT JOIN {ban} AS its ON its.id = ban_id
                        WHERE {failure}.network = %s AND {failure}.account = %s AND cleared_at IS NULL AND at > %s
                          AND password_digest IN ({same})
                          AND (ban_id IS NULL OR (its.lifted_at IS NULL AND its.account <> '')))
        WHERE NOT EXISTS (SELECT 1 FROM {ban}
                          WHERE network IN (%s, %s, %s) AND until > %s AND lifted_at IS NULL AND account IN ('', %s))
          AND (SELECT COUNT(*) FILTER (WHERE ban_id IS NULL OR %s = 1) < %s
                  AND COUNT(*) FILTER (WHERE ban_id IS NULL AND account = %s) < %s
               FROM {failure}
               WHERE network = %s AND cleared_at IS NULL AND at > %s){few_around * 2 if wide else ""}
        RETURNING id"""  # noqa: S608
    return prepared.Statement(f"mailkey_count_{digests}{'_wide' if wide else ''}", sql)


def early(address: str, account: str, password: str, channel: str, standing: Standing) -> Steps:
    """What counts a failure that is far from a ban, as most are: then it says so with a row. If not, nothing is done,
    and `note_failure` must. Not for those that are never banned."""
    return _early(_New(address, account, password, channel, standing), shared=standing.is_shared)


def _wide(networks: tuple[str, ...], standing: Standing) -> tuple[str, ...]:
    return () if standing.kind or standing.is_shared else networks[1:]


def _early(new: _New, *, shared: bool) -> Steps:
    since = new.at - settings.FAILURE_LIFETIME
    enough = settings.BAN_AFTER_FAILURES - 1
    values = [new.network, new.account, new.first, new.digests[0], new.channel, new.at]
    values += [new.network, new.account, since, *new.digests]
    values += [*(new.networks * 3)[:3], new.at, new.account]
    # In a shared network those that banned one account count for the whole address.
    values += [int(shared), settings.SHARED_NETWORK_FAILURES - 1 if shared else enough, new.account, enough]
    values += [new.network, since]
    limits = (settings.BAN_AFTER_FAILURES_56, settings.BAN_AFTER_FAILURES_48)
    for network, limit in zip(new.wide, limits, strict=False):
        values += [*addresses.ends(network), since, limit - 1]
    statement = _count_statement(len(new.digests), wide=bool(new.wide))
    return (LOCK, [new.waits_for]), (statement, values)


def _counted_since() -> datetime:
    return timezone.now() - settings.FAILURE_LIFETIME


def _recent(network: Any, _account: Any, since: Any) -> QuerySet[Failure]:
    return Failure.objects.filter(network=network, cleared_at=None, at__gt=since)


def _of_an_account(network: Any, account: Any, since: Any) -> QuerySet[Failure]:
    return _recent(network, account, since).filter(account=account)


def _of_building(network: Any, account: Any, since: Any) -> QuerySet[Failure]:
    """What counts for a whole address of a shared network. What banned single accounts there belongs to it, or guesses
    at one account after the other would count for nothing; unless that ban was lifted."""
    banned_an_account = Q(ban__lifted_at=None) & ~Q(ban__account="")
    return _recent(network, account, since).filter(Q(ban=None) | banned_an_account)


def _of_wide(bits: str) -> Behind:
    """The same for an IPv6 /56 or /48, by its ends: what banned narrower networks within it belongs to it."""
    wider = Q(ban__network__endswith=f"/{bits}") | Q(ban__network__endswith="/48")

    def build(first: Any, last: Any, since: Any) -> QuerySet[Failure]:
        around = Failure.objects.filter(first__range=(first, last), cleared_at=None, at__gt=since)
        return around.filter(Q(ban=None) | (Q(ban__lifted_at=None) & ~wider))

    return Behind(build)


OF_AN_ACCOUNT, BUILDING, WIDE = (
    Behind(_of_an_account),
    Behind(_of_building),
    {"56": _of_wide("56"), "48": _of_wide("48")},
)
# Of an address; and in a shared network, of one account there.
MINE = {
    False: Behind(lambda network, account, since: _recent(network, account, since).filter(ban=None)),
    True: Behind(lambda network, account, since: _of_an_account(network, account, since).filter(ban=None)),
}
KNOWN_DIGESTS = Query(
    lambda network, account, since: (
        _of_building(network, account, since)
        .filter(account=account)
        .order_by()
        .values_list("password_digest")
        .distinct()
    )
)


def _mine(standing: Standing, *values: Any) -> int:
    """Behind a mail server the old phone that repeats itself would shut out its owner's other programs."""
    repeats = settings.BAN_COUNTS_REPEATS and not standing.is_asker
    return MINE[standing.is_shared].count(*values, only_guesses=not repeats)


def note_success(address: str, account: str) -> None:
    """A success clears the failures of its own account at this address, and nobody else's."""
    failures = Failure.objects.filter(network=addresses.network(address), account=account, cleared_at=None, ban=None)
    failures.update(cleared_at=timezone.now(), password_digest="")


def forget_digests() -> None:
    """Of failures that count no more, however often this is called in a day."""
    over = Failure.objects.filter(at__lte=_counted_since()).exclude(password_digest="")
    expired.in_batches(over, lambda some: some.update(password_digest=""))


def delete_expired() -> None:
    forget_digests()
    expired.delete(Failure.objects.filter(at__lt=timezone.now() - settings.SMS_HISTORY_LIFETIME))
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
        if len(rows) == NETWORKS_AT_ONCE:
            expired.breathe()
        last = rows[-1] if rows else None
