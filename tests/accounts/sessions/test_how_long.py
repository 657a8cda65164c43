"""How long what a session and a browser hold is good, to the second, and for whom."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts.phones import phones
from accounts.sessions import expiry, grants, halfway, known, sessions
from accounts.sessions.storage import keys, lifetimes, notes
from accounts.sessions.storage.store import SessionStore
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.opened import come_in
from tests.kit.people import NUMBER, OTHER_NUMBER

COOKIE = django_settings.KNOWN_BROWSER_COOKIE_NAME


# --- Sessions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "is_young"), [(0, True), (-60, True), (-61, False), (599, True), (600, False)])
def test_what_is_remembered_for_the_next_step_is_so_for_ten_minutes(
    request_: HttpRequest, clock: time_machine.Traveller, seconds: int, *, is_young: bool
) -> None:
    notes.remember(request_, "step", "value")
    clock.shift(seconds)
    assert notes.recall(request_, "step") == ("value" if is_young else None)
    assert notes.recall(request_, "another") is None
    notes.drop(request_, "step", "another")
    assert "step" not in request_.session


@pytest.mark.parametrize(("is_temporary", "hours"), [(True, 0.5), (False, 12)])
def test_a_sign_in_ends_when_it_says(
    request_: HttpRequest, clock: time_machine.Traveller, hours: float, *, is_temporary: bool
) -> None:
    request_.session[keys.STARTED_AT] = lifetimes.now()
    request_.session[keys.TEMPORARY] = is_temporary
    began = timezone.now()
    clock.shift(60)
    assert lifetimes.signed_in_at(request_) == began
    assert lifetimes.ends_at(request_) == began + timedelta(hours=hours)
    assert lifetimes.age(request_) == 60
    assert lifetimes.will_be_temporary(request_) is is_temporary
    request_.session[keys.HALFWAY] = {keys.TEMPORARY: not is_temporary}
    assert lifetimes.will_be_temporary(request_) is not is_temporary, "as was ticked beside the password"


IDLE = [(7200, 1800, False, 7190), (7200, 1800, True, 1790), (0, 1800, False, None), (0, 1800, True, 1790),
        (7200, 0, True, 7190), (0, 0, True, None), (5, 5, False, 0)]  # fmt: skip


@pytest.mark.parametrize(("idle", "of_staff", "in_office", "left"), IDLE)
def test_how_long_somebody_may_do_nothing_yet(
    request_: HttpRequest, settings: Settings, idle: int, of_staff: int, *, in_office: bool, left: int | None
) -> None:
    settings.IDLE_LIFETIME = timedelta(seconds=idle)
    settings.IDLE_LIFETIME_OF_STAFF = timedelta(seconds=of_staff)
    assert expiry.idle_left(request_, in_office=in_office) is None, "nobody is in"
    vars(request_)["seen_at"] = timezone.now() - timedelta(seconds=9.5)
    assert expiry.idle_left(request_, in_office=in_office) == (left + 1 if left else left)
    if left is not None:
        request_.session[keys.OFFICE_CLOSED] = True
        assert expiry.idle_left(request_, in_office=True) == 0


def test_who_took_no_second_step_has_none_that_could_be_a_former_one(request_: HttpRequest, owner: User) -> None:
    sessions.go_on(request_, owner)
    assert keys.WAYS not in request_.session
    request_.session[keys.WAYS] = 0
    owner.ways_version = 7
    sessions.go_on(request_, owner)
    assert request_.session[keys.WAYS] == 7


def test_before_a_session_was_looked_at_nobody_is_here() -> None:
    assert halfway.present(HttpRequest()) is None


def test_what_other_sites_are_given_says_that_both_steps_were_taken_elsewhere(
    request_: HttpRequest, owner: User, settings: Settings
) -> None:
    settings.CAS_URL, settings.CAS_BOTH_STEPS_SINCE = "https://cas.example.edu", timezone.localdate()
    owner.backend = django_settings.AUTHENTICATION_BACKENDS[0]
    sessions.open_for(request_, owner)
    vars(request_.user)["is_verified"] = lambda: False  # as the middleware says
    request: Any = request_
    assert grants.authorize(request).ways_version is None
    sessions.note_both_steps(request, "cas")
    assert grants.authorize(request).ways_version == owner.ways_version


# --- Browsers in which the second step was taken ----------------------------------------------------------------------


def remembered(request: HttpRequest, user: User) -> str:
    """The cookie from now on."""
    phone = phones.of(user)
    assert phone
    response = HttpResponse()
    known.remember(request, response, phone)
    return response.cookies[COOKIE].value if COOKIE in response.cookies else ""


def is_owner(cookie: str, user: User, number: str = f"+86{NUMBER}") -> bool:
    request = RequestFactory().get("/")
    request.session, request.user = SessionStore(), AnonymousUser()
    request.COOKIES = {COOKIE: cookie}
    return known.is_owner(request, user, number)


def test_a_browser_is_known_to_who_was_in_it_with_this_number_and_password(
    request_: HttpRequest, owner: User, make_user: MakeUser
) -> None:
    other = make_user("zhaoliu", phone=OTHER_NUMBER)
    cookie = remembered(request_, owner)
    assert is_owner(cookie, owner)
    assert not is_owner("", owner)
    assert not is_owner(cookie[:-1] + ("0" if cookie[-1] != "0" else "1"), owner)
    assert not is_owner(cookie, owner, f"+86{OTHER_NUMBER}")
    assert not is_owner(cookie, other)
    owner.end_sessions()
    assert not is_owner(cookie, owner), "everywhere signed out"


def test_five_people_share_one_browser(request_: HttpRequest, make_user: MakeUser) -> None:
    people = [make_user(f"person{n}", phone=f"1360013600{n}") for n in range(6)]
    for n, user in enumerate(people):
        request_.COOKIES = {COOKIE: remembered(request_, user)}
        assert [is_owner(request_.COOKIES[COOKIE], one, f"+861360013600{k}") for k, one in enumerate(people)] == [
            n - 5 < k <= n for k in range(6)
        ]
    again = remembered(request_, people[5])
    assert again == request_.COOKIES[COOKIE], "once each"


def test_nothing_is_left_in_a_browser_of_others(request_: HttpRequest, owner: User) -> None:
    request_.session[keys.TEMPORARY] = True
    assert remembered(request_, owner) == ""


@pytest.mark.parametrize(("length", "is_known"), [(1000, True), (1001, False)])
def test_a_thousand_characters_of_it_are_looked_at(
    request_: HttpRequest, owner: User, length: int, *, is_known: bool
) -> None:
    assert is_owner(remembered(request_, owner).rjust(length, "."), owner) is is_known


def test_a_help_desk_code_shows_the_owner(request_: HttpRequest, owner: User, clock: time_machine.Traveller) -> None:
    assert not known.is_owner(request_, owner, f"+86{NUMBER}")
    notes.remember(request_, keys.HELP_CODE, 7)
    assert known.is_owner(request_, owner, f"+86{NUMBER}")
    clock.shift(600)
    assert not known.is_owner(request_, owner, f"+86{NUMBER}")


def test_no_script_reads_that_a_browser_is_known(request_: HttpRequest, owner: User) -> None:
    phone, response = phones.of(owner), HttpResponse()
    assert phone
    known.remember(request_, response, phone)
    cookie = response.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert cookie["max-age"] == django_settings.KNOWN_BROWSER_LIFETIME


def test_who_is_in_is_the_owner_once_the_second_step_was_taken(
    request_: HttpRequest, owner: User, other: User, settings: Settings
) -> None:
    settings.CAS_URL, settings.CAS_BOTH_STEPS_SINCE = "https://cas.example.edu", timezone.localdate()
    number = f"+86{NUMBER}"
    come_in(request_, owner)
    assert not known.is_owner(request_, owner, number), "by the password alone"
    sessions.note_both_steps(request_, "cas")
    assert known.is_owner(request_, owner, number), "taken elsewhere"
    assert not known.is_owner(request_, other, number), "somebody else's number"
    come_in(request_, owner, device=phones.of(owner))
    assert known.is_owner(request_, owner, number)
    assert not known.is_owner(request_, other, number)
    owner.two_step_from = None
    come_in(request_, owner)
    assert not known.is_owner(request_, owner, number), "two-step is off: everything opens with the password"
    come_in(request_, owner, device=phones.of(owner))
    assert known.is_owner(request_, owner, number), "and it was taken all the same"
