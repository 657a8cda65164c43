"""A trusted browser skips the code at sign-in, for 30 days, and nothing else."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.utils import timezone
from pytest_django import Settings

from accounts.browsers import browsers
from accounts.browsers.models import TrustedBrowser
from accounts.factors.models import Authenticator
from accounts.log.models import SecurityEvent
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.sessions import endings
from accounts.sessions.endings import Occasion
from accounts.users import ways
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, OTHER_NUMBER, PASSWORD, Person, code_from_phone

COOKIE = django_settings.TRUSTED_BROWSER_COOKIE_NAME


@pytest.fixture
def trusting(wangwu: Person) -> Person:
    """Signed in, in a browser that is trusted from now on, and out again."""
    wangwu.sign_in(trust_browser="on")
    wangwu.post("/sign-out/")
    return wangwu


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


# --- The page --------------------------------------------------------------------------------------------------------


def test_the_list_shows_how_to_recognise_a_browser(trusting: Person) -> None:
    trusting.enter_password()
    text = re.sub(r"\s+", " ", trusting.get("/security/browsers/").content.decode())
    assert "Firefox 140 · Linux" in text
    assert "127.0.0.1" in text


@pytest.mark.bypass("row 26: wagtail-2fa CVE-2020-5240: somebody else's row")
@pytest.mark.parametrize("chosen", ["", "0", "-1", "1e3", "٣", "9" * 30, "theirs"])
def test_only_ones_own_can_be_forgotten(trusting: Person, lisi: Person, chosen: str) -> None:
    lisi.sign_in()
    theirs = TrustedBrowser.objects.get()
    response = lisi.post("/security/browsers/", {"browser": theirs.pk if chosen == "theirs" else chosen})
    assert response.status_code == 404
    lisi.post("/security/browsers/", {"all": "1"})
    assert TrustedBrowser.objects.get() == theirs


def test_trust_and_its_end_are_in_the_log(trusting: Person) -> None:
    trusting.enter_password()
    trusting.post("/security/browsers/", {"all": "1"})
    kinds = SecurityEvent.objects.filter(user=trusting.user).values_list("kind", flat=True)
    assert {"browser_trusted", "browsers_forgotten"} <= set(kinds)


def test_what_was_forgotten_takes_no_place_from_others(make_user: MakeUser) -> None:
    """Two people share a browser; one of them trusts and forgets it again and again."""
    now = timezone.now()
    shared = Person()
    for name, number in (("steady", "13600136021"), ("restless", "13600136022")):
        make_user(name, phone=number)
    shared.enter_password(name="steady")
    shared.enter_code(trust_browser="on")
    shared.post("/sign-out/")
    for day in range(1, 8):
        with time_machine.travel(now + timedelta(days=day)):
            shared.enter_password(name="restless")
            shared.enter_code(trust_browser="on")
            shared.post("/security/browsers/", {"all": "1"})
            shared.post("/sign-out/")
    assert shared.enter_password(name="steady").headers["Location"] == "/"


# --- Whose and which --------------------------------------------------------------------------------------------------

HERE = browsers.Look("Firefox", "Linux", "192.0.2.1")


def trusted_by(user: User) -> tuple[TrustedBrowser, str]:
    trusted = browsers.trust(Phone.objects.get(user=user), "", HERE)
    assert trusted
    return trusted


def test_another_way_to_verify_ends_trust_that_hangs_on_an_app(make_user: MakeUser) -> None:
    """With the phone its browsers go by themselves; those of an app are there still, and trusted no more."""
    user = make_user("zhaoliu")
    app = Authenticator.objects.create(user=user, name="手机", key=b"", last_step=0)
    trusted = browsers.trust(app, "", HERE)
    assert trusted
    row, cookie = trusted
    assert browsers.find(user, cookie) == row
    ways.changed(user)
    assert browsers.find(user, cookie) is None
    assert not browsers.is_trusted(user, row.pk)
    again = browsers.trust(app, cookie, HERE)
    assert again
    assert cookie not in again[1], "it takes no place in the cookie"


def test_one_trusted_browser_stands_in_for_no_other(make_user: MakeUser) -> None:
    user, other = make_user("zhaoliu", phone=OTHER_NUMBER), make_user("sunqi", phone="13600136000")
    first, second, foreign = trusted_by(user)[0], trusted_by(user)[0], trusted_by(other)[0]
    browsers.forget(user, first.pk)
    assert [browsers.is_trusted(user, row.pk) for row in (first, second, foreign)] == [False, True, False]


def test_the_list_says_when_and_where_it_was_seen_last(make_user: MakeUser, clock: time_machine.Traveller) -> None:
    user = make_user("zhaoliu", phone=OTHER_NUMBER)
    (used, cookie), (other, _cookie) = trusted_by(user), trusted_by(user)
    clock.shift(timedelta(hours=1))
    assert browsers.recognise(user, cookie, "198.51.100.7") == used
    seen = {row.pk: (row.seen_at, row.address) for row in TrustedBrowser.objects.all()}
    now = timezone.now()
    assert seen == {used.pk: (now, "198.51.100.7"), other.pk: (now - timedelta(hours=1), "192.0.2.1")}


def test_of_many_people_the_browsers_go_and_each_is_told_of_his(make_user: MakeUser, clerk: Person) -> None:
    people = [make_user(f"person{n}", phone=f"1360013600{n}") for n in range(4)]
    for user in (people[0], people[0], people[1], people[3]):
        trusted_by(user)
    browsers.forget_all_of(*people[:3], actor=clerk.user, address="192.0.2.9", reason="moved")
    assert set(TrustedBrowser.objects.values_list("user", flat=True)) == {people[3].pk}
    told = SecurityEvent.objects.filter(kind="browsers_forgotten").order_by("pk")
    assert [(event.user, event.actor, event.address, len(event.detail["browsers"])) for event in told] == [
        (people[0], clerk.user, "192.0.2.9", 2),
        (people[1], clerk.user, "192.0.2.9", 1),
    ]
    assert all(event.detail["reason"] == "moved" for event in told)
    browsers.forget_all_of(*people[:3])
    assert told.count() == 2, "who has none is told nothing"


@pytest.mark.parametrize(("length", "is_found"), [(1000, True), (1001, False)])
def test_of_a_cookie_a_thousand_characters_are_looked_at(make_user: MakeUser, length: int, *, is_found: bool) -> None:
    user = make_user("zhaoliu", phone=OTHER_NUMBER)
    row, cookie = trusted_by(user)
    assert browsers.find(user, cookie.rjust(length, ".")) == (row if is_found else None)
