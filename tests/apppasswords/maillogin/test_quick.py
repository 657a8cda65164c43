"""What is decided in the loop is what the whole rules say, and counts the same."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from itertools import product

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.bans import digests, failures
from accounts.bans.models import Ban, Failure, KnownNetwork
from accounts.bans.where import addresses
from accounts.lib import prepared
from apppasswords import passwords
from apppasswords.limits import Limits, Scope
from apppasswords.maillogin import decision, quick
from apppasswords.maillogin.decision import Login, Outcome, Reason, Verdict
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, PASSWORD

FREE, BANNED, NINE, OWN, SHARED, NEVER, IPV6 = (
    "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "10.0.0.1", "10.9.0.1", "2001:db8::1",
)  # fmt: skip
ADDRESSES = {
    "free": FREE,
    "banned": BANNED,
    "nine": NINE,
    "own failures": OWN,
    "shared": SHARED,
    "never": NEVER,
    "IPv6": IPV6,
}
SLOW = "left to the whole rules"


def in_the_loop(login: Login) -> Verdict | None:
    asking = quick.decide(login)
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
def passwords_of(make_user: MakeUser) -> dict[str, dict[str, str | None]]:
    on = make_user("on", phone=NUMBER)
    make_user("disabled", is_active=False)
    make_user("off", two_step=False)

    def made(name: str, limits: Limits) -> str:
        result = passwords.create(on, name, limits=limits)
        assert not isinstance(result, passwords.Refusal)
        return result[1]

    mail, reading = made("Mail", Limits(Scope.MAIL)), made("Reading", Limits(Scope.SENDING))
    elsewhere = made("Elsewhere", Limits(networks="198.51.100.0/24"))
    ended = made("Ended", Limits(ends_at=timezone.now() - timedelta(days=1)))
    typed: dict[str, str | None] = {"mailbox": PASSWORD, "wrong": "wrong", "empty": "", "not text": None}
    typed |= {"right": mail, "other use": reading, "elsewhere": elsewhere, "ended": ended}
    return dict.fromkeys(
        ("on@example.edu", "off@example.edu", "disabled@example.edu", "nobody@example.edu", "on"), typed
    )


def test_every_case_is_decided_alike(passwords_of: dict[str, dict[str, str | None]], settings: Settings) -> None:
    settings.SHARED_NETWORKS = []
    for cidr, kind in (("10.0.0.0/16", "shared"), ("10.9.0.0/16", "never")):
        KnownNetwork.objects.create(**row_of(cidr, kind))
    Ban.objects.create(network=BANNED, until=timezone.now() + timedelta(hours=1))
    Ban.objects.create(network=NEVER, until=timezone.now() + timedelta(hours=1))
    for number in range(9):
        failures.note_failure(NINE, digests.stranger("x@example.edu"), f"guess {number}", "imap")
    failures.note_failure(OWN, "on@example.edu", "an old one", "imap")  # which a right one clears
    surprises, quickly = [], set()
    for (where, address), (name, typed) in product(ADDRESSES.items(), passwords_of.items()):
        for what, password in typed.items():
            login = Login(name, password, "imap", address)
            here, whole = tried(in_the_loop, login), tried(decision.verify, login)
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


def row_of(cidr: str, kind: str) -> dict[str, str]:
    whole = ip_network(cidr)
    first, last = addresses.sortable(whole.network_address), addresses.sortable(whole.broadcast_address)
    return {"cidr": cidr, "kind": kind, "first": first, "last": last}


def test_the_last_before_a_ban_is_left_to_the_whole_rules(passwords_of: dict[str, dict[str, str | None]]) -> None:
    login = Login("on@example.edu", "wrong", "imap", FREE)
    for _ in range(9):
        verdict = in_the_loop(login)
        assert verdict is not None
        assert (verdict.outcome, verdict.reason) == (Outcome.NO, Reason.WRONG)
    assert in_the_loop(login) is None
    assert Failure.objects.count() == 9
    assert decision.verify(login).outcome is Outcome.NO
    assert Ban.objects.count() == 1
    banned = in_the_loop(login)
    assert banned is not None
    assert banned.outcome is Outcome.BANNED
