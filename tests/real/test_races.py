"""Guesses at codes that come at once, from four processes, on a SQLite file and on PostgreSQL.

RACE_ROUNDS: how often; 1000 where there is time.
"""

import os
import secrets
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.utils import timezone

import accounts
from accounts.codes import codes, guesses
from accounts.delivery.gateways import memory
from accounts.delivery.models import Sms
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from tests.kit.crowd import Crowd
from tests.kit.newcomers import Newcomer, wrong
from tests.kit.people import Person, code_from_phone

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("RACE_ROUNDS", "12"))
TRIES = 5
WRONG_LIMIT = 20
Kind = SecurityEvent.Kind
SOURCE = str(Path(accounts.__file__).parent)


@pytest.mark.bypass("row 1: CVE-2026-93346, GHSA-984p-xq9m-4rjw")
@pytest.mark.parametrize(("guesses", "rounds"), [(100, ROUNDS // 6), (24, ROUNDS)])
def test_a_code_is_compared_with_five_guesses(crowd: Crowd, guesses: int, rounds: int) -> None:
    owner = Newcomer()
    for number in range(rounds):
        session = f"round {number}"
        code = owner.code(session)
        calls = [owner.entering(wrong(code, by), session) for by in range(1, guesses + 1)]
        assert Counter(crowd.rush("enter_code", calls)) == {"WRONG": TRIES, "EXHAUSTED": guesses - TRIES}
        assert Sms.objects.get(session=session, user=owner.user).tries == TRIES
        assert owner.wrong_codes() == TRIES
        assert crowd.rush("enter_code", [owner.entering(code, session)]) == ["EXHAUSTED"]
        owner.forgive()


@pytest.mark.bypass("row 2: CVE-2026-107276")
def test_a_right_code_wins_once(crowd: Crowd) -> None:
    owner = Newcomer()
    for number in range(ROUNDS):
        session = f"round {number}"
        code = owner.code(session)
        answers = crowd.rush("enter_code", [owner.entering(code, session)] * 12)
        assert answers.count("RIGHT") == 1
        assert set(answers) <= {"RIGHT", "EXPIRED", "EXHAUSTED"}


@pytest.mark.bypass("row 2: CVE-2026-107276")
def test_a_right_code_among_wrong_ones_wins_once_or_is_too_late(crowd: Crowd) -> None:
    owner = Newcomer()
    for number in range(10):
        session = f"round {number}"
        code = owner.code(session)
        guesses = [wrong(code, by % 4) for by in range(48)]  # every fourth is right
        answers = Counter(crowd.rush("enter_code", [owner.entering(guess, session) for guess in guesses]))
        assert answers["RIGHT"] <= 1
        assert answers["RIGHT"] + answers["WRONG"] <= TRIES
        owner.forgive()


@pytest.mark.bypass("row 2: CVE-2026-107276")
def test_a_right_code_opens_one_session(crowd: Crowd) -> None:
    for _ in range(5):
        owner = Newcomer()
        owner.bind()
        browser = Person(owner.user, REMOTE_ADDR=owner.address)
        browser.enter_password()
        call = {
            "path": "/sign-in/code/",
            "data": {"code": code_from_phone(owner.number)},
            "session": browser.cookies["session"].value,
            "address": owner.address,
        }
        answers = crowd.rush("post", [call] * 12)
        assert {answer["status"] for answer in answers} <= {200, 302}
        assert [answer["location"] for answer in answers].count("/") == 1
        assert SecurityEvent.objects.filter(kind=Kind.SIGNED_IN, user=owner.user).count() == 1
        opened = [row for row in Session.objects.all() if row.get_decoded().get("_auth_user_id") == str(owner.user.pk)]
        assert len(opened) == 1
        assert {_is_in(owner, answer["session"]) for answer in answers if answer["location"] == "/"} == {True}
        assert not any(_is_in(owner, answer["session"]) for answer in answers if answer["location"] != "/")


def _is_in(owner: Newcomer, session: str) -> bool:
    browser = Person(owner.user, REMOTE_ADDR=owner.address)
    browser.cookies["session"] = session
    return browser.is_in()


@pytest.mark.bypass("row 4: AuthQuake")
@pytest.mark.parametrize("an_earlier_pause_is_over", [False, True])
def test_twenty_wrong_codes_of_an_account_pause_it(crowd: Crowd, an_earlier_pause_is_over: bool) -> None:
    """In sessions of their own, each with a code of its own."""
    for _ in range(5):
        owner = Newcomer()
        if an_earlier_pause_is_over:
            User.objects.filter(pk=owner.user.pk).update(
                wrong_codes=WRONG_LIMIT, codes_paused_until=owner.user.date_joined
            )
        sessions = {secrets.token_hex(16): "" for _ in range(12)}
        for session in sessions:
            sessions[session] = owner.code(session)
        calls = [
            owner.entering(wrong(code, by), session) for by in range(1, TRIES + 1) for session, code in sessions.items()
        ]
        answers = Counter(crowd.rush("enter_code", calls))
        assert answers == {"WRONG": WRONG_LIMIT, "PAUSED": len(calls) - WRONG_LIMIT}
        assert owner.wrong_codes() == WRONG_LIMIT
        right = crowd.rush("enter_code", [owner.entering(code, session) for session, code in sessions.items()])
        assert set(right) == {"PAUSED"}
        assert crowd.rush("ask_for_code", [owner.asking()]) == ["PAUSED"]
        assert SecurityEvent.objects.filter(kind=Kind.CODES_PAUSED, user=owner.user).count() == 1


@pytest.mark.bypass("rows 4, 5 and 6: AuthQuake, GHSA-vfph-hjfv-cpv2, GHSA-c55g-q6f4-5qxr")
def test_a_new_code_session_and_address_do_not_start_the_count_again(crowd: Crowd) -> None:
    owner = Newcomer()
    owner.bind()
    start = timezone.now()
    for number in range(WRONG_LIMIT // TRIES):
        with time_machine.travel(start + number * timedelta(seconds=61)):
            attacker = Person(owner.user, REMOTE_ADDR=f"198.51.100.{number}")
            attacker.enter_password()
            code = code_from_phone(owner.number)
            for by in range(1, TRIES + 1):
                attacker.post("/sign-in/code/", {"code": wrong(code, by)})
                assert owner.wrong_codes() == TRIES * number + by
    with time_machine.travel(start + timedelta(minutes=30)):
        memory.outbox.clear()
        attacker = Person(owner.user, REMOTE_ADDR="198.51.100.200")
        attacker.enter_password()
        assert memory.outbox == []
        assert not attacker.is_in()


def _stumble_at(step: int) -> Callable[[FrameType, str, Any], Any]:
    """For sys.settrace: an error at the nth line of the project that runs after a guess was counted."""
    left = step
    counted = False

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left, counted
        if not frame.f_code.co_filename.startswith(SOURCE):
            return None
        # By its name: what counts coverage puts other code objects in place of functions while they run.
        if event == "return" and frame.f_code.co_name == guesses.claim_of_account.__name__:
            counted = True
        elif event == "line" and counted:
            left -= 1
            if left == 0:
                raise StumbleError
        return trace

    return trace


class StumbleError(Exception):
    pass


@pytest.mark.bypass("row 9: ATOMIC_REQUESTS")
def test_an_error_after_the_count_does_not_undo_it(crowd: Crowd) -> None:
    """At every line, one after the other, until none is left."""
    owner = Newcomer()
    tracer = sys.gettrace()
    for step in range(1, 400):
        session = f"step {step}"
        code = owner.code(session)
        sys.settrace(_stumble_at(step))
        try:
            answer = codes.check(owner.user, owner.number, Sms.Purpose.SIGN_IN, session, wrong(code))
        except StumbleError:
            answer = None
        finally:
            sys.settrace(tracer)
        assert Sms.objects.get(user=owner.user, session=session).tries == 1
        assert owner.wrong_codes() == 1
        owner.forgive()
        if answer:
            break
    assert answer is guesses.Outcome.WRONG
    assert step > 10


@pytest.mark.bypass("row 9: ATOMIC_REQUESTS")
def test_an_error_page_does_not_undo_the_count(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: Any, **__: Any) -> None:
        raise StumbleError

    owner = Newcomer()
    owner.bind()
    browser = Person(owner.user, REMOTE_ADDR=owner.address, raise_request_exception=False)
    browser.enter_password()
    code = code_from_phone(owner.number)
    monkeypatch.setattr(events, "record", stumble)
    for by in range(1, TRIES + 1):
        assert browser.post("/sign-in/code/", {"code": wrong(code, by)}).status_code == 500
        assert owner.wrong_codes() == by
    monkeypatch.undo()
    browser.post("/sign-in/code/", {"code": code})
    assert not browser.is_in()
