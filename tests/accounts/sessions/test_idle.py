"""A session in which nothing is done ends; the administration asks for a second step before that."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.sessions import authorizations
from accounts.sessions.models import Authorization, SignIn
from accounts.sessions.storage import keys
from accounts.users.models import User
from tests.kit.people import Person, code_from_phone
from tests.kit.tabs import Tab

HOME, STILL = "/", "/sign-in/still-here/"
WHY = "系统已自动退出"
BY_ITSELF = {"X-By-Itself": "1"}
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _codes_at_once(settings: Settings) -> None:
    settings.SMS_RESEND_AFTER *= 0


def tokens_of(person: Person) -> Authorization:
    """As webmail gets them."""
    session = person.session
    session[keys.AUTHORIZED] = session["sign_in"]
    session.save()
    row = SignIn.objects.get(session=session["sign_in"])
    user = User.objects.get(pk=row.user_id)
    begun = authorizations.begin(
        user, row.session, signed_in_at=row.signed_in_at, ends_at=row.ends_at, device=None, browser=None
    )
    Authorization.objects.update(ways_version=user.ways_version)
    begun.refresh_from_db()
    return begun


@pytest.mark.parametrize(("minutes", "goes_on"), [(119.9, True), (120, False)])
def test_two_hours_of_nothing_end_it(
    lisi: Person, clock: time_machine.Traveller, minutes: float, goes_on: bool
) -> None:
    lisi.arrive()
    clock.shift(minutes * MINUTE)
    assert lisi.is_in() is goes_on
    assert (WHY in lisi.get("/sign-in/", follow=True).content.decode()) is not goes_on
    assert SignIn.objects.exists() is goes_on, "nor is it in the list"


def test_who_does_something_stays_until_the_absolute_limit(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    for _hour in range(11):
        clock.shift(60 * MINUTE)
        assert lisi.is_in()
    clock.shift(60 * MINUTE)
    assert not lisi.is_in()
    assert WHY not in lisi.get("/sign-in/").content.decode()


def test_zero_switches_it_off(lisi: Person, clock: time_machine.Traveller, settings: Settings) -> None:
    settings.IDLE_LIFETIME = timedelta()
    lisi.arrive()
    assert 'id="idle"' not in lisi.get(HOME).content.decode()
    clock.shift(11 * 60 * MINUTE)
    assert lisi.is_in()


@pytest.mark.bypass("a clock set back makes an idle session live longer")
def test_a_clock_set_back_does_not_make_it_live_longer(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    clock.shift(100 * MINUTE)
    assert lisi.is_in()
    clock.shift(-60 * MINUTE)
    assert not lisi.is_in()


@pytest.mark.bypass("a page that looks by itself keeps a session open")
@pytest.mark.parametrize("headers", [BY_ITSELF, {"HX-Request": "true"}])
def test_pages_that_look_by_themselves_keep_nothing_open(
    lisi: Person, clock: time_machine.Traveller, headers: dict[str, str]
) -> None:
    lisi.arrive()
    for _time in range(4):
        clock.shift(29 * MINUTE)
        assert lisi.get(HOME, headers=headers).status_code == 200
    clock.shift(4 * MINUTE)
    answer = lisi.get(HOME, headers=headers)
    if "HX-Request" in headers:
        assert (answer.status_code, answer.content) == (200, b""), "nothing comes into the page, and it stays"
    else:
        assert answer.headers["Location"] == "/sign-in/?next=/"
    assert not lisi.is_in()


def test_it_is_asked_without_and_prolonged_with_a_press(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    clock.shift(119 * MINUTE)
    assert lisi.get(STILL, headers=BY_ITSELF).json() == {"left": 60}
    assert lisi.post(STILL, headers=BY_ITSELF).json() == {"left": 120 * 60}
    clock.shift(119 * MINUTE)
    assert lisi.is_in()


def test_nobody_is_kept_in_from_another_site(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.handler.enforce_csrf_checks = True
    Tab(lisi, "/sign-in/").send(username="lisi", password="battery-staple-2026")
    clock.shift(119 * MINUTE)
    assert lisi.post(STILL).status_code == 403


def test_it_is_written_once_a_minute(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    began = SignIn.objects.get().seen_at
    clock.shift(timedelta(seconds=59))
    lisi.get(HOME)
    assert SignIn.objects.get().seen_at == began
    clock.shift(timedelta(seconds=1))
    lisi.get(HOME)
    assert SignIn.objects.get().seen_at == timezone.now()


def test_another_tab_keeps_it_open_and_ends_it(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    tab = Tab(lisi, "/security/phone/")
    clock.shift(100 * MINUTE)
    lisi.get(HOME)
    clock.shift(100 * MINUTE)
    assert tab.send(number="13700137001").status_code == 200
    clock.shift(120 * MINUTE)
    for _twice in range(2):
        assert tab.send(number="13700137001").headers["Location"] == "/sign-in/?next=/security/phone/"
    assert lisi.enter_password(next="/security/phone/").headers["Location"] == "/security/phone/"


# --- Webmail ----------------------------------------------------------------------------------------------------------


def test_webmail_goes_on_until_somebody_signs_in_or_out(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    token = tokens_of(lisi)
    clock.shift(121 * MINUTE)
    assert token.is_live, "it has limits of its own"
    assert not lisi.is_in()
    assert token.is_live
    lisi.post("/sign-out/")
    assert not Authorization.objects.exists()
    assert not SignIn.objects.exists()


def test_a_new_sign_in_there_takes_its_place(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    tokens_of(lisi)
    clock.shift(121 * MINUTE)
    assert not lisi.is_in()
    lisi.arrive()
    assert not Authorization.objects.exists()
    assert SignIn.objects.count() == 1


def test_and_that_of_somebody_else_too(lisi: Person, wangwu: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    tokens_of(lisi)
    clock.shift(121 * MINUTE)
    assert not lisi.is_in()
    lisi.enter_password(name="wangwu")
    assert not Authorization.objects.exists()


# --- The administration -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "is_open"), [(29.9, True), (30, False)])
def test_the_administration_asks_anew_after_half_an_hour(
    clerk: Person, clock: time_machine.Traveller, minutes: float, is_open: bool
) -> None:
    clerk.arrive()
    clock.shift(minutes * MINUTE)
    assert clerk.is_in(), "the pages of one's own stay open"
    assert (clerk.get("/admin/").status_code == 200) is is_open
    if is_open:
        return
    answer = clerk.get("/admin/bans/ban/", follow=True)
    assert answer.request["PATH_INFO"] == "/security/confirm/"
    assert "长时间没有操作" in answer.content.decode()
    assert clerk.get(f"{STILL}?office", headers=BY_ITSELF).json() == {"left": 0}
    clerk.post("/security/confirm/", {"send": "1", "next": "/admin/bans/ban/"})
    answer = clerk.post("/security/confirm/", {"code": code_from_phone(), "next": "/admin/bans/ban/"})
    assert answer.headers["Location"] == "/admin/bans/ban/"
    assert clerk.get("/admin/").status_code == 200


def test_a_form_of_the_administration_does_nothing_then(clerk: Person, clock: time_machine.Traveller) -> None:
    clerk.arrive()
    clock.shift(31 * MINUTE)
    data = {"network": "192.0.2.0/24", "is_shared": "on"}
    assert clerk.post("/admin/bans/knownnetwork/add/", data).headers["Location"].startswith("/admin/login/")


# --- What was typed ---------------------------------------------------------------------------------------------------


def come_back(person: Person, page: str) -> str:
    person.arrive()
    return str(person.get(page).content.decode())


def test_what_was_typed_comes_back_once(lisi: Person, clock: time_machine.Traveller) -> None:
    page = "/security/phone/"
    lisi.arrive()
    clock.shift(121 * MINUTE)
    assert lisi.post(page, {"number": "13700137001", "agreed": "on"}).headers["Location"] == f"/sign-in/?next={page}"
    lisi.enter_password("mistyped")
    assert '<li data-typed="number">13700137001</li>' in come_back(lisi, page)
    assert "data-typed" not in lisi.get(page).content.decode()


def test_also_if_the_page_has_learned_of_the_end_before(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    clock.shift(121 * MINUTE)
    assert lisi.get(STILL, headers=BY_ITSELF).status_code == 302
    lisi.post("/security/phone/", {"number": "13700137001", "agreed": "on"})
    assert "13700137001" in come_back(lisi, "/security/phone/")


@pytest.mark.bypass("what one person typed is shown to the next")
def test_not_to_somebody_else(lisi: Person, zhangsan: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    clock.shift(121 * MINUTE)
    lisi.post("/security/phone/", {"number": "13700137001", "agreed": "on"})
    lisi.enter_password(name="zhangsan")
    lisi.bind()
    assert "13700137001" not in lisi.get("/security/phone/").content.decode()
    assert keys.TYPED not in lisi.session


def test_no_secret_is_kept(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    clock.shift(121 * MINUTE)
    lisi.post("/security/password/", {"old_password": "battery-staple-2026", "new_password": "correct-horse"})
    assert keys.TYPED not in lisi.session
    lisi.post("/security/phone/", {"code": "123456"})
    assert keys.TYPED not in lisi.session


def test_nothing_is_kept_of_a_temporary_sign_in(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.enter_password(temporary="on")
    clock.shift(31 * MINUTE)
    lisi.post("/security/phone/", {"number": "13700137001", "agreed": "on"})
    assert keys.TYPED not in lisi.session


def test_nor_longer_than_ten_minutes(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    clock.shift(121 * MINUTE)
    lisi.post("/security/phone/", {"number": "13700137001", "agreed": "on"})
    clock.shift(10 * MINUTE)
    assert "data-typed" not in come_back(lisi, "/security/phone/")


def test_that_of_the_administration_too(clerk: Person, clock: time_machine.Traveller) -> None:
    page = "/admin/bans/knownnetwork/add/"
    clerk.arrive()
    clock.shift(31 * MINUTE)
    clerk.post(page, {"network": "192.0.2.0/24", "note": "reading room", "_save": "Save"})
    clerk.post("/security/confirm/", {"send": "1"})
    clerk.post("/security/confirm/", {"code": code_from_phone()})
    shown = clerk.get(page).content.decode()
    assert '<li data-typed="network">192.0.2.0/24</li>' in shown
    assert "_save" not in shown.split("data-typed", 1)[1].split("</ul>")[0]
