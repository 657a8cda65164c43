"""Two-step is switched on from a date, also while somebody is signed in."""

from datetime import timedelta

import time_machine
from django.utils import timezone

from accounts.log.models import SecurityEvent
from accounts.rollouts import rollouts
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, Person, code_from_phone


def switch_on(person: Person, clerk: Person, in_days: float = 0) -> int:
    assert clerk.user
    users = User.objects.filter(pk=person.user.pk) if person.user else []
    return rollouts.switch_on(users, timezone.now() + timedelta(days=in_days), actor=clerk.user)


def test_from_the_date_on(lisi: Person, clerk: Person, clock: time_machine.Traveller) -> None:
    switch_on(lisi, clerk, in_days=1)
    clock.shift(timedelta(days=1, seconds=-1))
    assert lisi.enter_password().headers["Location"] == "/"
    assert lisi.is_in()
    clock.shift(timedelta(seconds=1))
    assert lisi.get("/").headers["Location"] == "/sign-in/phone/"


def test_while_signed_in_it_leads_to_binding(lisi: Person, clerk: Person) -> None:
    lisi.arrive()
    switch_on(lisi, clerk)
    assert lisi.get("/security/browsers/").headers["Location"] == "/sign-in/phone/"
    assert lisi.bind().headers["Location"] == "/"
    assert lisi.is_in()


def test_while_signed_in_with_a_phone_it_leads_to_the_code(make_user: MakeUser, clerk: Person) -> None:
    person = Person(make_user("lisi", two_step=False, phone=NUMBER))
    person.arrive()
    switch_on(person, clerk)
    assert person.get("/security/browsers/").headers["Location"] == "/sign-in/code/"
    person.post("/sign-in/code/", {"send": "1"})
    person.post("/sign-in/code/", {"code": code_from_phone()})
    assert person.is_in()


def test_who_confirmed_with_a_code_just_now_goes_on(make_user: MakeUser, clerk: Person) -> None:
    person = Person(make_user("lisi", two_step=False, phone=NUMBER))
    person.arrive()
    person.post("/security/confirm/", {"send": "1"})
    person.post("/security/confirm/", {"code": code_from_phone()})
    switch_on(person, clerk)
    assert person.is_in()


def test_an_earlier_date_stays(lisi: Person, clerk: Person) -> None:
    assert switch_on(lisi, clerk, in_days=5) == 1
    assert switch_on(lisi, clerk, in_days=9) == 0
    assert switch_on(lisi, clerk, in_days=1) == 1
    assert lisi.user
    lisi.user.refresh_from_db()
    assert lisi.user.two_step_from
    assert timedelta(hours=23) < lisi.user.two_step_from - timezone.now() <= timedelta(days=1)


def test_the_log_names_the_clerk(lisi: Person, clerk: Person) -> None:
    switch_on(lisi, clerk)
    event = SecurityEvent.objects.get(kind="two_step_set")
    assert (event.user, event.actor) == (lisi.user, clerk.user)


def test_unbinding_is_no_way_around_it(wangwu: Person) -> None:
    wangwu.arrive()
    wangwu.post("/security/phone/unbind/")
    wangwu.post("/security/phone/unbind/", {"code": code_from_phone()})
    assert wangwu.get("/").headers["Location"] == "/sign-in/phone/"
    assert wangwu.user
    assert wangwu.user.two_step_is_on()
