"""最近活动: what the owner of an account reads about it, and what "not me" ends."""

import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Sms
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.maillogin import decision
from apppasswords.maillogin.afterwards import Notebook
from apppasswords.maillogin.decision import Login, Outcome
from tests.conftest import MakeUser
from tests.kit.people import PASSWORD, Person, code_from_phone

LOOK: dict[str, Any] = {"method": "code", "browser": "Firefox 140", "system": "Linux"}
ACTIVITY, NOT_ME = "/security/activity/", "/security/activity/not-me/"


@pytest.fixture
def owner(make_user: MakeUser) -> Person:
    """In English, signed in by password and code."""
    person = Person(make_user("wangwu", name="王五", phone="13800138000"), HTTP_ACCEPT_LANGUAGE="en")
    person.arrive()
    return person


def user_of(person: Person) -> User:
    assert person.user
    return person.user


def page_of(person: Person, path: str = ACTIVITY) -> str:
    response = person.get(path)
    assert response.status_code == 200
    page = re.sub(r"\s+", " ", response.content.decode())
    # Where one is signed in stands before it: tests/accounts/sessions/test_sign_ins.py.
    return re.sub(r'<ul class="panel rows activity" aria-labelledby="signed-in">.*?</ul>', "", page)


def app_password(person: Person, name: str = "Foxmail") -> str:
    made = passwords.create(user_of(person), name)
    assert isinstance(made, tuple)
    return made[1]


def log_in(person: Person, password: str, address: str = "192.0.2.1", protocol: str = "imap") -> Outcome:
    notebook = Notebook()
    verdict = decision.verify(Login(user_of(person).username, password, protocol, address))
    notebook.note(verdict)
    notebook.write()
    return verdict.outcome


def entry_about(person: Person, what: str) -> str:
    """The key behind the "not me" of an entry."""
    items = [item for item in page_of(person).split("<li>") if what in item]
    found = re.search(r"\?entry=([a-z]+-\d+)", items[0])
    assert found, items
    return found.group(1)


# --- What is shown ----------------------------------------------------------------------------------------------------


