"""What is decided in the loop is what the whole rules say, and counts the same: by statements, and by the function in
PostgreSQL, which is left alone where it is missing."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from ipaddress import ip_network
from itertools import product

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as trying
from psycopg.errors import UndefinedFunction
from pytest_django import DjangoDbBlocker, Settings

from accounts.bans import digests, failures
from accounts.bans.models import Ban, Failure, KnownNetwork, Place
from accounts.bans.where import addresses, places
from accounts.lib import prepared
from accounts.lib.prepared import Asking
from accounts.owners.models import Ownership
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.limits import Limits, Scope
from apppasswords.maillogin import decision, quick
from apppasswords.maillogin.decision import Login, Outcome, Reason, Verdict
from tests.conftest import MakeUser
from tests.kit.databases import database
from tests.kit.people import NUMBER, PASSWORD
from tests.kit.servers import migrated

FREE, BANNED, NINE, OWN, SHARED, NEVER = (
    "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "10.0.0.1", "10.9.0.1",
)  # fmt: skip
ADDRESSES = {
    "free": FREE,
    "banned": BANNED,
    "nine": NINE,
    "own failures": OWN,
    "shared": SHARED,
    "never": NEVER,
    "IPv6": "2001:db8:1::1",
    "gateway": "192.0.2.5",
    "shared by the settings": "172.16.0.1",
    "never, within what the settings call shared": "172.16.9.1",
    "never, but for a part that the settings call shared": "10.0.129.1",
    "a mail server's": "192.0.2.6",
    "IPv6, one before the ban of its /56": "2001:db8:2:1::1",
    "IPv6, the same, and shared": "2001:db8:2:9::1",
    "IPv6, one before the ban of its /48": "2001:db8:3:1::1",
    "IPv6, as many in its /48 as would ban a /56": "2001:db8:4:1::1",
}
KNOWN = {
    "10.0.0.0/16": "shared",
    "10.9.0.0/16": "never",
    "172.16.9.0/24": "never",
    "10.0.128.0/18": "never",
    "2001:db8:2:9::/64": "shared",
}
SLOW = "left to the whole rules"
Way = Callable[[Login], Asking[Verdict | None]]


@pytest.fixture(scope="session")
def logins_on_postgresql(postgresql: str, django_db_blocker: DjangoDbBlocker) -> str:
    """Its DATABASE_URL."""
    url = f"{postgresql.rpartition('/')[0]}/quick"
    with django_db_blocker.unblock(), database(postgresql), connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE quick")
    migrated.migrate(url)
    return url


@pytest.fixture(params=["statements on SQLite", "statements on PostgreSQL", "the function"])
def way(request: pytest.FixtureRequest, db: None) -> Iterator[Way]:
    """How it is decided, and where; as if nothing had happened afterwards."""
    if request.param == "statements on SQLite":
        yield quick.by_statements
        return
    with database(request.getfixturevalue("logins_on_postgresql")):
        whole = transaction.atomic()
        whole._from_testcase = True  # type: ignore[attr-defined] # what must be durable is so as in any test
        with whole:
            yield quick.by_function if request.param == "the function" else quick.by_statements
            transaction.set_rollback(True)


def in_the_loop(way: Way, login: Login) -> Verdict | None:
    asking = way(login)
    row = None
    while True:
        try:
            row = prepared.together(*asking.send(row))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def counted() -> list[tuple[str, str, bool]]:
    return sorted(Failure.objects.filter(cleared_at=None).values_list("network", "account", "is_guess"))


def tried(decide: Callable[[Login], Verdict | None], login: Login) -> tuple[object, ...]:
    """What it answers and leaves behind, and nothing of it stays."""
    before = transaction.savepoint()
    verdict = decide(login)
    result: tuple[object, ...] = (SLOW,)
    if verdict is not None:
        slip = verdict.slip and (verdict.slip.user_id, verdict.slip.kind, verdict.slip.app_password_id)
        told = verdict.outcome, verdict.reason, verdict.banned_until, verdict.app_password_id, slip
        result = (*told, verdict.is_new_place, bool(verdict.success), bool(verdict.use), counted())
    transaction.savepoint_rollback(before)
    return result


@pytest.fixture
def passwords_of(way: Way, make_user: MakeUser) -> dict[str, dict[str, str | None]]:
    on = make_user("on", phone=NUMBER)
    disabled = make_user("disabled")
    off = make_user("off", two_step=False)

    def made(name: str, limits: Limits, owner: User | Ownership = on) -> str:
        result = passwords.create(owner, name, limits=limits)
        assert not isinstance(result, passwords.Refusal)
        return result[1]

    mail, reading = made("Mail", Limits(Scope.MAIL)), made("Reading", Limits(Scope.SENDING))
    others: dict[str, str | None] = {
        "of the disabled": made("Mail", Limits(), disabled),
        "without two-step": made("Mail", Limits(), off),
    }
    User.objects.filter(pk=disabled.pk).update(is_active=False)
    elsewhere = made("Elsewhere", Limits(networks="198.51.100.0/24"))
    ended = made("Ended", Limits(ends_at=timezone.now() - timedelta(days=1)))
    shared = Ownership.objects.create(mailbox=make_user("office"), owner=on)
    of_office: dict[str, str | None] = {
        "right": made("Mail", Limits(), shared), "elsewhere": made("Mail", Limits(networks="198.51.100.0/24"), shared),
    }  # fmt: skip
    typed: dict[str, str | None] = {"mailbox": PASSWORD, "wrong": "wrong", "empty": "", "not text": None}
    of_on: dict[str, str | None] = {"right": mail, "other use": reading, "elsewhere": elsewhere, "ended": ended}
    return {
        "on@example.edu": typed | of_on,
        "off@example.edu": typed | others,
        "disabled@example.edu": {**others, "mailbox": PASSWORD},
        "office@example.edu": of_office,
        "nobody@example.edu": {"wrong": "wrong", "not text": None},
        "no name@example.edu": {"wrong": "wrong"},
        "on": {"right": mail},
    }


def test_every_case_is_decided_alike(
    way: Way, passwords_of: dict[str, dict[str, str | None]], settings: Settings
) -> None:
    settings.SHARED_NETWORKS = [ip_network("172.16.0.0/16"), ip_network("10.0.129.0/24")]
    settings.ASKERS_NETWORKS = [ip_network("192.0.2.6/32")]
    settings.BAN_AFTER_FAILURES_56, settings.BAN_AFTER_FAILURES_48 = 12, 20
    for cidr, kind in KNOWN.items():
        KnownNetwork.objects.create(**row_of(cidr, kind))
    for name in ("on", "off", "disabled"):
        owner = User.objects.get(username=f"{name}@example.edu")
        Place.objects.create(user=owner, network=ADDRESSES["gateway"], last_at=timezone.now())
    guess_around()
    Ban.objects.create(network=BANNED, until=timezone.now() + timedelta(hours=1))
    Ban.objects.create(network=NEVER, until=timezone.now() + timedelta(hours=1))
    for number in range(9):
        failures.note_failure(NINE, digests.stranger("x@example.edu"), f"guess {number}", "imap")
    failures.note_failure(OWN, "on@example.edu", "an old one", "imap")  # which a right one clears
    surprises, quickly = [], set()
    for (where, address), (name, typed) in product(ADDRESSES.items(), passwords_of.items()):
        for what, password in typed.items():
            login = Login(name, password, "imap", address)
            here, whole = tried(partial(in_the_loop, way), login), tried(decision.verify, login)
            if here == (SLOW,):
                continue
            quickly.add((where, name, what))
            if here != whole:
                surprises.append(f"{where}, {name}, {what}: {here} and not {whole}")
    assert not surprises
    most = {(where, name) for where, name, _what in quickly}
    assert {("free", "on@example.edu"), ("banned", "on@example.edu"), ("shared", "nobody@example.edu")} <= most
    assert ("free", "on@example.edu", "right") in quickly
    assert ("free", "on@example.edu", "wrong") in quickly
    assert ("gateway", "disabled@example.edu", "of the disabled") in quickly
    assert {("free", "office@example.edu", what) for what in ("right", "elsewhere")} <= quickly
    assert ("free", "no name@example.edu", "wrong") in quickly
    last = {where for where, name in most if where.startswith("IPv6") and name == "nobody@example.edu"}
    assert last == {"IPv6", "IPv6, the same, and shared", "IPv6, as many in its /48 as would ban a /56"}


def guess_around() -> None:
    """By IPv6, from many addresses of a /56 and of two /48."""
    for net, part, many in (("2", "{}", 11), ("3", "{}00", 19), ("4", "{}00", 14)):
        for number in range(many):
            place = part.format(number % 2 + (2 if net == "2" else 1))
            failures.note_failure(f"2001:db8:{net}:{place}::1", digests.stranger("x"), f"{number}", "imap")


def row_of(cidr: str, kind: str) -> dict[str, str]:
    whole = ip_network(cidr)
    first, last = addresses.sortable(whole.network_address), addresses.sortable(whole.broadcast_address)
    return {"cidr": cidr, "kind": kind, "first": first, "last": last}


@pytest.mark.parametrize("address", [FREE, SHARED])
def test_the_last_before_a_ban_is_left_to_the_whole_rules(
    way: Way, passwords_of: dict[str, dict[str, str | None]], address: str
) -> None:
    """Where many share the address too: there it is the last of one account."""
    KnownNetwork.objects.create(**row_of("10.0.0.0/16", "shared"))
    login = Login("on@example.edu", "wrong", "imap", address)
    for _ in range(9):
        verdict = in_the_loop(way, login)
        assert verdict is not None
        assert (verdict.outcome, verdict.reason) == (Outcome.NO, Reason.WRONG)
    assert in_the_loop(way, login) is None
    assert Failure.objects.count() == 9
    assert decision.verify(login).outcome is Outcome.NO
    assert Ban.objects.count() == 1
    banned = in_the_loop(way, login)
    assert banned is not None
    assert banned.outcome is Outcome.BANNED


AROUND = ("192.0.2.1", "192.0.2.2", "10.0.0.1", "10.0.0.2", "10.9.0.1", "2001:db8:0:1::1", "2001:db8:0:2::1",
          "2001:db8:0:100::1")  # fmt: skip
WHO = ("on@example.edu", "off@example.edu", "disabled@example.edu", "nobody@example.edu", "on")
HOW = ("wrong", "another", "a third", "right", PASSWORD)
LOGINS = strategies.lists(strategies.tuples(*map(strategies.sampled_from, (WHO, HOW, AROUND))), max_size=15)


def test_a_day_of_logins_ends_alike(
    way: Way, passwords_of: dict[str, dict[str, str | None]], settings: Settings, clock: object
) -> None:
    """Each is put to the quick way, and to the whole rules where that leaves it; or to the whole rules alone."""
    settings.SHARED_NETWORKS = []
    settings.BAN_AFTER_FAILURES, settings.SHARED_NETWORK_FAILURES = 3, 5
    settings.BAN_AFTER_FAILURES_56, settings.BAN_AFTER_FAILURES_48 = 4, 6
    for cidr, kind in KNOWN.items():
        KnownNetwork.objects.create(**row_of(cidr, kind))
    right = passwords_of["on@example.edu"]["right"]

    def day(decide: Callable[[Login], Verdict | None], logins: list[tuple[str, str, str]]) -> list[object]:
        before, told = transaction.savepoint(), list[object]()
        for name, how, address in logins:
            login = Login(name, right if how == "right" else how, "imap", address)
            verdict = decide(login) or decision.verify(login)
            told.append((verdict.outcome, verdict.reason, verdict.banned_until))
            if verdict.is_new_place and verdict.success:
                places.note([(verdict.success.user_id, address)])
        bans = sorted(Ban.objects.values_list("network", "account", "failure_count", "guess_count"))
        told += [counted(), bans]
        transaction.savepoint_rollback(before)
        return told

    @trying(max_examples=10, suppress_health_check=list(HealthCheck))
    @given(LOGINS)
    def hold(logins: list[tuple[str, str, str]]) -> None:
        assert day(partial(in_the_loop, way), logins) == day(lambda _login: None, logins)

    hold()


@pytest.mark.parametrize(("again_after", "next_time"), [(60, "facts"), (0, "login")])
def test_without_the_function_there_are_the_statements(again_after: float, next_time: str) -> None:
    """It is asked for once, and later again: it comes with the upgrade."""

    def asked_for(asking: Asking[Verdict | None], missing: UndefinedFunction | None = None) -> str:
        [(statement, _values)] = asking.throw(missing) if missing else next(asking)
        return statement.name.decode().split("_")[1]

    login = Login("on@example.edu", "wrong", "imap", FREE)
    deciding = quick.Deciding(again_after)
    first = deciding(login)
    assert asked_for(first) == "login"
    assert asked_for(first, UndefinedFunction()) == "facts"
    assert asked_for(deciding(login)) == next_time
