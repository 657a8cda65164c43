"""A recovery code at the sign-in: each opens the account once, however it is typed, and never another one."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from accounts.factors import recoverycodes
from accounts.factors.models import RecoveryCode
from accounts.users import ways
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.apps import add_app, shows
from tests.kit.events import last
from tests.kit.people import Person, code_from_phone
from tests.kit.recovery import make_codes

pytestmark = pytest.mark.django_db

CODE, RECOVERY, FACTORS = "/sign-in/code/", "/sign-in/recovery/", "/security/factors/"
CONFIRM = "/security/confirm/recovery/"
ENGLISH = {"Accept-Language": "en"}


def test_each_counts_once(wangwu: Person, codes: list[str]) -> None:
    wangwu.enter_password()
    wangwu.post(RECOVERY, {"code": codes[0]})
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    again = wangwu.post(RECOVERY, {"code": codes[0]}, headers=ENGLISH)
    assert "has been used" in again.content.decode()
    assert not wangwu.is_in()


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: code.replace(" ", ""),
        lambda code: code.upper(),
        lambda code: code.replace(" ", "-"),
        lambda code: code.replace(" ", " – "),
        lambda code: f"  {code}\u200b ",
        lambda code: "".join(chr(ord(char) + 0xFEE0) if char != " " else "\u3000" for char in code),
    ],
    ids=["in one", "capitals", "hyphens", "dashes", "blanks around", "full-width"],
)
def test_however_it_is_typed(wangwu: Person, codes: list[str], typed: Any) -> None:
    wangwu.enter_password()
    assert wangwu.post(RECOVERY, {"code": typed(codes[0])}).status_code == 302


def test_half_a_code_stays_in_the_field_and_counts_as_no_guess(wangwu: Person, codes: list[str]) -> None:
    wangwu.enter_password()
    for typed in (codes[0][:9], codes[0] + "x", "1" * 16, " ".join(codes[:3])):
        page = wangwu.post(RECOVERY, {"code": typed}, headers=ENGLISH)
        assert "sixteen letters and digits. Compare" in page.content.decode()
        assert f'value="{typed}"' in page.content.decode()
    assert wangwu.post(RECOVERY, {"code": ""}).status_code == 200
    assert User.objects.get(username="wangwu@example.edu").wrong_codes == 0
    assert recoverycodes.left(User.objects.get(username="wangwu@example.edu")) == 10


def test_who_comes_in_by_one_is_told_what_to_do_and_goes_on(wangwu: Person, codes: list[str]) -> None:
    wangwu.enter_password(next="/app-passwords/")
    mail.outbox.clear()
    page = wangwu.post(RECOVERY, {"code": codes[0]}, follow=True, headers=ENGLISH).content.decode()
    assert "9 recovery codes left" in page
    assert "add the new one here now" in page
    assert 'href="/app-passwords/"' in page
    assert "9" in mail.outbox[-1].body


def test_the_last_one_opens_too_and_then_they_are_offered_no_more(wangwu: Person, codes: list[str]) -> None:
    RecoveryCode.objects.exclude(pk=RecoveryCode.objects.earliest("pk").pk).update(used_at=timezone.now())
    wangwu.enter_password()
    page = wangwu.post(RECOVERY, {"code": codes[0]}, follow=True, headers=ENGLISH)
    assert "your last recovery code" in page.content.decode()
    assert wangwu.is_in()
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    assert RECOVERY not in wangwu.get(CODE).content.decode()
    assert wangwu.get(RECOVERY).headers["Location"] == CODE
    wangwu.post(CODE, {"send": "1"})
    wangwu.enter_code()
    assert len(make_codes(wangwu)) == 10
    assert ways.of(User.objects.get(username="wangwu@example.edu")) == ["phone", "recovery"]


def test_wrong_ones_count_with_those_of_other_ways(wangwu: Person, codes: list[str], settings: Settings) -> None:
    settings.SMS_CODE_WRONG_LIMIT = 4
    wangwu.enter_password()
    right = code_from_phone()
    for _ in range(2):
        wangwu.post(RECOVERY, {"code": "aaaa bbbb cccc dddd"})
        wangwu.post(CODE, {"code": "000000" if right != "000000" else "111111"})
    assert wangwu.post(RECOVERY, {"code": codes[0]}).status_code == 200
    assert wangwu.post(CODE, {"code": right}).status_code == 200
    assert last("codes_paused")
    assert recoverycodes.left(User.objects.get(username="wangwu@example.edu")) == 10


def test_a_page_that_asks_for_a_second_step_takes_one(
    wangwu: Person, codes: list[str], clock: time_machine.Traveller
) -> None:
    wangwu.enter_password()
    wangwu.enter_code()
    clock.shift(timedelta(minutes=11))
    assert CONFIRM in wangwu.get("/security/confirm/?next=/app-passwords/").content.decode()
    confirmed = wangwu.post(CONFIRM, {"code": codes[0], "next": "/app-passwords/"})
    assert confirmed.headers["Location"] == "/app-passwords/"
    assert wangwu.get("/app-passwords/").status_code == 200
    assert last("confirmed").detail["method"] == "recovery code"
    assert recoverycodes.left(User.objects.get(username="wangwu@example.edu")) == 9


@pytest.mark.bypass("code of one kind at the field of another")
def test_each_field_takes_its_own_kind(wangwu: Person, codes: list[str], clock: time_machine.Traveller) -> None:
    wangwu.enter_password()
    wangwu.enter_code()
    key = add_app(wangwu)
    wangwu.post("/sign-out/")
    clock.shift(timedelta(minutes=2))
    wangwu.enter_password()
    for page, code in (
        (RECOVERY, code_from_phone()),
        (RECOVERY, shows(key)),
        (CODE, codes[0]),
        ("/sign-in/app/", codes[0]),
        ("/sign-in/help/", codes[0]),
    ):
        assert wangwu.post(page, {"code": code}).status_code == 200, page
    assert not wangwu.is_in()
    assert wangwu.post(RECOVERY, {"code": codes[0]}).status_code == 302


@pytest.mark.bypass("factor of another person")
def test_those_of_somebody_else_open_nothing(wangwu: Person, codes: list[str], make_user: MakeUser) -> None:
    other = Person(make_user("other", phone="13700137001"))
    other.enter_password()
    assert other.post(RECOVERY, {"code": codes[0]}).headers["Location"] == CODE
    other.enter_code()
    make_codes(other)
    other.post("/sign-out/")
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        other.enter_password()
        assert other.post(RECOVERY, {"code": codes[0]}).status_code == 200
    assert not other.is_in()


def test_they_count_under_every_key(wangwu: Person, codes: list[str], settings: Settings) -> None:
    settings.FACTOR_KEYS = ["n" * 50, settings.FACTOR_KEYS[0]]
    wangwu.enter_password()
    assert wangwu.post(RECOVERY, {"code": codes[0]}).status_code == 302
    wangwu.post("/sign-out/")
    settings.FACTOR_KEYS = ["n" * 50]
    wangwu.enter_password()
    assert wangwu.post(RECOVERY, {"code": codes[1]}).status_code == 200
