"""Printers, the library, finance: what the office makes for them, and who answers for each."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import TestCase
from django.utils import timezone

from accounts.log.models import SecurityEvent
from accounts.phones import phones
from accounts.users.models import User
from apppasswords import ends, machines
from apppasswords.maillogin import decision
from apppasswords.maillogin.decision import Login, Outcome
from apppasswords.models import AppPassword, Machine
from portal.office import roles
from tests.conftest import MakeUser
from tests.kit.officers import clerk_with
from tests.kit.people import NUMBER, Person

LIST, ADD = "/admin/apppasswords/machine/", "/admin/apppasswords/machine/add/"
INSIDE, OUTSIDE = "198.51.100.7", "203.0.113.7"


@pytest.fixture
def clerk(make_user: MakeUser) -> Person:
    return clerk_with(make_user, roles.ADMINISTRATOR)


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    return make_user("wangwu", phone=NUMBER, language="en")


@pytest.fixture
def printer(make_user: MakeUser) -> User:
    return make_user("printer", language="en")


def asked(**changed: str) -> dict[str, str]:
    last_day = (timezone.localdate() + timedelta(days=400)).isoformat()
    return {
        "name": "Printer, 2nd floor", "purpose": "scans to mail", "mailbox": "printer@example.edu",
        "owner": "wangwu@example.edu", "networks": "198.51.100.0/24", "last_day": last_day,
    } | changed  # fmt: skip


def make(clerk: Person, **changed: str) -> str:
    """The secret, as the page shows it."""
    response = clerk.post(ADD, asked(**changed))
    found = re.search(r'class="secret">((?:[a-z2-9]{4} ){3}[a-z2-9]{4})<', response.content.decode())
    assert found, response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    return found[1]


def told(what: Callable[[], Any]) -> list[tuple[str, str]]:
    """Who was written to meanwhile, and about what."""
    mail.outbox.clear()
    with TestCase.captureOnCommitCallbacks(execute=True):
        what()
    return sorted((message.to[0], str(message.subject)) for message in mail.outbox)


def test_it_sends_and_does_nothing_else(clerk: Person, owner: User, printer: User) -> None:
    secret = make(clerk)
    for protocol in decision.PROTOCOLS:
        for address in (INSIDE, OUTSIDE):
            may = (protocol, address) == ("smtp", INSIDE)
            outcome = decision.verify(Login(printer.username, secret, protocol, address)).outcome
            assert (outcome is Outcome.YES) == may, (protocol, address)


def test_no_form_makes_one_that_reads(clerk: Person, owner: User, printer: User) -> None:
    make(clerk, scope="read send filters", idle_days="90")
    assert AppPassword.objects.get().scope == "send"


def test_the_mailbox_and_who_answers_for_it_are_told(clerk: Person, owner: User, printer: User) -> None:
    assert told(lambda: make(clerk)) == [
        ("printer@example.edu", "A new app password for your mailbox"),
        ("wangwu@example.edu", "You answer for a machine that sends mail"),
    ]
    assert "Done by: the IT office" in str(mail.outbox[0].body)
    made = SecurityEvent.objects.get(kind="machine_made")
    assert (made.username, made.actor_name) == ("wangwu@example.edu", "administrator@example.edu")


def test_it_hangs_on_nobodys_phone(clerk: Person, owner: User, printer: User) -> None:
    """The mailbox of a printer has none; and who answers for it may lose the phone."""
    secret = make(clerk, mailbox=owner.username)
    phone = phones.of(owner)
    assert phone
    phones.unbind(phone, actor=owner)
    assert decision.verify(Login(owner.username, secret, "smtp", INSIDE)).outcome is Outcome.YES


@pytest.mark.parametrize(
    ("field", "entered"),
    [
        ("mailbox", "nobody@example.edu"), ("mailbox", "administrator@example.edu"), ("mailbox", "boss@example.edu"),
        ("owner", "gone@example.edu"), ("owner", ""), ("networks", ""), ("networks", "the library"),
        ("networks", "0.0.0.0/0"), ("networks", "10.0.0.0/8 ::/0"), ("last_day", ""),
        ("last_day", "2020-01-01"), ("purpose", ""), ("name", "x7Kd9Qm2Lp4Rt8Wz"),
    ],
)  # fmt: skip
def test_what_makes_none(
    clerk: Person, owner: User, printer: User, make_user: MakeUser, field: str, entered: str
) -> None:
    make_user("boss", is_staff=True)
    make_user("gone", is_active=False)
    page = clerk.post(ADD, asked(**{field: entered}))
    assert page.status_code == 200
    assert not AppPassword.objects.exists()
    assert 'class="errorlist"' in page.content.decode()


def test_the_list_says_when_it_was_used_and_who_has_left(clerk: Person, owner: User, printer: User) -> None:
    make(clerk)
    used_at = timezone.now()
    AppPassword.objects.update(last_used_at=used_at)
    page = clerk.get(LIST).content.decode()
    for said in ("Printer, 2nd floor", "printer@example.edu", "wangwu@example.edu", "scans to mail"):
        assert said in page
    assert "0 machines" in clerk.get(f"{LIST}?owner=gone").content.decode()
    owner.is_active = False
    owner.save()
    assert "Printer, 2nd floor" in clerk.get(f"{LIST}?owner=gone").content.decode()
    owner.delete()
    assert "Printer, 2nd floor" in clerk.get(f"{LIST}?owner=gone").content.decode()


def test_removed_it_sends_no_more(clerk: Person, owner: User, printer: User) -> None:
    secret = make(clerk)
    clerk.post(LIST, {"action": "remove", "_selected_action": [Machine.objects.get().pk]})
    assert not Machine.objects.exists()
    assert decision.verify(Login(printer.username, secret, "smtp", INSIDE)).outcome is Outcome.NO


def test_its_owner_is_asked_once_a_year(clerk: Person, owner: User, printer: User) -> None:
    make(clerk, last_day=(timezone.localdate() + timedelta(days=1000)).isoformat())
    start, days = timezone.now(), []
    for day in (0, 364, 365, 366, 729, 730, 731):
        with time_machine.travel(start + timedelta(days=day, minutes=1), tick=False):
            if told(machines.ask_owners):
                days.append(day)
                assert "It has never signed in." in str(mail.outbox[0].body)
    assert days == [365, 730]


def test_who_has_left_is_not_asked(clerk: Person, owner: User, printer: User) -> None:
    make(clerk)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    with time_machine.travel(timezone.now() + timedelta(days=366)):
        assert not told(machines.ask_owners)


def test_its_owner_is_told_of_the_end_and_not_the_printer(clerk: Person, owner: User, printer: User) -> None:
    make(clerk)
    with time_machine.travel(timezone.now() + timedelta(days=395)):
        assert told(ends.remind) == [("wangwu@example.edu", "The app password of a machine ends soon")]
