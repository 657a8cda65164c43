"""What there is to know before a mailbox password is compared: of the account, and of where somebody wants to get in.

One statement finds all of it, whoever is named: nobody learns from the time which accounts there are.
"""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from accounts.bans import digests
from accounts.bans.models import Ban, Brake, Failure, Place
from accounts.bans.where import addresses
from accounts.bans.where.addresses import Kind
from accounts.lib import prepared
from accounts.users import usernames
from accounts.users.models import User

NOBODY = 0  # the primary key of no account


class Trial(NamedTuple):
    account: str  # what its failures are kept under
    owner: User | None  # with what decides here; anything else of it is read when it is asked for
    banned_until: datetime | None
    is_known: bool  # the account got in from around there before
    is_never_banned: bool
    is_braked: bool  # guessed at from many addresses
    is_repeat: bool  # the same wrong password was counted there
    has_failures: bool  # that a success clears

    @property
    def user(self) -> int:
        return self.owner.pk if self.owner else NOBODY


def of(typed: str, address: str, password: str) -> Trial:
    name, stranger, now = usernames.canonical(typed) or "", digests.stranger(typed), timezone.now()
    network, here = addresses.network(address), addresses.place_of(address)
    campus, since = str(addresses.configured(address) or ""), now - settings.PLACE_LIFETIME
    same = digests.of(password, now)
    values = [*(addresses.networks(address) * 3)[:3], now, stranger]
    values += [addresses.surroundings(address), since, campus, since, since]
    values += [settings.BRAKE_AFTER_FAILURES, now - settings.BRAKE_WITHIN]
    values += [network, stranger, now - settings.FAILURE_LIFETIME, *same, network, stranger, name, here, here]
    row = _statement(len(same)).row(*values)
    assert row  # noqa: S101 (the statement sees to it)
    return _read(address, stranger, row)


@cache
def _statement(same: int) -> prepared.Statement:
    """For so many digests of a password. It always returns one row."""
    models = (Ban, Brake, Failure, Place, User)
    ban, brake, failure, place, user = (model._meta.db_table for model in models)
    account = "COALESCE(u.username, %s)"
    failures = f"SELECT 1 FROM {failure} WHERE network = %s AND account = {account} AND cleared_at IS NULL"  # noqa: S608
    lately = f"SELECT 1 FROM {place} WHERE user_id = u.id AND network = %s AND last_at > %s"  # noqa: S608
    sql = f"""
        SELECT
            u.id, u.username, u.is_active, u.two_step_from,
            (SELECT MAX(until) FROM {ban}
             WHERE network IN (%s, %s, %s) AND until > %s AND lifted_at IS NULL
               AND account IN ('', {account})),
            known.cidr, known.kind,
            EXISTS ({lately}), EXISTS ({lately}), EXISTS ({lately.replace("%s", "known.cidr", 1)}),
            EXISTS (SELECT 1 FROM {brake} WHERE user_id = u.id AND count >= %s AND began_at > %s),
            EXISTS ({failures} AND at > %s AND password_digest IN ({", ".join(["%s"] * same)})),
            EXISTS ({failures} AND ban_id IS NULL)
        FROM (SELECT 1 AS one) AS always
        LEFT JOIN {user} AS u ON u.username = %s
        LEFT JOIN ({addresses.HOLDING}) AS known ON 1 = 1
    """  # noqa: S608 (names of our own tables; every value is a parameter)
    return prepared.Statement(f"mailkey_trial_{same}", sql)


def _read(address: str, stranger: str, row: prepared.Row) -> Trial:
    pk, username, is_active, two_step_from, banned_until, cidr, stored, *rest = row
    near, on_campus, in_network, is_braked, is_repeat, has_failures = rest
    network, kind = addresses.known(address, cidr, stored)
    is_never_banned = kind is Kind.NEVER_BANNED
    if kind is Kind.SHARED:
        near = in_network if network == cidr else on_campus
    return Trial(
        account=stranger if username is None else username,
        owner=_owner(pk, username, bool(is_active), prepared.moment(two_step_from)) if pk is not None else None,
        banned_until=None if is_never_banned else prepared.moment(banned_until),
        is_known=bool(near),
        is_never_banned=is_never_banned,
        is_braked=bool(is_braked),
        is_repeat=bool(is_repeat),
        has_failures=bool(has_failures),
    )


def _owner(*read: Any) -> User:
    """In the order of the model."""
    return User.from_db(DEFAULT_DB_ALIAS, ("id", "username", "is_active", "two_step_from"), read)
