"""Where somebody is signed in: the list on the page of recent activity, and the end of one of them."""

import re
from datetime import timedelta
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import Settings

from accounts.browsers.models import TrustedBrowser
from accounts.log.models import SecurityEvent
from accounts.sessions import authorizations, endings, signins
from accounts.sessions.endings import Occasion
from accounts.sessions.models import Authorization, SignIn
from accounts.sessions.storage.store import SessionStore
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import IPHONE, PASSWORD, Person
from tests.kit.tabs import Tab

LIST = "/security/activity/"
END = "/security/activity/sign-out/"


def on_phone(person: Person) -> Person:
    """The same person, in another browser."""
    phone = Person(person.user, HTTP_USER_AGENT=IPHONE, REMOTE_ADDR="192.0.2.7")
    phone.arrive()
    return phone


def listed(person: Person) -> str:
    page = person.get(LIST).content.decode()
    found = re.search(r'aria-labelledby="signed-in">(.*?)</ul>', page, re.DOTALL)
    assert found
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", found[1]))


def row_of(person: Person) -> SignIn:
    return SignIn.objects.get(session=person.session["sign_in"])


@pytest.fixture(autouse=True)
def _codes_at_once(settings: Settings) -> None:
    settings.SMS_RESEND_AFTER *= 0


def test_each_browser_is_listed_once_its_owner_is_in(wangwu: Person) -> None:
    wangwu.enter_password()
    assert not SignIn.objects.exists(), "half-way is not in"
    wangwu.enter_code()
    on_phone(wangwu)
    text = listed(wangwu)
    assert text.count("当前浏览器") == 1
    assert "Firefox 140 · Linux" in text
    assert "Mobile Safari 18 · iOS 18" in text
    assert "192.0.2.7" in text
    assert SignIn.objects.count() == 2


def test_one_is_signed_out_and_nothing_else_ends(wangwu: Person) -> None:
    wangwu.sign_in(trust_browser="on")
    phone, third = on_phone(wangwu), on_phone(wangwu)
    kept, ended = (authorizations.begin(
        User.objects.get(pk=wangwu.user.pk if wangwu.user else 0), person.session["sign_in"],
        signed_in_at=timezone.now(), ends_at=timezone.now() + timedelta(hours=12),
        device=None, browser=TrustedBrowser.objects.get(),
    ) for person in (third, phone))  # fmt: skip
    answer = Tab(wangwu, LIST).send(browser=str(row_of(phone).pk))
    assert answer.headers["Location"] == LIST
    assert not phone.is_in()
    assert wangwu.is_in()
    assert third.is_in()
    assert TrustedBrowser.objects.exists()
    assert list(Authorization.objects.all()) == [kept]
    assert kept.is_live
    assert not ended.is_live
    event = SecurityEvent.objects.get(kind="browser_signed_out")
    assert (event.user, event.detail) == (wangwu.user, {"browser": "Mobile Safari 18", "system": "iOS 18"})
    assert listed(wangwu).count("Mobile Safari 18") == 1


def test_a_fresh_code_is_asked_for(wangwu: Person) -> None:
    phone = on_phone(wangwu)
    wangwu.arrive()
    session = wangwu.session
    session["code_at"] = 0
    session.save()
    answer = wangwu.post(END, {"browser": row_of(phone).pk})
    assert answer.headers["Location"].startswith("/security/confirm/?next=")
    assert phone.is_in()
    assert wangwu.get(END).status_code == 302


def test_nobody_signs_out_somebody_else(wangwu: Person, lisi: Person) -> None:
    wangwu.arrive()
    lisi.arrive()
    for chosen in (row_of(wangwu).pk, 10**17, "x", "", "１"):
        assert lisi.post(END, {"browser": chosen}).status_code == 302
    assert wangwu.is_in()


def test_its_own_browser_has_the_button_at_the_top(wangwu: Person) -> None:
    wangwu.arrive()
    wangwu.post(END, {"browser": row_of(wangwu).pk})
    assert wangwu.is_in()
    assert not SecurityEvent.objects.filter(kind="browser_signed_out").exists()


def test_the_button_twice(wangwu: Person) -> None:
    wangwu.arrive()
    phone = on_phone(wangwu)
    tab, chosen = Tab(wangwu, LIST), str(row_of(phone).pk)
    answers = [tab.send(browser=chosen), tab.send(browser=chosen)]
    assert [answer.headers["Location"] for answer in answers] == [LIST, LIST]
    assert SecurityEvent.objects.filter(kind="browser_signed_out").count() == 1


