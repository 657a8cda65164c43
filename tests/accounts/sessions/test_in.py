"""Who is in: by what somebody has passed, what is asked for once more, and the names by which a sign-in is known."""

import secrets
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone, translation
from pytest_django import Settings

from accounts.browsers import browsers
from accounts.browsers.browsers import Look
from accounts.mailsessions.models import Ending
from accounts.phones.models import Phone
from accounts.sessions import clients, endings, sessions, signins, tasks, typed
from accounts.sessions.endings import Occasion
from accounts.sessions.models import Authorization, SignIn
from accounts.sessions.storage import keys, lifetimes
from accounts.sessions.storage.store import SessionStore
from accounts.users.models import User
from tests.kit.opened import come_in

LOOK = Look("Firefox", "Linux", "192.0.2.1")


def another_browser() -> HttpRequest:
    request = RequestFactory().get("/")
    request.session, request.user = SessionStore(), AnonymousUser()
    return request


# --- What was passed --------------------------------------------------------------------------------------------------


def test_a_trusted_browser_stands_in_for_the_second_step_until_it_is_forgotten(
    request_: HttpRequest, owner: User, other: User
) -> None:
    mine, theirs = (browsers.trust(Phone.objects.get(user=user), "", LOOK) for user in (owner, other))
    assert mine
    assert theirs
    come_in(request_, owner)
    assert not sessions.has_passed(request_)
    come_in(request_, owner, browser=theirs[0])
    assert not sessions.has_passed(request_), "somebody else's"
    come_in(request_, owner, browser=mine[0])
    assert sessions.has_passed(request_)
    browsers.forget_all(owner)
    assert not sessions.has_passed(request_)


def test_a_session_of_before_ways_were_counted_is_by_those_of_then(request_: HttpRequest, owner: User) -> None:
    assert not sessions.is_by_former_ways(request_, owner)
    owner.ways_version = 1
    assert sessions.is_by_former_ways(request_, owner)


def test_a_second_step_is_fresh_if_it_is_by_present_ways_and_of_the_last_minutes(
    request_: HttpRequest, owner: User, clock: time_machine.Traveller, settings: Settings
) -> None:
    assert not sessions.code_is_fresh(request_)
    come_in(request_, owner)
    request_.session[keys.CODE_AT] = lifetimes.now()
    assert not sessions.code_is_fresh(request_), "by former ways, or none"
    come_in(request_, owner, device=Phone.objects.get(user=owner))
    clock.shift(settings.FRESH_CODE_LIFETIME - timedelta(seconds=1))
    assert sessions.code_is_fresh(request_)
    clock.shift(1)
    assert not sessions.code_is_fresh(request_)


def test_who_has_only_ways_that_may_not_be_the_only_one_needs_another(
    request_: HttpRequest, owner: User, settings: Settings
) -> None:
    phone = Phone.objects.get(user=owner)
    come_in(request_, owner, device=phone)
    assert not sessions.needs_another_way(request_)
    settings.SECOND_STEPS_ALONE = ["app"]
    assert sessions.needs_another_way(request_)
    owner.two_step_from = None
    assert not sessions.needs_another_way(request_), "two-step is off"


# --- Names ------------------------------------------------------------------------------------------------------------


