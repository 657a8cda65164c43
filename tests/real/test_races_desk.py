"""Two clerks on one person at once, and guesses at the help desk's code: four processes, on SQLite and PostgreSQL.

RACE_ROUNDS: how often codes are guessed at; 1000 where there is time.
"""

import os
from collections import Counter

import pytest

from accounts.delivery.models import Mail
from accounts.log.models import SecurityEvent
from accounts.phones import helpcodes
from accounts.phones.models import HelpCode, Phone
from accounts.security import passwords
from accounts.users.models import User
from tests.kit.crowd import Crowd
from tests.kit.newcomers import Newcomer
from tests.kit.paperwork import edit_page, form_of
from tests.kit.people import Person

pytestmark = [pytest.mark.slow, pytest.mark.share(2)]

GUESSED = int(os.environ.get("RACE_ROUNDS", "16"))
ROUNDS = 5
TRIES = 5
WRONG_LIMIT = 20
Kind = SecurityEvent.Kind


def a_clerk() -> Newcomer:
    clerk = Newcomer()
    clerk.bind()
    User.objects.filter(pk=clerk.user.pk).update(is_staff=True, is_superuser=True)
    clerk.user.refresh_from_db()
    return clerk


def given(owner: Newcomer, phone: Phone, clerk: Newcomer) -> str:
    last = helpcodes.of(owner.user)
    made = helpcodes.issue(owner.user, (phone.pk, last.ordinal if last else 0), actor=clerk.user)
    assert isinstance(made, tuple)
    return made[1]


def wrong(code: str, by: int) -> str:
    return f"{(int(code) + by) % 100_000_000:08}"


def events(kind: SecurityEvent.Kind, owner: Newcomer) -> int:
    return SecurityEvent.objects.filter(kind=kind, user=owner.user).count()


