"""What mail programs are answered: the whole truth table, and what counts as a failure."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from itertools import product

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.bans import bans, failures
from accounts.bans.models import Ban, Brake, Failure
from accounts.bans.where import places
from accounts.log.models import SecurityEvent
from accounts.users import mailbox_passwords
from accounts.users.keeper import Asker, CannotTell, MustAsk, MustChange
from accounts.users.models import User
from apppasswords import last_use, passwords
from apppasswords.maillogin import decision, facts
from apppasswords.maillogin.decision import Login, Outcome, Reason
from apppasswords.models import AppPassword
from tests.apppasswords.maillogin.conftest import ADDRESS, login, made
from tests.conftest import MakeUser
from tests.kit.people import OTHER_NUMBER, PASSWORD

PROTOCOLS = ["imap", "pop3", "smtp", "sieve"]
TYPED = ["app", "app with spaces", "app with hyphens", "app in capitals"]
WRONG = ["removed", "another user's", "wrong", "empty", "not text"]
ACCOUNTS = [
    "two-step off",
    "two-step on",
    "two-step on, no phone",
    "two-step from tomorrow",
    "disabled",
    "unknown",
    "bare",
]

NOT_THIS_MAILBOX = [
    "on@other.edu", "on+tag@example.edu", "on@example.edu\0", "on@example.edu.", "on\n@example.edu", "x" * 1_000_000,
    "\u043en@example.edu", "", "@", "on@", "@example.edu", "\ufffd",
]  # fmt: skip


def expected(account: str, typed: str) -> Outcome:
    if account in ("disabled", "unknown", "bare"):
        return Outcome.NO
    if typed in TYPED:
        return Outcome.YES
    if typed == "mailbox":
        return Outcome.YES if account in ("two-step off", "two-step from tomorrow") else Outcome.NO
    return Outcome.NO


@pytest.mark.bypass("row 23: mailbox password on IMAP with two-step; row 27: CVE-2026-95754 disabled user")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_truth_table(protocol: str, accounts: dict[str, User], make_user: MakeUser, settings: Settings) -> None:
    settings.BAN_AFTER_FAILURES = 1000
    foreign = made(make_user("other", phone=OTHER_NUMBER))
    surprises = []
    for account, typed in product(ACCOUNTS, ["mailbox", *TYPED, *WRONG]):
        owner = accounts.get(account, accounts["two-step off"])
        secret = made(owner)
        removed = made(owner, "removed")
        passwords.remove(owner, AppPassword.objects.get(user=owner, name="removed").pk)
        password = {
            "mailbox": PASSWORD,
            "app": secret,
            "app with spaces": f" {secret[:4]} {secret[4:8]} {secret[8:12]} {secret[12:]} ",
            "app with hyphens": f"{secret[:8]}-{secret[8:]}",
            "app in capitals": secret.upper(),
            "removed": removed,
            "another user's": foreign,
            "wrong": "wrong",
            "empty": "",
            "not text": None,
        }[typed]
        name = {"unknown": "nobody@example.edu", "bare": owner.username.partition("@")[0]}.get(account, owner.username)
        got = login(name, password, protocol).outcome
        if got is not expected(account, typed):
            surprises.append(f"{account} × {typed}: {got.name}")
        passwords.remove_all(owner)
    assert not surprises


@pytest.mark.parametrize("name", ["ON@Example.EDU", "on@example.edu ", "ｏｎ@example.edu"])
def test_every_way_to_write_a_mailbox_is_the_same_one(accounts: dict[str, User], name: str) -> None:
    assert login(name, made(accounts["two-step on"])).outcome is Outcome.YES


@pytest.mark.bypass("row 31: CVE-2026-114732 alias, NUL, plus")
@pytest.mark.parametrize("name", NOT_THIS_MAILBOX)
def test_no_other_name_is_this_mailbox(accounts: dict[str, User], name: str) -> None:
    assert login(name, made(accounts["two-step on"])).outcome is Outcome.NO
    assert Failure.objects.count() == 1


def test_a_bare_name_shows_in_the_security_log(accounts: dict[str, User]) -> None:
    for name in ("on", "On"):  # phones like to begin with a capital
        verdict = login(name, made(accounts["two-step on"], name))
        assert verdict.reason is Reason.BARE_NAME
        event = SecurityEvent.objects.filter(kind="bare_name").latest("pk")
        assert event.user == accounts["two-step on"]


def test_a_bare_name_with_nul_is_a_plain_refusal(accounts: dict[str, User]) -> None:
    assert login("on\0", "x").outcome is Outcome.NO
    assert SecurityEvent.objects.get(kind="bare_name").user is None


def test_the_tenth_failure_bans_the_right_password_too(accounts: dict[str, User]) -> None:
    secret = made(accounts["two-step on"])
    for _ in range(9):
        assert login("on@example.edu", "wrong").outcome is Outcome.NO
    assert login("on@example.edu", secret).outcome is Outcome.YES  # a success clears its own failures
    for number in range(10):
        verdict = login("on@example.edu", "wrong")
        assert verdict.outcome is Outcome.NO
        assert (verdict.banned_until is not None) == (number == 9)
    verdict = login("on@example.edu", secret)
    assert verdict.outcome is Outcome.BANNED
    assert verdict.banned_until is not None
    assert login("on@example.edu", secret, address="198.51.100.8").outcome is Outcome.YES
    assert login("nobody@example.edu", "x").outcome is Outcome.BANNED
    with time_machine.travel(verdict.banned_until + timedelta(seconds=1)):
        assert login("on@example.edu", secret).outcome is Outcome.YES


def test_lifting_a_ban_works_at_once(accounts: dict[str, User]) -> None:
    secret = made(accounts["two-step on"])
    for _ in range(10):
        login("on@example.edu", "wrong")
    assert login("on@example.edu", secret).outcome is Outcome.BANNED
    bans.lift(Ban.objects.get(), accounts["two-step off"])
    assert login("on@example.edu", secret).outcome is Outcome.YES


@pytest.mark.bypass("row 34: CVE-2021-22915; mapped IPv4")
@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:198.51.100.7", "198.51.100.7", True),
    ],
)
def test_one_client_is_one_network(accounts: dict[str, User], first: str, second: str, same: bool) -> None:
    secret = made(accounts["two-step on"])
    for _ in range(10):
        login("on@example.edu", "wrong", address=first)
    assert (login("on@example.edu", secret, address=second).outcome is Outcome.BANNED) == same


@pytest.mark.bypass("row 35: mailcow #1679")
def test_a_shared_network_bans_one_account(accounts: dict[str, User], settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/8")]
    secret = made(accounts["two-step on"])
    for _ in range(12):
        login("off@example.edu", "old password", address="10.1.1.1")
        login("nobody@example.edu", "guess", address="10.1.1.1")
    assert login("off@example.edu", PASSWORD, address="10.1.1.1").outcome is Outcome.BANNED
    assert login("nobody@example.edu", "x", address="10.1.1.1").outcome is Outcome.BANNED
    assert login("on@example.edu", secret, address="10.1.1.1").outcome is Outcome.YES


def test_a_success_clears_nobody_elses_failures(accounts: dict[str, User]) -> None:
    secret = made(accounts["two-step on"])
    for _ in range(9):
        login("off@example.edu", "guess")
        login("on@example.edu", secret)
    login("off@example.edu", "guess")
    assert login("on@example.edu", secret).outcome is Outcome.BANNED


@pytest.fixture
def statements() -> Callable[[], CaptureQueriesContext]:
    return lambda: CaptureQueriesContext(connection)


def test_yes_costs_one_statement_whatever_the_number_of_passwords(
    accounts: dict[str, User], statements: Callable[[], CaptureQueriesContext]
) -> None:
    owner = accounts["two-step on"]
    secrets = [made(owner, f"number {n}") for n in range(20)]
    with statements() as seen:
        assert login(owner.username, secrets[7]).outcome is Outcome.YES
    assert len(seen) == 1


def test_a_wrong_password_costs_a_hash_only_with_two_step_off(
    accounts: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes: list[str] = []
    real = MD5PasswordHasher.verify

    def spy(self: MD5PasswordHasher, password: str, encoded: str) -> bool:
        hashes.append(encoded)
        return real(self, password, encoded)

    monkeypatch.setattr(MD5PasswordHasher, "verify", spy)
    login("on@example.edu", "wrong")
    login("nobody@example.edu", "wrong")
    assert not hashes
    login("off@example.edu", "wrong")
    assert len(hashes) == 1


def test_last_use_moves_at_most_once_a_minute(accounts: dict[str, User]) -> None:
    secret = made(accounts["two-step on"])
    start = timezone.now()
    noted = []
    for second in (0, 20, 59, 61, 70):
        with time_machine.travel(start + timedelta(seconds=second), tick=False):
            verdict = login("on@example.edu", secret, "pop3")
            if verdict.use:
                last_use.note([verdict.use])
                noted.append(second)
    assert noted == [0, 61]
    row = AppPassword.objects.get()
    assert (row.last_used_protocol, row.last_used_address) == ("pop3", ADDRESS)


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
def test_a_ban_that_others_earned_while_it_was_compared_holds(
    accounts: dict[str, User], monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    owner, real = accounts["two-step off"], mailbox_passwords.check_password

    def compare_slowly(name: str, password: str, asker: Asker) -> User | None:
        for n in range(10):
            failures.note_failure(ADDRESS, owner.username, f"guess {n}", "imap")
        return real(name, password, asker)

    assert login(owner.username, PASSWORD).outcome is Outcome.YES
    monkeypatch.setattr(mailbox_passwords, "check_password", compare_slowly)
    verdict = login(owner.username, password)
    assert (verdict.outcome, verdict.banned_until) == (Outcome.BANNED, Ban.objects.get().until)
    assert Failure.objects.count() == 10, "what came later counts for nothing"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(CannotTell(), Reason.CANNOT_TELL), (MustChange(), Reason.MUST_CHANGE), (MustAsk(), None)],
    ids=lambda value: type(value).__name__,
)
def test_what_a_keeper_does_not_say_costs_nothing(
    accounts: dict[str, User], monkeypatch: pytest.MonkeyPatch, answer: Exception, reason: Reason | None
) -> None:
    owner = accounts["two-step off"]

    def keep(name: str, password: str, asker: Asker) -> User | None:
        raise answer

    login(owner.username, "wrong")
    monkeypatch.setattr(mailbox_passwords, "check_password", keep)
    for _ in range(3):
        if reason is None:
            with pytest.raises(MustAsk):
                decision.verify(Login(owner.username, PASSWORD, "imap", ADDRESS), Asker.MAIL_LOGIN_KNOWN)
        else:
            assert login(owner.username, PASSWORD).reason is reason
    assert Failure.objects.filter(cleared_at=None).count() == 1, "the wrong one of before"
    assert Brake.objects.get(user=owner).count == 1


def test_an_account_that_is_guessed_at_forgives_nothing_while_it_cannot_tell(
    accounts: dict[str, User], settings: Settings
) -> None:
    settings.BRAKE_AFTER_FAILURES = 2
    owner = accounts["two-step off"]
    for guess in ("one", "two"):
        assert login(owner.username, guess).outcome is Outcome.NO
    assert login(owner.username, PASSWORD).reason is Reason.GUESSED
    assert [event.user for event in SecurityEvent.objects.filter(kind="guessed")] == [owner]
    assert Failure.objects.filter(cleared_at=None).count() == 2


def test_an_address_is_a_gateway_for_a_week(
    make_user: MakeUser, settings: Settings, clock: time_machine.Traveller
) -> None:
    """As the web has it: what is read with a login says so too."""
    for number in range(settings.GATEWAY_ACCOUNTS):
        places.note([(make_user(f"reader{number}").pk, "203.0.113.20")])

    def standing() -> places.Standing:
        return facts.now("203.0.113.20", "reader0@example.edu", "wrong", timezone.now()).standing

    assert standing().is_gateway
    assert standing() == places.standing("203.0.113.20")
    clock.shift(places.GATEWAY_WITHIN)
    assert not standing().is_gateway