def test_a_sign_in_takes_the_name_of_no_other(
    request_: HttpRequest, owner: User, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even by the same chance."""
    come_in(request_, owner)
    monkeypatch.setattr(secrets, "token_hex", lambda _bytes: sessions.sign_in(request_))
    with pytest.raises(IntegrityError), transaction.atomic():
        come_in(another_browser(), other)
    assert SignIn.objects.get().user == owner


@pytest.mark.parametrize("cookie", ["", "a" * 32])
def test_what_binds_a_code_is_of_one_browser_and_one_person(
    request_: HttpRequest, owner: User, other: User, cookie: str
) -> None:
    def begun(user: User, cookie: str) -> str:
        request = another_browser()
        request.COOKIES = {django_settings.PRESS_COOKIE_NAME: cookie} if cookie else {}
        assert sessions.code_session(request) == ""
        begun = sessions.begin_code_session(request, user)
        assert begun == sessions.code_session(request) == sessions.new_code_session(request), "it stays"
        return begun

    names = [begun(owner, cookie), begun(owner, cookie), begun(other, cookie), begun(owner, "b" * 32)]
    assert len(set(names)) == (3 if cookie else 4)
    assert {len(name) for name in names} == {32}, "as the column is wide"


def test_a_session_of_before_the_list_has_a_name_of_its_own(request_: HttpRequest, owner: User) -> None:
    second = another_browser()
    for request in (request_, second):
        come_in(request, owner)
        del request.session[keys.SIGN_IN]
        request.session.save()
    SignIn.objects.all().delete()
    names = []
    for request in (request_, second, request_):
        sessions.adopt(request, owner)
        names.append(sessions.sign_in(request))
    assert names[0] == names[2] != names[1], "two of its requests may come at once"
    assert {len(name) for name in names} == {32}
    assert {row.session for row in SignIn.objects.all()} == set(names)


# --- The others -------------------------------------------------------------------------------------------------------


def test_notices_come_in_the_language_of_the_last_sign_in_and_nobody_elses_do(
    request_: HttpRequest, owner: User, other: User
) -> None:
    with translation.override("en"):
        come_in(request_, owner)
    assert [User.objects.get(pk=user.pk).language for user in (owner, other)] == ["en", "zh-hans"]


def test_who_stays_when_all_sessions_end_is_the_only_one_on_the_list(
    request_: HttpRequest, owner: User, other: User
) -> None:
    here, theirs = request_, another_browser()
    for request, user in ((here, owner), (another_browser(), owner), (theirs, other)):
        come_in(request, user)
    owner.end_sessions()
    sessions.stay(here, owner)
    assert {row.session for row in SignIn.objects.all()} == {sessions.sign_in(one) for one in (here, theirs)}
    assert signins.of(owner) == [SignIn.objects.get(session=sessions.sign_in(here))]


def test_what_ends_for_one_ends_for_nobody_else(
    request_: HttpRequest, owner: User, other: User, settings: Settings
) -> None:
    come_in(request_, owner)
    come_in(another_browser(), other)
    endings.end(Occasion.DISABLED, owner)
    assert SignIn.objects.get().user == other


@pytest.mark.parametrize("occasion", [one for one, ends in endings.ENDS.items() if endings.What.MAIL in ends.here])
def test_filters_are_looked_at_where_somebody_else_was_in(owner: User, occasion: Occasion, settings: Settings) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    endings.end(occasion, owner)
    was_in = occasion in (Occasion.NOT_ME, Occasion.STOLEN)
    assert Ending.objects.get().forwards == ({} if was_in else None)


def test_who_is_seen_twice_at_once_was_where_the_first_says(owner: User, clock: time_machine.Traveller) -> None:
    now = timezone.now()
    signins.note(owner, "here", LOOK, signed_in_at=now, ends_at=now + timedelta(hours=12))
    first, second = SignIn.objects.get(), SignIn.objects.get()
    clock.shift(120)
    signins.see(first, "198.51.100.1")
    signins.see(second, "198.51.100.2")
    assert SignIn.objects.get().address == "198.51.100.1"
    signins.see(first, "198.51.100.3")
    assert SignIn.objects.get().address == "198.51.100.1", "a moment ago"


def test_a_list_is_full_of_nobody_elses(owner: User, other: User, clock: time_machine.Traveller) -> None:
    now = timezone.now()
    signins.note(owner, "mine", LOOK, signed_in_at=now, ends_at=now + timedelta(hours=12))
    clock.shift(1)
    for n in range(signins.SHOWN):
        signins.note(other, f"theirs {n}", LOOK, signed_in_at=now, ends_at=now + timedelta(hours=12))
    assert [row.session for row in signins.of(owner)] == ["mine"]


def test_all_that_is_over_goes(request_: HttpRequest, owner: User, clock: time_machine.Traveller) -> None:
    come_in(request_, owner)
    now = timezone.now()
    Authorization.objects.create(user=owner, session="a", auth_hash="a", signed_in_at=now, ends_at=now)
    clock.shift(django_settings.SESSION_COOKIE_AGE + 1)
    tasks.delete_expired()
    assert not any(model.objects.exists() for model in (Authorization, SignIn, Session))


# --- What a browser says of itself ------------------------------------------------------------------------------------


def test_so_much_of_it_is_read_and_kept() -> None:
    def look(agent: str) -> Look:
        return clients.look(RequestFactory().get("/", HTTP_USER_AGENT=agent))

    assert look("Mozilla (Android 15".rjust(500)).browser == "Android 15"
    assert look("Mozilla (Android 15".rjust(501)).browser == "Android 1"
    version = "9" * 80
    found = look(f"Mozilla (Android {version})")
    assert found.browser == found.system == f"Android {version}"[:60], "as the columns are wide"


def test_where_nothing_was_typed_there_is_nothing(request_: HttpRequest) -> None:
    assert typed.take(request_) == {}