@pytest.mark.bypass("row 1: CVE-2026-93346, GHSA-984p-xq9m-4rjw")
def test_a_help_code_is_compared_with_five_guesses(crowd: Crowd) -> None:
    owner, clerk = Newcomer(), a_clerk()
    phone = owner.bind()
    for _ in range(GUESSED // 2):
        code = given(owner, phone, clerk)
        calls = [{"user": owner.user.pk, "code": wrong(code, by)} for by in range(1, 101)]
        answers = Counter(crowd.rush("enter_help_code", calls))
        assert answers["WRONG"] + answers["EXHAUSTED"] == 100
        assert owner.wrong_codes() == TRIES
        assert HelpCode.objects.get(user=owner.user, voided_at=None).tries == TRIES
        assert crowd.rush("enter_help_code", [{"user": owner.user.pk, "code": code}]) == ["EXHAUSTED"]
        owner.forgive()


@pytest.mark.bypass("row 2: CVE-2026-107276")
def test_a_right_help_code_wins_once(crowd: Crowd) -> None:
    owner, clerk = Newcomer(), a_clerk()
    phone = owner.bind()
    for number in range(1, GUESSED + 1):
        code = given(owner, phone, clerk)
        answers = crowd.rush("enter_help_code", [{"user": owner.user.pk, "code": code}] * 12)
        assert answers.count("RIGHT") == 1
        assert set(answers) <= {"RIGHT", "EXPIRED", "EXHAUSTED"}
        assert events(Kind.HELP_CODE_USED, owner) == number
        owner.forgive()


@pytest.mark.bypass("row 4: AuthQuake")
def test_guesses_at_both_kinds_of_code_pause_the_account_together(crowd: Crowd) -> None:
    owner, clerk = Newcomer(), a_clerk()
    phone = owner.bind()
    sms = {name: owner.code(name) for name in ("a", "b", "c")}
    for session, code in sms.items():
        crowd.rush("enter_code", [owner.entering(f"{(int(code) + by) % 10**6:06}", session) for by in range(1, 6)])
    code = given(owner, phone, clerk)
    crowd.rush("enter_help_code", [{"user": owner.user.pk, "code": wrong(code, by)} for by in range(1, 48)])
    assert owner.wrong_codes() == WRONG_LIMIT
    assert crowd.rush("enter_help_code", [{"user": owner.user.pk, "code": code}]) == ["PAUSED"]
    assert events(Kind.CODES_PAUSED, owner) == 1


def test_of_clerks_who_give_a_code_at_once_one_does(crowd: Crowd) -> None:
    """Both would have been sure that theirs works."""
    for _ in range(ROUNDS):
        owner, clerk = Newcomer(), a_clerk()
        phone = owner.bind()
        call = {"user": owner.user.pk, "version": (phone.pk, 0), "clerk": clerk.user.pk}
        answers = crowd.rush("give_help_code", [call] * 24)
        codes = [answer for answer in answers if answer.isdigit()]
        assert (len(codes), answers.count("GONE")) == (1, 23)
        assert events(Kind.HELP_CODE_ISSUED, owner) == Mail.objects.filter(user=owner.user).count() == 1
        assert crowd.rush("enter_help_code", [{"user": owner.user.pk, "code": codes[0]}]) == ["RIGHT"]


def test_a_code_that_is_given_while_the_phone_is_unbound_waits_in_no_circle(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        owner, clerk = Newcomer(), a_clerk()
        phone = owner.bind()
        given(owner, phone, clerk)
        held = {"pk": phone.pk, "number": owner.number, "user": owner.user.pk}
        call = {"user": owner.user.pk, "version": (phone.pk, 1), "clerk": clerk.user.pk}
        answers = crowd.rush(
            "give_help_code_or_unbind", [call | {"phone": [None, held][turn % 2]} for turn in range(24)]
        )
        assert answers.count("DONE") == 1
        assert not HelpCode.objects.filter(user=owner.user).exists()


def test_a_help_code_binds_one_phone(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        owner, clerk = Newcomer(), a_clerk()
        phone = owner.bind()
        helpcodes.check(owner.user, given(owner, phone, clerk))
        held = {"pk": phone.pk, "number": owner.number, "user": owner.user.pk}
        row = HelpCode.objects.get(user=owner.user)
        numbers = [Newcomer().number for _ in range(24)]
        calls = [{"code": row.pk, "phone": held, "number": number} for number in numbers]
        assert Counter(crowd.rush("bind_with_help_code", calls)) == {"DONE": 1, "GONE": 23}
        assert Phone.objects.filter(user=owner.user).count() == events(Kind.PHONE_CHANGED, owner) == 1


def test_of_two_starting_passwords_one_is_given(crowd: Crowd) -> None:
    """Or a clerk would tell the owner a password that another one has replaced."""
    for _ in range(ROUNDS):
        owner, clerk = Newcomer(), a_clerk()
        call = {"user": owner.user.pk, "version": passwords.version_of(owner.user), "clerk": clerk.user.pk}
        secrets = [secret for secret in crowd.rush("set_starting", [call] * 24) if secret]
        assert len(secrets) == 1
        owner.user.refresh_from_db()
        assert owner.user.check_password(secrets[0])
        assert events(Kind.PASSWORD_CHANGED, owner) == 1


def test_of_sheets_with_the_same_people_each_person_is_on_one(crowd: Crowd) -> None:
    """Two clerks print slips for one department, in whatever order: nobody waits in a circle, no slip is void."""
    for _ in range(ROUNDS):
        owners, clerk = [Newcomer() for _ in range(4)], a_clerk()
        wanted = [(owner.user.pk, passwords.version_of(owner.user)) for owner in owners]
        orders = [wanted[turn:] + wanted[:turn] for turn in range(4)]
        calls = [{"wanted": orders[turn % 4][: 3 + turn % 2], "clerk": clerk.user.pk} for turn in range(12)]
        slips = [slip for sheet in crowd.rush("set_starting_of_many", calls) for slip in sheet.items()]
        assert sorted(int(pk) for pk, _secret in slips) == sorted(pk for pk, _version in wanted)
        for owner in owners:
            owner.user.refresh_from_db()
            assert owner.user.check_password(next(secret for pk, secret in slips if int(pk) == owner.user.pk))
            assert events(Kind.PASSWORD_CHANGED, owner) == 1


def test_a_pause_is_ended_once(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        owner, clerk = Newcomer(), a_clerk()
        for round_ in range(4):
            code = owner.code(f"{round_}")
            guesses = [f"{(int(code) + by) % 10**6:06}" for by in range(1, 6)]
            crowd.rush("enter_code", [owner.entering(guess, f"{round_}") for guess in guesses])
        call = {"user": owner.user.pk, "clerk": clerk.user.pk}
        assert Counter(crowd.rush("end_pause", [call] * 24)) == {True: 1, False: 23}
        assert events(Kind.PAUSE_ENDED, owner) == 1
        assert owner.wrong_codes() == 0


def test_of_edits_of_one_account_one_is_saved(crowd: Crowd) -> None:
    """The same form, open at twelve desks."""
    for _ in range(ROUNDS):
        owner, clerk = Newcomer(), a_clerk()
        desk = Person(clerk.user, REMOTE_ADDR=clerk.address)
        desk.sign_in()
        person = Person(owner.user)
        form = form_of(desk, edit_page(person))
        calls = [
            {
                "path": edit_page(person),
                "data": form | {"name": f"name {n}", "must_change_password": "on"},
                "session": desk.cookies["session"].value,
                "address": clerk.address,
            }
            for n in range(12)
        ]
        answers = crowd.rush("post", calls)
        assert Counter(answer["status"] for answer in answers) == {302: 1, 200: 11}
        owner.user.refresh_from_db()
        saved = next(n for n, answer in enumerate(answers) if answer["status"] == 302)
        assert owner.user.name == f"name {saved}"
        assert events(Kind.ACCOUNT_EDITED, owner) == 1


def test_a_button_pressed_at_twelve_desks_is_pressed_once(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        owner, clerk = Newcomer(), a_clerk()
        phone = owner.bind()
        desk = Person(clerk.user, REMOTE_ADDR=clerk.address)
        desk.sign_in()
        call = {
            "path": f"/admin/accounts/user/{owner.user.pk}/desk/",
            "data": {"act": "unbind", "version": str(phone.pk), "why": "counter"},
            "session": desk.cookies["session"].value,
            "address": clerk.address,
        }
        answers = crowd.rush("post", [call] * 12)
        assert {answer["status"] for answer in answers} == {302}
        assert events(Kind.PHONE_UNBOUND, owner) == Mail.objects.filter(user=owner.user).count() == 1
