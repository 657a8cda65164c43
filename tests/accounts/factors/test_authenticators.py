"""Authenticator apps: added, asked for; and what the codes of one are worth."""

from base64 import b32encode
from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_otp.oath import hotp
from pytest_django import Settings

from accounts.delivery.models import Sms
from accounts.factors import authenticators, keyring
from accounts.factors.models import Authenticator
from accounts.log.models import SecurityEvent
from tests.conftest import MakeUser
from tests.kit.apps import AT_SIGN_IN, NEW, STEP, add_app, key_on, shows
from tests.kit.people import Person, code_from_phone

pytestmark = pytest.mark.django_db

CODE, APP, FACTORS, UNBIND = "/sign-in/code/", "/sign-in/app/", "/security/factors/", "/security/phone/unbind/"


@pytest.fixture
def noon(clock: time_machine.Traveller) -> time_machine.Traveller:
    """Codes and their steps are as the test says."""
    return clock


@pytest.fixture
def key(wangwu: Person, noon: time_machine.Traveller) -> str:
    """Wangwu has a phone and an app, and is out."""
    wangwu.arrive()
    key = add_app(wangwu)
    wangwu.post("/sign-out/")
    noon.shift(2 * STEP)
    return key


# --- The algorithm ----------------------------------------------------------------------------------------------------

RFC_KEY = b"12345678901234567890"


