"""One round trip for most logins: a function in PostgreSQL finds the facts, and counts the failure that is far from a
ban (apppasswords/migrations/0009_login_function.py).

What it knows of the rules is which failures are counted, and how. They are those of decision.py and
accounts/bans/failures.py, which decide all else; a test holds both ways to each other.
"""

from datetime import datetime
from functools import cache, lru_cache
from typing import NamedTuple, Protocol

from django.conf import settings

from accounts.bans import digests
from accounts.bans.where import addresses, places
from accounts.bans.where.places import Standing
from accounts.lib import prepared
from accounts.lib.prepared import Row, Steps
from apppasswords import secrets
from apppasswords.limits import USUAL, Limits
from apppasswords.maillogin.facts import Facts


class Asked(Protocol):
    """What it is told of a login (decision.Login)."""

    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str | None: ...
    @property
    def password_text(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def address(self) -> str: ...


class Found(NamedTuple):
    facts: Facts
    is_counted: bool


def question(login: Asked, name: str, secret: str | None, at: datetime) -> Steps:
    """`name` is canonical, or empty; `secret` what may be an app password."""
    password, address = login.password, login.address
    opening, guesses = secrets.digests(secret) if secret else (), digests.of(login.password_text, at)
    networks, place, wide_ends, first = _address(address)
    shared = addresses.configured(address)
    values = [
        at, name, digests.stranger(login.user), int(bool(password)), int(bool(name) or "@" in login.user),
        prepared.array(opening), prepared.array(guesses), login.protocol,
        networks, place, wide_ends, first, shared.prefixlen if shared else -1, int(addresses.is_asker(address)),
    ]  # fmt: skip
    statement = _statement(
        settings.BAN_AFTER_FAILURES, settings.SHARED_NETWORK_FAILURES, settings.BAN_AFTER_FAILURES_56,
        settings.BAN_AFTER_FAILURES_48, settings.FAILURE_LIFETIME.total_seconds(), settings.GATEWAY_ACCOUNTS,
    )  # fmt: skip
    return ((statement, values),)


@cache
def _statement(*limits: float) -> prepared.Statement:
    """With the settings in it. It always returns one row."""
    ban, shared, ban_56, ban_48, lifetime, accounts = limits
    sql = f"""SELECT * FROM mailkey_login_1(
        %s, %s, %s, %s = 1, %s = 1, %s::text[], %s::text[], %s,
        %s::text[], %s, %s::text[], %s, %s::integer, %s = 1,
        {ban}, {shared}, {ban_56}, {ban_48}, '{lifetime} seconds', {accounts},
        '{places.GATEWAY_WITHIN.total_seconds()} seconds')"""  # noqa: S608 (numbers of the settings)
    return prepared.Statement(f"mailkey_login_{'_'.join(map(str, limits))}", sql)


@lru_cache(maxsize=4096)
def _address(address: str) -> tuple[str, str, str, str]:
    networks = addresses.networks(address)
    wide_ends = [end for wide in networks[1:] for end in addresses.ends(wide)]
    place, first = addresses.place_of(address), addresses.first(networks[0])
    return prepared.array(networks), place, prepared.array(wide_ends), first


def read(row: Row | None) -> Found:
    assert row  # noqa: S101 (the function sees to it)
    until, has_failures, user_id, is_active, two_step_from, password_id, made_at, last_used_at, *rest = row
    scope, only_from, ends_at, idle_days, place_at, kind, is_counted = rest
    limits = Limits(scope, only_from, ends_at, idle_days) if password_id is not None else USUAL
    standing = Standing(addresses.Kind(kind) if kind else None, is_gateway=False, is_asker=False)
    facts = Facts(
        until, bool(has_failures), user_id, bool(is_active), two_step_from, password_id, made_at, last_used_at,
        limits, place_at, standing,
    )  # fmt: skip
    return Found(facts, is_counted)