def test_sign_ins_and_mail_logins_with_when_and_from_where(owner: Person, settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/8")]
    secret = app_password(owner)
    for _ in range(3):
        log_in(owner, secret, "10.1.2.3")
    page = page_of(owner)
    [mail_login] = [item for item in page.split("<li>") if "IMAP" in item]
    assert "Mail login by IMAP with the app password “Foxmail” (3 times that day, this was the last)" in mail_login
    assert "from 10.1.2.3" in mail_login
    assert "campus network" in mail_login
    [sign_in] = [item for item in page.split("<li>") if "Signed in" in item]
    assert "127.0.0.1" in sign_in
    assert "campus" not in sign_in
    assert secret not in page


def test_only_ones_own(owner: Person, make_user: MakeUser) -> None:
    other = make_user("zhaoliu", phone="13900139000")
    events.record(events.Kind.SIGNED_IN, other, address="203.0.113.99", **LOOK)
    MailLogin.objects.create(
        user=other, day=timezone.localdate(), protocol="imap", method="app", address="203.0.113.98"
    )
    page = page_of(owner)
    assert "203.0.113.9" not in page
    foreign = SecurityEvent.objects.get(address="203.0.113.99")
    assert owner.get(f"{NOT_ME}?entry=event-{foreign.pk}").status_code == 404


def test_what_the_office_did_is_said_and_is_no_login(owner: Person, clerk: Person) -> None:
    number = "138****8000"
    events.record(
        events.Kind.PHONE_UNBOUND, user_of(owner), actor=user_of(clerk), address="10.9.9.9", old_number=number
    )
    page = page_of(owner)
    [item] = [item for item in page.split("<li>") if "by the IT office" in item]
    assert "Not me" not in item
    assert "10.9.9.9" not in page, "where the office sits is nobody's business"
    event = SecurityEvent.objects.get(kind="phone_unbound")
    assert owner.get(f"{NOT_ME}?entry=event-{event.pk}").status_code == 404


def test_the_present_browser_is_marked_and_not_doubted(owner: Person) -> None:
    """Only the sign-in that is looked from; the same browser an hour ago is another one."""
    Sms.objects.all().delete()
    elsewhere = Person(user_of(owner), HTTP_ACCEPT_LANGUAGE="en")
    elsewhere.arrive()
    for person in (owner, elsewhere):
        [here] = [item for item in page_of(person).split("<li>") if "this browser" in item]
        assert "Not me" not in here
        event = person.session["event"]
        assert SecurityEvent.objects.get(pk=event).kind == SecurityEvent.Kind.SIGNED_IN
        assert f"entry=event-{event}" not in page_of(person)
    assert owner.session["event"] != elsewhere.session["event"]
    assert f"entry=event-{elsewhere.session['event']}" in page_of(owner)


def test_nothing_on_the_list_is_loud(owner: Person) -> None:
    """A red button under each sign-in frightens; it stands on the page that it leads to."""
    log_in(owner, app_password(owner))
    assert not re.search(r'class="btn[^"]*(danger|primary)', page_of(owner).partition("<h1>")[2])
    assert "btn-danger" in page_of(owner, NOT_ME)


def test_what_is_old_is_not_shown(owner: Person, clock: time_machine.Traveller) -> None:
    events.record(events.Kind.SIGNED_IN, user_of(owner), address="203.0.113.5", **LOOK)
    clock.shift(timedelta(days=89))
    again = Person(user_of(owner), HTTP_ACCEPT_LANGUAGE="en")
    again.arrive()
    assert "203.0.113.5" in page_of(again)
    clock.shift(timedelta(days=3))
    again.arrive()
    assert "203.0.113.5" not in page_of(again)


def test_guesses_do_not_push_sign_ins_off_the_list(owner: Person) -> None:
    SecurityEvent.objects.bulk_create(
        SecurityEvent(user=user_of(owner), username="wangwu@example.edu", kind="code_wrong", address="203.0.113.6")
        for _ in range(600)
    )
    pages = [page_of(owner, f"{ACTIVITY}?page={number}") for number in range(1, 12)]
    assert any("Signed in" in page for page in pages)


def test_it_costs_the_same_for_much_as_for_little(
    owner: Person, django_assert_num_queries: DjangoAssertNumQueries, settings: Settings
) -> None:
    settings.SHARED_NETWORKS = []
    page_of(owner)
    SecurityEvent.objects.bulk_create(
        SecurityEvent(user=user_of(owner), username="wangwu@example.edu", kind="signed_in") for _ in range(200)
    )
    with django_assert_num_queries(10):
        page_of(owner)


@pytest.mark.parametrize("number", ["0", "-1", "99999", "x", ""])
def test_a_page_that_is_none(owner: Person, number: str) -> None:
    page_of(owner, f"{ACTIVITY}?page={number}")


# --- Not me -----------------------------------------------------------------------------------------------------------


def test_not_me_ends_everything_elsewhere_and_stays_here(owner: Person) -> None:
    thief = Person(user_of(owner), HTTP_ACCEPT_LANGUAGE="en")
    Sms.objects.all().delete()
    thief.enter_password()
    thief.enter_code(trust_browser="on")
    assert thief.is_in()
    assert TrustedBrowser.objects.count() == 1
    secret = app_password(owner)
    event = SecurityEvent.objects.filter(kind="signed_in").latest("pk")
    answer = owner.post(f"{NOT_ME}?entry=event-{event.pk}")
    assert answer.headers["Location"] == "/security/password/"
    told = page_of(owner, "/security/password/")
    assert "Everybody else is signed out" in told
    assert "Choose a new mailbox password here" in told
    assert owner.is_in()
    assert not thief.is_in()
    assert not TrustedBrowser.objects.exists()
    assert log_in(owner, secret) is Outcome.YES, "app passwords were not asked to go"
    assert thief.enter_password().headers["Location"] == "/sign-in/code/", "the browser is trusted no more"
    noted = SecurityEvent.objects.get(kind="not_me")
    assert noted.detail["login"] == f"event-{event.pk}"
    assert any("You locked others out" in letter.subject for letter in mail.outbox)


def test_a_foreign_mail_login_offers_to_remove_the_app_passwords(owner: Person) -> None:
    secret = app_password(owner)
    log_in(owner, secret, "203.0.113.7")
    key = entry_about(owner, "IMAP")
    asked = page_of(owner, f"{NOT_ME}?entry={key}")
    assert re.search(r'name="remove_app_passwords"[^>]*checked', asked), "it is the likely wish"
    assert "203.0.113.7" in asked
    assert log_in(owner, secret) is Outcome.YES, "asking does nothing"
    owner.post(f"{NOT_ME}?entry={key}", {"remove_app_passwords": "on"})
    assert log_in(owner, secret) is Outcome.NO
    assert not passwords.of(user_of(owner)).exists()
    assert SecurityEvent.objects.get(kind="not_me").detail["app_passwords_removed"] == 1


def test_a_foreign_sign_in_offers_it_too_unticked(owner: Person) -> None:
    app_password(owner)
    events.record(events.Kind.SIGNED_IN, user_of(owner), address="203.0.113.5", **LOOK)
    asked = page_of(owner, f"{NOT_ME}?entry={entry_about(owner, 'Signed in')}")
    assert 'name="remove_app_passwords"' in asked
    assert not re.search(r'name="remove_app_passwords"[^>]*checked', asked)


def test_without_an_entry_it_works_too(owner: Person) -> None:
    other = Person(user_of(owner))
    Sms.objects.all().delete()
    other.arrive()
    owner.post(NOT_ME)
    assert not other.is_in()
    assert owner.is_in()


def test_it_asks_for_a_fresh_code(owner: Person, clock: time_machine.Traveller) -> None:
    """Or a thief at an open browser would lock the owner out."""
    owner.post("/sign-out/")
    owner.arrive()
    clock.shift(timedelta(minutes=11))
    assert owner.post(NOT_ME).headers["Location"].startswith("/security/confirm/")
    assert not SecurityEvent.objects.filter(kind="not_me").exists()
    owner.post("/security/confirm/", {"send": "1"})
    owner.post("/security/confirm/", {"code": code_from_phone()})
    owner.post(NOT_ME)
    assert SecurityEvent.objects.filter(kind="not_me").exists()


@pytest.mark.parametrize("key", ["event-999999", "mail-1", "use-1", "x", "event-1' OR 1=1", "event-"])
def test_an_entry_that_is_none(owner: Person, key: str) -> None:
    assert owner.post(f"{NOT_ME}?entry={key}").status_code == 404
    assert not SecurityEvent.objects.filter(kind="not_me").exists()


def test_where_the_directory_has_the_passwords(owner: Person, settings: Settings) -> None:
    settings.PASSWORDS_IN_DIRECTORY, settings.HAS_PASSWORD_PAGE = True, False
    assert "where you always do" in page_of(owner, NOT_ME)
    assert owner.post(NOT_ME).headers["Location"] == ACTIVITY
    assert "Change your mailbox password now" in page_of(owner)


def test_the_mailbox_password_still_opens_nothing_alone(owner: Person) -> None:
    owner.post(NOT_ME)
    assert log_in(owner, PASSWORD) is Outcome.NO
