"""What a browser session is worth: its key, its age, and whose it is."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection

from accounts.sessions.storage import store
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, OTHER_NUMBER, PASSWORD, Person, code_from_phone
from tests.kit.snapshots import changed, everything

COOKIE = django_settings.SESSION_COOKIE_NAME


def key_of(person: Person) -> str:
    return person.cookies[COOKIE].value if COOKIE in person.cookies else ""


def with_key(key: str) -> Person:
    person = Person()
    person.cookies[COOKIE] = key
    return person


# --- Keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.bypass("row 37: mailcow CVE-2017-8928: the same key before and after the sign-in")
def test_the_key_changes_at_every_step_and_the_old_one_is_dead(wangwu: Person) -> None:
    new = "correct-horse-42"
    steps: dict[str, Callable[[], object]] = {
        "password": wangwu.enter_password,
        "code": wangwu.enter_code,
        "fresh code": lambda: (
            wangwu.post("/security/confirm/", {"send": "1"}),
            wangwu.post("/security/confirm/", {"code": code_from_phone()}),
        ),
        "new password": lambda: wangwu.post(
            "/security/password/", {"old_password": PASSWORD, "new_password": new, "new_password_again": new}
        ),
        "new phone": lambda: (
            wangwu.post("/security/phone/change/"),
            wangwu.post("/security/phone/change/", {"code": code_from_phone(NUMBER)}),
            wangwu.post("/security/phone/change/", {"number": OTHER_NUMBER}),
            wangwu.post("/security/phone/change/", {"code": code_from_phone(OTHER_NUMBER)}),
        ),
    }
    keys = [""]
    for step, take in steps.items():
        take()
        keys.append(key_of(wangwu))
        assert keys[-1] not in keys[:-1], step
        assert not Session.objects.filter(pk=store.digest(keys[-2])).exists(), step
        assert with_key(keys[-2] or "none").get("/").status_code == 302
    assert wangwu.is_in()


def test_a_copy_of_the_database_opens_nothing(wangwu: Person) -> None:
    """Neither by what stands in the table, nor by what another version would have looked up."""
    wangwu.arrive()
    (row,) = Session.objects.all()
    assert row.pk == store.digest(key_of(wangwu)) != key_of(wangwu)
    assert not with_key(row.pk).is_in()
    row.pk = "a" * 32  # as it was kept before
    row.save()
    assert not with_key(row.pk).is_in()


def test_people_stay_signed_in_when_keys_become_digests(wangwu: Person) -> None:
    wangwu.arrive()
    row = Session.objects.get()
    Session.objects.all().update(session_key=key_of(wangwu))
    assert not with_key(key_of(wangwu)).is_in()
    migration = import_module("accounts.sessions.migrations.0002_digests_of_sessions")
    for _twice in range(2):
        migration.digest(apps, None)
    assert Session.objects.get().pk == row.pk
    assert wangwu.is_in()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_ends_no_session(wangwu: Person) -> None:
    """Django's own store takes any error for a session that was deleted meanwhile: the person's fault."""
    wangwu.arrive()

    def away(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if sql.startswith("UPDATE") and "django_session" in sql:
            raise OperationalError("the database is away")
        return execute(sql, *args)

    with connection.execute_wrapper(away):
        assert wangwu.post("/security/confirm/", {"send": "1"}).status_code == 503
    assert wangwu.is_in()


def test_a_session_that_ends_while_a_page_is_made_is_nobodys_mistake(wangwu: Person) -> None:
    """Another tab has signed in or out meanwhile. Django calls that a bad request."""
    wangwu.arrive()

    def ended(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if sql.startswith("UPDATE") and "django_session" in sql:
            execute('DELETE FROM "django_session"', (), *args[1:])
        return execute(sql, *args)

    with connection.execute_wrapper(ended):
        answer = wangwu.post("/security/confirm/", {"send": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/security/confirm/")
    assert wangwu.get("/security/confirm/").headers["Location"].startswith("/sign-in/")


@pytest.mark.bypass("row 37: a planted id")
@pytest.mark.parametrize("planted", ["a" * 32, "0" * 32, "../../etc/passwd", "x"])
def test_a_planted_key_is_refused(wangwu: Person, planted: str) -> None:
    wangwu.cookies[COOKIE] = planted
    wangwu.arrive()
    assert key_of(wangwu) != planted
    assert not with_key(planted).is_in()


@pytest.mark.bypass("row 37: the session of an attacker, handed to a victim")
def test_a_planted_session_is_not_carried_on(wangwu: Person, lisi: Person) -> None:
    lisi.arrive()
    planted = key_of(lisi)
    wangwu.cookies[COOKIE] = planted
    wangwu.post("/sign-out/")
    wangwu.cookies[COOKIE] = planted
    wangwu.arrive()
    assert key_of(wangwu) != planted
    assert not with_key(planted).is_in()


# --- Half-way --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "goes_on"), [(9.9, True), (10, False)])
def test_halfway_lives_ten_minutes(
    wangwu: Person, clock: time_machine.Traveller, minutes: float, goes_on: bool
) -> None:
    wangwu.enter_password()
    clock.shift(timedelta(minutes=minutes))
    assert (wangwu.get("/sign-in/code/").status_code == 200) is goes_on


def test_a_new_code_does_not_make_halfway_live_longer(wangwu: Person, clock: time_machine.Traveller) -> None:
    wangwu.enter_password()
    for _minute in range(4):
        clock.shift(timedelta(minutes=2.4))
        wangwu.post("/sign-in/code/", {"send": "1"})
    clock.shift(timedelta(minutes=0.5))
    wangwu.enter_code()
    assert not wangwu.is_in()


@pytest.mark.bypass("row 11: a clock set back makes half-way live longer")
def test_a_clock_set_back_does_not_make_halfway_live_long(wangwu: Person, clock: time_machine.Traveller) -> None:
    wangwu.enter_password()
    clock.shift(timedelta(hours=-1))
    assert wangwu.get("/sign-in/code/").status_code == 302
    clock.shift(timedelta(hours=1))
    assert wangwu.get("/sign-in/code/").status_code == 302, "what was over stays over"


@pytest.mark.bypass("row 22: allauth 64.1: signing out half-way leaves the state")
def test_signing_out_halfway_wipes_it(wangwu: Person) -> None:
    wangwu.enter_password()
    key, code = key_of(wangwu), code_from_phone()
    wangwu.post("/sign-out/")
    for browser in (wangwu, with_key(key)):
        browser.post("/sign-in/code/", {"code": code})
        assert not browser.is_in()
    assert not Session.objects.filter(pk=store.digest(key)).exists()


@pytest.mark.bypass("row 16: GitLab CVE-2021-39890: both factors, whichever way")
def test_another_sign_in_takes_the_place_of_the_first(wangwu: Person, lisi: Person) -> None:
    """Half-way as one person, then with the password of another: no step of the first counts for the second."""
    wangwu.enter_password()
    code = code_from_phone()
    wangwu.enter_password(name="lisi")
    assert wangwu.is_in()
    assert "李四" in wangwu.get("/").content.decode()
    wangwu.post("/sign-out/")
    wangwu.post("/sign-in/code/", {"code": code})
    assert not wangwu.is_in()


def test_a_session_of_another_browser_has_no_use_for_the_code(wangwu: Person) -> None:
    """Who knows the password and saw a code of another browser is not in."""
    attacker = Person(wangwu.user)
    attacker.enter_password()
    wangwu.enter_password()  # too soon: no second code is sent
    wangwu.post("/sign-in/code/", {"code": code_from_phone()})
    assert not wangwu.is_in()


# --- In --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "is_in"), [(11.9, True), (12, False)])
def test_a_session_lives_twelve_hours_however_busy(
    lisi: Person, clock: time_machine.Traveller, hours: float, is_in: bool
) -> None:
    lisi.arrive()
    for _part in range(10):
        clock.shift(timedelta(hours=hours / 10))
        answer = lisi.is_in()
    assert answer is is_in


def test_a_clock_set_back_does_not_make_a_session_live_long(lisi: Person, clock: time_machine.Traveller) -> None:
    lisi.arrive()
    clock.shift(timedelta(hours=-1))
    assert not lisi.is_in()


@pytest.mark.bypass("row 27: MISP CVE-2026-95754, authentik CVE-2025-64521: a disabled account goes on")
def test_a_disabled_account_is_out_at_the_next_request(make_user: MakeUser) -> None:
    people = [Person(make_user("lisi", two_step=False)), Person(make_user("wangwu", phone=NUMBER))]
    halfway = Person(make_user("zhaoliu", phone=OTHER_NUMBER))
    for person in people:
        person.arrive()
    halfway.enter_password()
    code = code_from_phone(OTHER_NUMBER)
    User.objects.update(is_active=False)
    assert not any(person.is_in() for person in people)
    assert halfway.post("/sign-in/code/", {"code": code}).headers["Location"] == "/sign-in/"
    User.objects.update(is_active=True)
    assert not halfway.is_in()


def test_a_session_without_a_beginning_is_over(lisi: Person) -> None:
    """Whatever way it came to be: it did not come from the sign-in."""
    assert lisi.user
    lisi.force_login(lisi.user)
    assert not lisi.is_in()


def test_signing_out_ends_the_session_and_only_that(wangwu: Person, lisi: Person) -> None:
    wangwu.arrive()
    lisi.arrive()
    key = key_of(wangwu)
    wangwu.post("/sign-out/")
    assert not with_key(key).is_in()
    assert lisi.is_in()
    before = everything()
    Person().post("/sign-out/")
    assert set(changed(before)) <= {"sessions.Session"}
