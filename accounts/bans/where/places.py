"""From where accounts got in: what is known of an address from the sign-ins that succeeded there.

Of each are kept the address, the networks that failures are counted for, and what lies around it, since a person at
home or on the way has another address tomorrow.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, QuerySet
from django.utils import timezone

from accounts.bans.models import Place
from accounts.bans.where import addresses
from accounts.bans.where.addresses import Kind
from accounts.lib import expired, prepared
from accounts.users.models import User

NOTED_AGAIN_AFTER = timedelta(days=1)
GATEWAY_WITHIN = timedelta(days=7)

NOTED = prepared.Statement(
    "mailkey_noted",
    f"""SELECT (SELECT last_at FROM {Place._meta.db_table} WHERE user_id = %s AND network = %s), known.cidr, known.kind
        FROM (SELECT 1 AS one) AS always LEFT JOIN ({addresses.HOLDING}) AS known ON 1 = 1""",  # noqa: S608
)
STANDING = prepared.Statement(
    "mailkey_network",
    f"""SELECT known.cidr, known.kind,
               (SELECT COUNT(*) FROM (SELECT 1 FROM {Place._meta.db_table}
                                      WHERE network = %s AND last_at > %s LIMIT %s) AS accounts)
        FROM (SELECT 1 AS one) AS always LEFT JOIN ({addresses.HOLDING}) AS known ON 1 = 1""",  # noqa: S608
)


_INSERT = f"INSERT INTO {Place._meta.db_table} (user_id, network, last_at)"
_AGAIN = "ON CONFLICT (user_id, network) DO UPDATE SET last_at = excluded.last_at"
NOTE = prepared.Statement(
    "mailkey_place",
    f"{_INSERT} SELECT id, %s, %s FROM {User._meta.db_table} WHERE id = %s {_AGAIN}",  # noqa: S608 (our own table)
)
# The same for many, of PostgreSQL. All write them in one order: nobody waits in a circle. Who is being deleted at this
# very moment is waited for, and passed over.
NOTE_ALL = prepared.Statement(
    "mailkey_places",
    f"""{_INSERT} SELECT pk, network, at
        FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS place (pk, network, at)
        JOIN {User._meta.db_table} AS known ON known.id = pk
        ORDER BY pk, network FOR KEY SHARE OF known {_AGAIN}""",  # noqa: S608 (the same)
)


class Standing(NamedTuple):
    """What is known of an address, by the office or by itself."""

    kind: Kind | None
    is_gateway: bool  # several accounts got in from it lately
    is_asker: bool  # a mail server's own: it is never banned for what its clients do

    @property
    def is_shared(self) -> bool:
        """Failures there are counted for one account each."""
        return self.kind is Kind.SHARED or self.is_asker or (self.kind is None and self.is_gateway)


def standing(address: str) -> Standing:
    here = addresses.place_of(address)
    since, enough = timezone.now() - GATEWAY_WITHIN, settings.GATEWAY_ACCOUNTS
    row = STANDING.row(addresses.network(address), since, enough, here, here)
    assert row  # noqa: S101 (the statement sees to it)
    return read(address, *row)


def read(address: str, cidr: str | None, stored: str | None, accounts: int) -> Standing:
    """Of the narrowest network that the database knows of it, and of how many accounts got in from it lately."""
    kind = addresses.known(address, cidr, stored)[1]
    return Standing(kind, accounts >= settings.GATEWAY_ACCOUNTS, addresses.is_asker(address))


def is_gateway(network: str) -> bool:
    return accounts_of(network).count() >= settings.GATEWAY_ACCOUNTS


def accounts_of(network: str) -> QuerySet[Place]:
    """One row for each account that got in from there lately."""
    return Place.objects.filter(network=network, last_at__gt=timezone.now() - GATEWAY_WITHIN)


def gateways() -> list[tuple[str, int]]:
    """Addresses that are counted by account because of who got in, the most used first. Wider networks are not told."""
    lately = Place.objects.filter(last_at__gt=timezone.now() - GATEWAY_WITHIN)
    single = lately.exclude(network__contains="/") | lately.filter(network__endswith="/64")
    counted = single.order_by().values("network").annotate(accounts=Count("pk"))
    found = counted.filter(accounts__gte=settings.GATEWAY_ACCOUNTS).order_by("-accounts", "network")
    return [
        (network, accounts)
        for network, accounts in found.values_list("network", "accounts")
        if addresses.kind(network.partition("/")[0]) is None
    ]


def note(logins: Iterable[tuple[int, str]]) -> None:
    """These accounts got in from these addresses."""
    known, names = list(logins), {}
    for address in {address for _user, address in known}:
        here = addresses.place_of(address)
        names[address] = _names(address, *(addresses.NARROWEST.row(here, here) or (None, None)))
    _note((user, name) for user, address in known for name in names[address])


def _names(address: str, cidr: str | None, stored: str | None) -> set[str]:
    return {*addresses.networks(address), around(address, cidr, stored)}


def _note(places: Iterable[tuple[int, str]]) -> None:
    now = timezone.now()
    rows = [(user, name, now) for user, name in set(places)]
    prepared.Many(NOTE_ALL, NOTE).write(rows, itemgetter(1, 2, 0))


def is_noted(last_at: datetime | None) -> bool:
    """Lately enough that noting it again would say nothing new."""
    return last_at is not None and last_at > timezone.now() - NOTED_AGAIN_AFTER


def note_if_new(user: int, address: str) -> None:
    here = addresses.place_of(address)
    last_at, cidr, stored = NOTED.row(user, addresses.network(address), here, here) or (None, None, None)
    if not is_noted(prepared.moment(last_at)):
        _note((user, name) for name in _names(address, cidr, stored))


def around(address: str, cidr: str | None, stored: str | None) -> str:
    """On a campus, which has other addresses in each building, all of it. Of the narrowest network that the database
    knows of it."""
    network, kind = addresses.known(address, cidr, stored)
    return network if kind is Kind.SHARED else addresses.surroundings(address)


def delete_expired() -> None:
    expired.delete(Place.objects.filter(last_at__lt=timezone.now() - settings.PLACE_LIFETIME))
