"""临时登录: on a computer that others use. It is short, and leaves nothing in the browser."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as django_settings
from pytest_django import Settings

from accounts.browsers.models import TrustedBrowser
from accounts.sessions import authorizations
from accounts.sessions.models import Authorization, SignIn
from accounts.users.models import User
from tests.kit.people import NUMBER, Person
from tests.kit.tabs import Tab

CODE = "/sign-in/code/"


@pytest.fixture(autouse=True)
def _codes_at_once(settings: Settings) -> None:
    settings.SMS_RESEND_AFTER *= 0


def sign_in(person: Person, **data: str) -> None:
    """The tick stays from the password to the code, where a program may send what the page does not show."""
    person.enter_password(temporary="on")
    person.enter_code(**data)


@pytest.mark.parametrize(("minutes", "goes_on"), [(29.9, True), (30, False)])
def test_it_ends_after_half_an_hour(
    wangwu: Person, clock: time_machine.Traveller, minutes: float, goes_on: bool
) -> None:
    sign_in(wangwu)
    clock.shift(timedelta(minutes=15))
    assert wangwu.is_in()
    clock.shift(timedelta(minutes=minutes - 15))
    assert wangwu.is_in() is goes_on
    clock.shift(timedelta(minutes=-25))
    assert not wangwu.is_in(), "a clock set back makes nothing longer"


def test_the_other_one_goes_on(wangwu: Person, clock: time_machine.Traveller) -> None:
    wangwu.sign_in()
    clock.shift(timedelta(minutes=31))
    assert wangwu.is_in()


def test_nothing_of_it_stays_in_the_browser(wangwu: Person) -> None:
    wangwu.enter_password()
    assert "trust_browser" in wangwu.get(CODE).content.decode()
    wangwu.post("/sign-out/")
    wangwu.enter_password(temporary="on")
    assert "trust_browser" not in wangwu.get(CODE).content.decode()
    wangwu.enter_code(trust_browser="on")
    assert wangwu.is_in()
    assert not TrustedBrowser.objects.exists()
    lasting = [name for name, cookie in wangwu.cookies.items() if cookie["max-age"] or cookie["expires"]]
    assert lasting == [django_settings.CSRF_COOKIE_NAME], "it says nothing of who was here"


def test_nor_after_a_binding(zhangsan: Person) -> None:
    zhangsan.enter_password(temporary="on")
    zhangsan.post("/sign-in/phone/", {"number": NUMBER, "agreed": "on"})
    assert "trust_browser" not in zhangsan.get("/sign-in/phone/").content.decode()
    zhangsan.bind()
    assert zhangsan.is_in()
    assert SignIn.objects.get().is_temporary
    assert django_settings.KNOWN_BROWSER_COOKIE_NAME not in zhangsan.cookies


def test_a_trusted_browser_is_asked_for_a_code(wangwu: Person) -> None:
    wangwu.sign_in(trust_browser="on")
    wangwu.post("/sign-out/")
    assert wangwu.enter_password(temporary="on").headers["Location"] == CODE
    wangwu.enter_code()
    wangwu.post("/sign-out/")
    assert wangwu.enter_password().headers["Location"] == "/", "it is trusted as before"


def test_the_page_and_the_list_say_so(wangwu: Person, clock: time_machine.Traveller) -> None:
    sign_in(wangwu)
    assert "12:30" in wangwu.get("/").content.decode()
    assert "临时登录" in wangwu.get("/security/activity/").content.decode()
    wangwu.post("/sign-out/")
    wangwu.sign_in()
    for page in ("/", "/security/activity/"):
        assert "temporary" not in wangwu.get(page).content.decode()


def test_two_tabs_that_tick_otherwise(wangwu: Person) -> None:
    """The password that came last counts."""
    first, second = Tab(wangwu, "/sign-in/"), Tab(wangwu, "/sign-in/")
    given = {"username": "wangwu", "password": "battery-staple-2026"}
    first.send(**given, temporary="on")
    second.send(**given)
    wangwu.enter_code()
    assert not SignIn.objects.get().is_temporary


def test_webmail_ends_with_it(wangwu: Person, clock: time_machine.Traveller) -> None:
    sign_in(wangwu)
    row = SignIn.objects.get()
    token = authorizations.begin(
        row.user, row.session, signed_in_at=row.signed_in_at, ends_at=row.ends_at, device=None, browser=None
    )
    Authorization.objects.update(ways_version=row.user.ways_version)
    token.refresh_from_db()
    clock.shift(timedelta(minutes=29))
    assert token.is_live
    clock.shift(timedelta(minutes=1))
    assert not token.is_live


def test_a_way_that_was_changed_elsewhere_leaves_it_temporary(wangwu: Person) -> None:
    """Who is asked for a code anew has ticked nothing the second time."""
    sign_in(wangwu)
    User.objects.update(ways_version=9)
    assert wangwu.get("/").headers["Location"] == CODE
    wangwu.post(CODE, {"send": "1"})
    wangwu.enter_code()
    assert SignIn.objects.get(session=wangwu.session["sign_in"]).is_temporary
