"""A trusted browser skips the code at sign-in, for 30 days, and nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from pytest_django import Settings

from accounts.browsers import browsers
from accounts.browsers.models import TrustedBrowser
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.sessions import endings
from accounts.sessions.endings import Occasion
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, OTHER_NUMBER, PASSWORD, Person, code_from_phone

COOKIE = django_settings.TRUSTED_BROWSER_COOKIE_NAME


def is_asked_for_a_code(person: Person) -> bool:
    return bool(person.enter_password().headers["Location"] == "/sign-in/code/")


def with_cookie(user: User | None, cookie: str) -> Person:
    person = Person(user)
    person.cookies[COOKIE] = cookie
    return person


def cookie_of(person: Person) -> str:
    return person.cookies[COOKIE].value


def test_it_skips_the_code(trusting: Person) -> None:
    assert not is_asked_for_a_code(trusting)
    assert trusting.is_in()


def test_without_the_tick_nothing_is_trusted(wangwu: Person) -> None:
    wangwu.sign_in()
    wangwu.post("/sign-out/")
    assert COOKIE not in wangwu.cookies
    assert is_asked_for_a_code(wangwu)


def test_it_skips_nothing_but_the_code(trusting: Person) -> None:
    assert trusting.enter_password("wrong").status_code == 200
    trusting.enter_password()
    for page in ("/security/password/", "/security/phone/change/", "/security/phone/unbind/"):
        response = trusting.post(page, {"old_password": PASSWORD})
        assert response.status_code == 302, page
    assert Phone.objects.filter(user=trusting.user).exists()


def test_the_cookie(wangwu: Person) -> None:
    morsel = wangwu.sign_in(trust_browser="on").cookies[COOKIE]
    assert morsel["httponly"]
    assert morsel["samesite"] == "Lax"
    assert morsel["path"] == "/"
    assert morsel["max-age"] == 30 * 86400
    assert len(morsel.value) >= 43, "256 bits"


@pytest.mark.bypass("row 20: stored as it is")
def test_the_database_holds_no_cookie(trusting: Person) -> None:
    row = TrustedBrowser.objects.values().get()
    assert cookie_of(trusting) not in str(row)


# --- Forged ----------------------------------------------------------------------------------------------------------


@pytest.mark.bypass("row 19: scheb GHSA-h6mp-mc7g-mg49: a signature that nobody verifies")
def test_a_cookie_with_one_other_character_is_nothing(trusting: Person) -> None:
    assert trusting.user
    cookie = cookie_of(trusting)
    assert browsers.find(trusting.user, cookie)
    for place, character in enumerate(cookie):
        other = "B" if character == "A" else "A"
        assert not browsers.find(trusting.user, cookie[:place] + other + cookie[place + 1 :])
    assert is_asked_for_a_code(with_cookie(trusting.user, cookie[:-1] + ("A" if cookie[-1] != "A" else "Q")))


@pytest.mark.bypass("row 19")
@pytest.mark.parametrize(
    "forge",
    [
        lambda cookie: "",
        lambda cookie: cookie[:-1],
        lambda cookie: cookie[1:],
        lambda cookie: cookie + "A",
        lambda cookie: cookie.swapcase(),
        lambda cookie: f"{cookie}\n",
        lambda cookie: "A" * 43,
        lambda cookie: "true",
        lambda cookie: "eyJhbGciOiJub25lIn0.eyJ1c2VyIjoxfQ.",
        lambda cookie: TrustedBrowser.objects.get().digest,
        lambda cookie: TrustedBrowser.objects.get().digest[:43],
        lambda cookie: str(TrustedBrowser.objects.get().pk),
        lambda cookie: "." * 5000 + cookie,
    ],
)
def test_a_forged_cookie_is_nothing(trusting: Person, forge: Callable[[str], str]) -> None:
    assert trusting.user
    assert not browsers.find(trusting.user, forge(cookie_of(trusting)))


@pytest.mark.bypass("row 19: the cookie of one person for another")
def test_another_persons_cookie_is_nothing(trusting: Person, make_user: MakeUser) -> None:
    neighbour = make_user("zhaoliu", phone=OTHER_NUMBER)
    assert is_asked_for_a_code(with_cookie(neighbour, cookie_of(trusting)))


@pytest.mark.bypass("row 19: scheb GHSA-9phw-7h96-q3rv: trust that is given before the code")
def test_no_trust_before_the_code(wangwu: Person) -> None:
    wangwu.enter_password(trust_browser="on")
    wangwu.post("/sign-in/code/", {"trust_browser": "on", "code": "000000" if code_from_phone() != "000000" else "1"})
    wangwu.post("/sign-in/code/", {"trust_browser": "on"})
    assert COOKIE not in wangwu.cookies
    assert not TrustedBrowser.objects.exists()


def test_a_planted_value_is_not_trusted(wangwu: Person) -> None:
    planted = "P" * 43
    wangwu.cookies[COOKIE] = planted
    wangwu.sign_in(trust_browser="on")
    assert is_asked_for_a_code(with_cookie(wangwu.user, planted))


def test_several_people_trust_one_browser(trusting: Person, make_user: MakeUser) -> None:
    neighbour = Person(make_user("zhaoliu", phone=OTHER_NUMBER))
    neighbour.cookies = trusting.cookies
    neighbour.sign_in(trust_browser="on")
    neighbour.post("/sign-out/")
    assert not is_asked_for_a_code(neighbour)
    neighbour.post("/sign-out/")
    assert not is_asked_for_a_code(with_cookie(trusting.user, cookie_of(neighbour)))


@pytest.mark.bypass("row 20: Devise GHSA-746g-3gfp-hfhw: one value for all browsers")
def test_each_browser_has_a_value_of_its_own(trusting: Person) -> None:
    assert trusting.user
    phone = Phone.objects.get(user=trusting.user)
    trusted = browsers.trust(phone, "", browsers.Look("Chrome", "Windows", "192.0.2.1"))
    assert trusted
    _row, cookie = trusted
    assert cookie != cookie_of(trusting)
    browsers.forget(trusting.user, TrustedBrowser.objects.get(browser="Chrome").pk)
    assert is_asked_for_a_code(with_cookie(trusting.user, cookie))
    assert not is_asked_for_a_code(trusting)


# --- The end of trust ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("occasion", [Occasion.NEW_PASSWORD, Occasion.DISABLED])
def test_what_ends_it_ends_a_trust_that_is_on_its_way(
    wangwu: Person, monkeypatch: pytest.MonkeyPatch, occasion: Occasion
) -> None:
    """The code was right, and what ends trust comes before the row is written."""
    ended = User.objects.get(username="wangwu@example.edu")
    trust = browsers.trust

    def trust_too_late(*given: Any) -> Any:
        if occasion is Occasion.NEW_PASSWORD:
            ended.set_password("another one")
            ended.save()
        endings.end(occasion, ended)
        return trust(*given)

    monkeypatch.setattr(browsers, "trust", trust_too_late)
    wangwu.sign_in(trust_browser="on")
    assert not TrustedBrowser.objects.exists()


@pytest.mark.parametrize(("days", "asked"), [(29.99, False), (30, True)])
def test_it_ends_after_thirty_days_however_often_it_is_used(
    wangwu: Person, clock: time_machine.Traveller, days: float, asked: bool
) -> None:
    wangwu.sign_in(trust_browser="on")
    cookie = cookie_of(wangwu)
    for _time in range(3):
        clock.shift(timedelta(days=days / 3))
        person = with_cookie(wangwu.user, cookie)  # who keeps it longer than its max-age
        answer = is_asked_for_a_code(person)
    assert answer is asked


def _change_password(person: Person, settings: Settings) -> None:
    person.enter_password()
    person.post("/security/confirm/", {"send": "1"})
    person.post("/security/confirm/", {"code": code_from_phone(NUMBER)})
    new = {"new_password": "correct-horse-42", "new_password_again": "correct-horse-42"}
    person.post("/security/password/", {"old_password": PASSWORD, **new})


def _change_phone(person: Person, settings: Settings) -> None:
    phones.change(Phone.objects.get(user=person.user), f"+86{OTHER_NUMBER}")


def _unbind_and_bind_again(person: Person, settings: Settings) -> None:
    phones.unbind(Phone.objects.get(user=person.user))
    assert person.user
    phones.bind(person.user, f"+86{NUMBER}")


def _forget_all(person: Person, settings: Settings) -> None:
    person.enter_password()
    person.post("/security/browsers/", {"all": "1"})


def _forget_this_one(person: Person, settings: Settings) -> None:
    person.enter_password()
    person.post("/security/browsers/", {"browser": TrustedBrowser.objects.get().pk})


def _rotate_the_key(person: Person, settings: Settings) -> None:
    settings.SECRET_KEY = "another one, since the first was stolen"
    settings.SECRET_KEY_FALLBACKS = []


@pytest.mark.bypass("row 20: vaultwarden CVE-2026-43911: trust that outlives what it hung on")
@pytest.mark.parametrize(
    "happening",
    [_change_password, _change_phone, _unbind_and_bind_again, _forget_all, _forget_this_one, _rotate_the_key],
)
def test_trust_ends_with(trusting: Person, settings: Settings, happening: Callable[[Person, Settings], None]) -> None:
    assert trusting.user
    cookie = cookie_of(trusting)
    happening(trusting, settings)
    assert not browsers.find(trusting.user, cookie)


@pytest.mark.bypass("row 20: an account that is disabled")
def test_a_disabled_account_has_no_use_for_trust(trusting: Person) -> None:
    trusting.enter_password()
    User.objects.update(is_active=False)
    assert not trusting.is_in()
    assert trusting.enter_password().status_code == 200


@pytest.mark.parametrize(
    ("happening", "leads_to"), [(_change_phone, "/sign-in/code/"), (_unbind_and_bind_again, "/sign-in/?next=/")]
)
def test_a_session_that_trust_opened_ends_with_it(
    trusting: Person, settings: Settings, happening: Callable[[Person, Settings], None], leads_to: str
) -> None:
    trusting.enter_password()
    assert trusting.is_in()
    happening(trusting, settings)
    assert trusting.get("/").headers["Location"] == leads_to


def test_forgetting_ends_the_sessions_that_trust_opened(trusting: Person) -> None:
    assert trusting.user
    trusting.enter_password()
    browsers.forget_all(trusting.user)
    assert trusting.get("/").headers["Location"] == "/sign-in/code/"
