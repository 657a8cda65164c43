"""What the database knows of one login of a mail program: all of it is found by one statement."""

from datetime import datetime
from functools import cache
from typing import NamedTuple

from django.conf import settings

from accounts.bans.models import Ban, Failure, KnownNetwork, Place
from accounts.bans.where import addresses, places
from accounts.bans.where.places import Standing
from accounts.lib import prepared
from accounts.lib.prepared import Row, Steps
from accounts.owners.models import Ownership
from accounts.users.models import User
from apppasswords import secrets
from apppasswords.limits import USUAL, Limits
from apppasswords.models import AppPassword


class Facts(NamedTuple):
    banned_until: datetime | None
    has_failures: bool
    user_id: int | None
    is_active: bool
    two_step_from: datetime | None
    app_password_id: int | None
    made_at: datetime | None
    last_used_at: datetime | None
    limits: Limits
    place_at: datetime | None  # when it was last noted that the account gets in from this address
    standing: Standing  # of the address; where nobody is banned or refused, it was not asked about


def now(address: str, name: str, password: str | None, at: datetime) -> Facts:
    [(statement, values)] = question(address, name, password, at)
    return read(statement.row(*values), address)


def question(address: str, name: str, password: str | None, at: datetime) -> Steps:
    secret = secrets.typed(password) if password else None
    digests = secrets.digests(secret) if secret else [""] * len(settings.APP_PASSWORD_KEYS)
    networks = addresses.networks(address)
    network, here = networks[0], addresses.place_of(address)
    values = [network, name, network, here, here, network, at - places.GATEWAY_WITHIN, settings.GATEWAY_ACCOUNTS]
    values += [*(networks * 3)[:3], at, name, name, *digests]
    return ((_statement(len(digests)), values),)


@cache
def _statement(keys: int) -> prepared.Statement:
    """Ban, account, app password, whether there are failures to clear, whether it got in from here before; and of a
    login that the app password does not open, what is known of the address. Of a department mailbox, no app password of
    somebody who is disabled. It always returns one row."""
    models = (Ban, Failure, User, AppPassword, Ownership, Place, KnownNetwork)
    ban, failure, user, password, ownership, place, known = (model._meta.db_table for model in models)
    sql = f"""
        SELECT
            ban.until,
            EXISTS (SELECT 1 FROM {failure}
                    WHERE network = %s AND account = %s AND cleared_at IS NULL AND ban_id IS NULL),
            u.id, u.is_active, u.two_step_from, p.id, p.created_at, p.last_used_at,
            p.scope, p.networks, p.ends_at, p.idle_days,
            (SELECT last_at FROM {place} WHERE user_id = u.id AND network = %s),
            CASE WHEN p.id IS NULL OR ban.until IS NOT NULL THEN
                (SELECT cidr || ' ' || kind FROM {known}
                 WHERE first <= %s AND last >= %s ORDER BY first DESC, last LIMIT 1) END,
            CASE WHEN p.id IS NULL THEN
                (SELECT COUNT(*) FROM (SELECT 1 FROM {place}
                                       WHERE network = %s AND last_at > %s LIMIT %s) AS accounts) END
        FROM (SELECT MAX(until) AS until FROM {ban}
              WHERE network IN (%s, %s, %s) AND until > %s AND lifted_at IS NULL AND account IN ('', %s)) AS ban
        LEFT JOIN {user} AS u ON u.username = %s
        LEFT JOIN {password} AS p ON p.user_id = u.id AND u.is_active AND p.digest IN ({", ".join(["%s"] * keys)})
            AND (p.ownership_id IS NULL OR EXISTS (
                SELECT 1 FROM {ownership} AS held JOIN {user} AS holder ON holder.id = held.owner_id
                WHERE held.id = p.ownership_id AND holder.is_active))
    """  # noqa: S608 (names of our own tables; every value is a parameter)
    return prepared.Statement("mailkey_facts", sql)


def read(row: Row | None, address: str) -> Facts:
    assert row  # noqa: S101 (the statement sees to it)
    until, has_failures, user_id, is_active, two_step_from, password_id, made_at, last_used_at, *rest = row
    scope, only_from, ends_at, idle_days, place_at, network, accounts = rest
    cidr, kind = (network or " ").split(" ")
    return Facts(
        banned_until=prepared.moment(until),
        has_failures=bool(has_failures),
        user_id=user_id,
        is_active=bool(is_active),
        two_step_from=prepared.moment(two_step_from),
        app_password_id=password_id,
        made_at=prepared.moment(made_at),
        last_used_at=prepared.moment(last_used_at),
        limits=Limits(scope, only_from, prepared.moment(ends_at), idle_days) if password_id is not None else USUAL,
        place_at=prepared.moment(place_at),
        standing=places.read(address, cidr, kind, accounts or 0),
    )