@pytest.mark.parametrize(
    ("count", "code"),
    list(
        enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])
    ),
)
def test_rfc_4226(count: int, code: str) -> None:
    assert authenticators.code_of(RFC_KEY, count) == code


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_rfc_6238(seconds: int, code: str) -> None:
    assert authenticators.code_of(RFC_KEY, seconds // authenticators.STEP) == code[-6:]
    assert hotp(RFC_KEY, seconds // 30, 8) == int(code)


# --- Added ------------------------------------------------------------------------------------------------------------


def test_an_app_is_added_and_opens_the_account(wangwu: Person, key: str) -> None:
    assert wangwu.enter_password().headers["Location"] == CODE
    assert APP in wangwu.get(CODE).content.decode()
    assert wangwu.post(APP, {"code": shows(key)}).headers["Location"] == "/"
    assert wangwu.is_in()
    event = SecurityEvent.objects.filter(kind="signed_in").first()
    assert event
    assert event.detail["method"] == "app"


def test_the_page_shows_one_key_until_it_is_added(wangwu: Person) -> None:
    wangwu.arrive()
    first, again = (key_on(wangwu.get(NEW).content.decode()) for _ in range(2))
    assert first == again
    add_app(wangwu)
    assert key_on(wangwu.get(NEW).content.decode()) != first


def test_two_browsers_of_one_person_are_shown_two_keys(wangwu: Person, settings: Settings) -> None:
    settings.SMS_RESEND_AFTER = timedelta()
    wangwu.arrive()
    other = Person(wangwu.user)
    other.arrive()
    assert key_on(wangwu.get(NEW).content.decode()) != key_on(other.get(NEW).content.decode())


def test_a_wrong_first_code_adds_nothing(wangwu: Person) -> None:
    wangwu.arrive()
    key = key_on(wangwu.get(NEW).content.decode())
    wrong = "000000" if shows(key) != "000000" else "111111"
    page = wangwu.post(NEW, {"code": wrong, "name": "my phone"})
    assert page.status_code == 200
    assert key in page.content.decode()
    assert "my phone" in page.content.decode()
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("minutes", [-40, -5, 5, 40])
def test_a_phone_whose_clock_is_off_is_told_so(wangwu: Person, noon: time_machine.Traveller, minutes: int) -> None:
    wangwu.arrive()
    key = key_on(wangwu.get(NEW).content.decode())
    page = wangwu.post(NEW, {"code": shows(key, later=timedelta(minutes=minutes))}, headers={"Accept-Language": "en"})
    assert f"off by {abs(minutes)} minutes" in page.content.decode()
    assert not Authenticator.objects.exists()


def test_adding_one_needs_a_fresh_second_step(wangwu: Person, noon: time_machine.Traveller) -> None:
    wangwu.arrive()
    noon.shift(timedelta(minutes=11))
    assert wangwu.get(NEW).headers["Location"].startswith("/security/confirm/")
    assert wangwu.post(NEW, {"code": "123456"}).headers["Location"].startswith("/security/confirm/")


def test_the_key_is_nowhere_in_clear(wangwu: Person) -> None:
    wangwu.arrive()
    key = add_app(wangwu).replace(" ", "")
    row = Authenticator.objects.get()
    plain = keyring.unseal(bytes(row.key), owner=row.user_id)
    assert b32encode(plain).decode() == key
    assert plain not in bytes(row.key)
    assert not any(key in str(session.get_decoded()) for session in Session.objects.all())
    with pytest.raises(keyring.Unreadable):
        keyring.unseal(bytes(row.key), owner=row.user_id + 1)


# --- At sign-in -------------------------------------------------------------------------------------------------------


def test_a_code_counts_once(wangwu: Person, key: str) -> None:
    wangwu.enter_password()
    code = shows(key)
    assert wangwu.post(APP, {"code": code}).status_code == 302
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    assert wangwu.post(APP, {"code": code}).status_code == 200
    assert not wangwu.is_in()


def test_nor_does_one_of_before_the_last(wangwu: Person, key: str, noon: time_machine.Traveller) -> None:
    older = shows(key)
    noon.shift(STEP)
    wangwu.enter_password()
    assert wangwu.post(APP, {"code": shows(key)}).status_code == 302
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    assert wangwu.post(APP, {"code": older}).status_code == 200


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_of_a_step_before_or_after_is_taken(wangwu: Person, key: str, steps: int, taken: bool) -> None:
    wangwu.enter_password()
    assert (wangwu.post(APP, {"code": shows(key, later=steps * STEP)}).status_code == 302) is taken


def test_a_clock_that_runs_away_is_followed(wangwu: Person, key: str, noon: time_machine.Traveller) -> None:
    """A step at a time, as far as is sensible."""
    for ahead in range(1, authenticators.FARTHEST_DRIFT + 1):
        noon.shift(10 * STEP)
        wangwu.enter_password()
        assert wangwu.post(APP, {"code": shows(key, later=ahead * STEP)}).status_code == 302, ahead
        wangwu.post("/sign-out/")
    assert Authenticator.objects.get().drift == authenticators.FARTHEST_DRIFT


def test_wrong_ones_count_with_those_by_sms(wangwu: Person, key: str, settings: Settings) -> None:
    """One counter of an account over all ways."""
    settings.SMS_CODE_WRONG_LIMIT = 6
    wangwu.enter_password()
    right = code_from_phone()
    wrong = [code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code != shows(key)]
    for code in wrong[:3]:
        wangwu.post(APP, {"code": code})
    for code in wrong[3:5]:
        wangwu.post(CODE, {"code": code if code != right else "666666"})
    wangwu.post(APP, {"code": "999999"})
    assert wangwu.post(CODE, {"code": right}).status_code == 200
    assert wangwu.post(APP, {"code": shows(key)}).status_code == 200
    assert SecurityEvent.objects.filter(kind="codes_paused").exists()


@pytest.mark.bypass("code of one kind at the field of another")
def test_each_field_takes_its_own_kind(wangwu: Person, key: str) -> None:
    wangwu.enter_password()
    by_sms, by_app = code_from_phone(), shows(key)
    assert wangwu.post(APP, {"code": by_sms}).status_code == 200
    assert wangwu.post(CODE, {"code": by_app}).status_code == 200
    assert not wangwu.is_in()


@pytest.mark.bypass("factor of another person")
def test_the_app_of_somebody_else_opens_nothing(wangwu: Person, key: str, make_user: MakeUser) -> None:
    other = Person(make_user("other", phone="13700137001"))
    other.enter_password()
    assert other.post(APP, {"code": shows(key)}).headers["Location"] == CODE
    other.enter_code()
    own = Authenticator.objects.get()
    assert other.get(f"{NEW}{own.pk}/").status_code == 404
    assert other.post(f"{NEW}{own.pk}/", {"remove": "1"}).status_code == 302, "as if it were gone"
    assert Authenticator.objects.filter(pk=own.pk, name=own.name).exists()


@pytest.mark.bypass("factor added half-way: only the password, and a page that adds one")
def test_who_has_a_phone_adds_none_half_way(wangwu: Person) -> None:
    wangwu.enter_password()
    for page in (AT_SIGN_IN, NEW):
        assert wangwu.get(page).headers["Location"] == CODE
        assert wangwu.post(page, {"code": "123456"}).headers["Location"] == CODE
    assert not Authenticator.objects.exists()


def test_the_preferred_way_is_asked_for_first(wangwu: Person, key: str, noon: time_machine.Traveller) -> None:
    wangwu.enter_password()
    wangwu.post(APP, {"code": shows(key)})
    wangwu.post(FACTORS, {"prefer": "app"})
    wangwu.post("/sign-out/")
    noon.shift(timedelta(minutes=2))
    before = Sms.objects.count()
    assert wangwu.enter_password().headers["Location"] == APP
    assert Sms.objects.count() == before, "no SMS is sent that nobody asked for"
    wangwu.post(CODE, {"send": "1"})
    assert wangwu.enter_code().headers["Location"] == "/"


# --- Where two-step begins --------------------------------------------------------------------------------------------


def test_forced_binding_may_be_of_an_app(zhangsan: Person) -> None:
    assert zhangsan.enter_password().headers["Location"] == "/sign-in/phone/"
    assert AT_SIGN_IN in zhangsan.get("/sign-in/phone/").content.decode()
    key = add_app(zhangsan, page=AT_SIGN_IN)
    assert zhangsan.is_in()
    zhangsan.post("/sign-out/")
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert zhangsan.enter_password().headers["Location"] == APP
        assert zhangsan.get(CODE).headers["Location"] == APP
        assert zhangsan.post(APP, {"code": shows(key)}).headers["Location"] == "/"


def test_unless_the_office_wants_a_phone(zhangsan: Person, settings: Settings) -> None:
    settings.SECOND_STEPS_TO_BEGIN = ["phone"]
    zhangsan.enter_password()
    assert AT_SIGN_IN not in zhangsan.get("/sign-in/phone/").content.decode()
    assert zhangsan.get(AT_SIGN_IN).headers["Location"] == "/sign-in/phone/"


def test_a_way_that_the_office_does_not_allow_is_none(wangwu: Person, key: str, settings: Settings) -> None:
    settings.SECOND_STEPS = ["phone"]
    wangwu.enter_password()
    assert APP not in wangwu.get(CODE).content.decode()
    assert wangwu.post(APP, {"code": shows(key)}).headers["Location"] == CODE
    wangwu.enter_code()
    assert wangwu.get(NEW).status_code == 404


# --- Keys -------------------------------------------------------------------------------------------------------------


def test_keys_are_rotated_by_use(wangwu: Person, key: str, settings: Settings, noon: time_machine.Traveller) -> None:
    old = settings.FACTOR_KEYS[0]
    settings.FACTOR_KEYS = ["n" * 50, old]
    wangwu.enter_password()
    assert wangwu.post(APP, {"code": shows(key)}).status_code == 302
    wangwu.post("/sign-out/")
    settings.FACTOR_KEYS = ["n" * 50]
    noon.shift(2 * STEP)
    wangwu.enter_password()
    assert wangwu.post(APP, {"code": shows(key)}).status_code == 302


def test_without_its_key_an_app_opens_nothing_and_breaks_nothing(wangwu: Person, key: str, settings: Settings) -> None:
    settings.FACTOR_KEYS = ["o" * 50]
    wangwu.enter_password()
    for code in (shows(key), "", "000000"):
        assert wangwu.post(APP, {"code": code}).status_code == 200
    assert wangwu.enter_code().status_code == 302
