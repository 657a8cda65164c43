"""From where accounts got in: what is known of an address from the sign-ins that succeeded there.

Of each are kept the address, the networks that failures are counted for, and what lies around it, since a person at
home or on the way has another address tomorrow.
"""

from datetime import datetime, timedelta
from functools import cache
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


@cache
def _note_statement(networks: int) -> prepared.Statement:
    """For so many. All write them in one order: nobody waits in a circle."""
    rows = ", ".join(["(%s)"] * networks)
    return prepared.Statement(
        f"mailkey_places_{networks}",
        f"""INSERT INTO {Place._meta.db_table} (user_id, network, last_at)
            SELECT id, column1, %s FROM {User._meta.db_table} CROSS JOIN (VALUES {rows}) AS networks
            WHERE id = %s ORDER BY column1
            ON CONFLICT (user_id, network) DO UPDATE SET last_at = excluded.last_at""",  # noqa: S608 (our own tables)
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


def note(user: int, address: str) -> None:
    """The account got in from there."""
    here = addresses.place_of(address)
    _note(user, address, *(addresses.NARROWEST.row(here, here) or (None, None)))


def _note(user: int, address: str, cidr: str | None, stored: str | None) -> None:
    names = {*addresses.networks(address), around(address, cidr, stored)}
    prepared.together((_note_statement(len(names)), [timezone.now(), *names, user]))


def is_noted(last_at: datetime | None) -> bool:
    """Lately enough that noting it again would say nothing new."""
    return last_at is not None and last_at > timezone.now() - NOTED_AGAIN_AFTER


def note_if_new(user: int, address: str) -> None:
    here = addresses.place_of(address)
    last_at, cidr, stored = NOTED.row(user, addresses.network(address), here, here) or (None, None, None)
    if not is_noted(prepared.moment(last_at)):
        _note(user, address, cidr, stored)


def around(address: str, cidr: str | None, stored: str | None) -> str:
    """On a campus, which has other addresses in each building, all of it. Of the narrowest network that the database
    knows of it."""
    network, kind = addresses.known(address, cidr, stored)
    return network if kind is Kind.SHARED else addresses.surroundings(address)


def delete_expired() -> None:
    expired.delete(Place.objects.filter(last_at__lt=timezone.now() - settings.PLACE_LIFETIME))