def test_a_session_goes_on_being_ended_whatever_its_key_becomes(wangwu: Person) -> None:
    """A copy of the session's row that comes back under another key opens nothing."""
    wangwu.arrive()
    phone = on_phone(wangwu)
    held = dict(phone.session.items())
    wangwu.post(END, {"browser": row_of(phone).pk})
    copy = SessionStore()
    copy.update(held)
    copy.create()
    phone.cookies["session"] = copy.session_key or ""
    assert not phone.is_in()


def test_it_says_when_and_from_where_it_was_last_seen(wangwu: Person, clock: time_machine.Traveller) -> None:
    wangwu.arrive()
    first = row_of(wangwu).seen_at
    clock.shift(timedelta(seconds=50))
    wangwu.get("/", REMOTE_ADDR="192.0.2.8")
    assert row_of(wangwu).seen_at == first, "not each page is written down"
    clock.shift(timedelta(seconds=20))
    wangwu.get("/", REMOTE_ADDR="192.0.2.8")
    assert row_of(wangwu).seen_at == first + timedelta(seconds=70)
    assert row_of(wangwu).address == "192.0.2.8"


@pytest.mark.parametrize("way", ["out", "again", "everywhere", "not me", "password", "by the desk"])
def test_what_ends_is_not_listed(wangwu: Person, way: str) -> None:
    wangwu.arrive()
    phone = on_phone(wangwu)
    assert wangwu.user
    new = "correct-horse-42"
    match way:
        case "out":
            phone.post("/sign-out/")
        case "again":
            phone.post("/sign-out/")
            phone.arrive()
            phone.post("/sign-out/")
        case "everywhere":
            endings.end(Occasion.SIGNED_OUT_EVERYWHERE, User.objects.get(pk=wangwu.user.pk))
            assert not SignIn.objects.exists()
            return
        case "not me":
            wangwu.post("/security/activity/not-me/")
        case "password":
            entered = {"old_password": PASSWORD, "new_password": new, "new_password_again": new}
            wangwu.post("/security/password/", entered)
        case "by the desk":
            user = User.objects.get(pk=wangwu.user.pk)
            user.set_password(new)
            user.save()
            assert signins.of(user) == []
            return
    assert not phone.is_in()
    assert wangwu.is_in()
    assert [row.session for row in signins.of(User.objects.get(pk=wangwu.user.pk))] == [wangwu.session["sign_in"]]
    assert "当前浏览器" in listed(wangwu)


def test_somebody_else_signs_in_in_the_same_browser(wangwu: Person, lisi: Person) -> None:
    wangwu.arrive()
    wangwu.post("/sign-out/")
    wangwu.user = lisi.user
    wangwu.arrive()
    assert [row.user for row in SignIn.objects.all()] == [lisi.user]


def test_sessions_of_before_the_list_stay_and_join_it(wangwu: Person) -> None:
    wangwu.arrive()
    phone, ended = on_phone(wangwu), on_phone(wangwu)
    assert wangwu.user
    for person in (wangwu, phone, ended):
        session = person.session
        named = session.pop("sign_in")
        if person is not wangwu:
            session["authorized"] = named
            authorizations.begin(
                wangwu.user,
                named,
                signed_in_at=timezone.now(),
                ends_at=timezone.now() + timedelta(hours=12),
                device=None,
                browser=None,
            )
        session.save()
    SignIn.objects.all().delete()
    migration = import_module("accounts.sessions.migrations.0003_sign_ins")
    for _twice in range(2):
        migration.stand(apps, None)
    assert SignIn.objects.count() == 2
    SignIn.objects.filter(session=ended.session["authorized"]).delete()  # as its owner does
    assert wangwu.is_in()
    assert wangwu.is_in()
    assert phone.is_in()
    assert not ended.is_in()
    assert SignIn.objects.count() == 2


def test_nothing_that_is_kept_opens_anything(wangwu: Person, make_user: MakeUser) -> None:
    wangwu.arrive()
    row, key = row_of(wangwu), wangwu.cookies["session"].value
    assert key not in str(vars(row))
    assert Session.objects.get().pk not in str(vars(row))
    other = Person()
    other.cookies["session"] = row.session
    assert not other.is_in()
