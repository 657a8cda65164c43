"""A mail program that did not get in: which mistake it was, said to who waits for it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection as database
from pytest_django import DjangoAssertNumQueries

from accounts.users import mailbox_passwords
from accounts.users.models import User
from apppasswords.maillogin import decision
from apppasswords.maillogin.afterwards import Notebook
from apppasswords.maillogin.decision import Login, Outcome
from apppasswords.models import AppPassword, Mistake
from tests.apppasswords.test_connection import HOME, NAME, again, log_in, make, notebook, owner, shown, user_of, write
from tests.kit.people import PASSWORD, Person
from tests.kit.snapshots import everything

__all__ = ["notebook", "owner"]  # fixtures

# --- Mistakes --------------------------------------------------------------------------------------------------------


def slip_of(text: str) -> str:
    """Two neighbours exchanged."""
    place = next(place for place in range(15) if text[place] != text[place + 1])
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


@pytest.mark.parametrize(
    ("user", "password", "mistake", "told"),
    [
        ("wangwu", "", Mistake.BARE_NAME, "enter the whole address as the user name: <b>wangwu@example.edu</b>"),
        (NAME, PASSWORD, Mistake.MAILBOX_PASSWORD, "The mailbox password was entered"),
        (NAME, "slip", Mistake.MISTYPED, "letter by letter"),
        (NAME, "the one of last year", Mistake.WRONG, "A wrong password was entered"),
        (NAME, "", Mistake.WRONG, "A wrong password was entered"),
    ],
)
def test_each_mistake_is_named(
    owner: Person, notebook: Notebook, user: str, password: str, mistake: Mistake, told: str
) -> None:
    row, secret = make(owner)
    page = shown(owner, row)
    tried = {"": secret if user != NAME else "", "slip": slip_of(secret)}.get(password, password)
    assert log_in(notebook, tried, user=user).outcome is Outcome.NO
    row.refresh_from_db()
    assert row.mistake == mistake
    assert again(owner, page) == 200
    page = shown(owner, row)
    assert told in page
    assert HOME in page
    assert "IMAP" in page
    assert again(owner, page) == 204
    assert not tried or tried not in page.replace(NAME, "")
    assert row.get_mistake_display() in re.sub(r"\s+", " ", owner.get("/app-passwords/").content.decode())
    log_in(notebook, secret)
    assert "Foxmail is connected" in shown(owner, row)


def test_a_mailbox_password_that_is_random_is_the_mailbox_password(owner: Person, notebook: Notebook) -> None:
    """As a password manager makes them: it looks like an app password, and is none."""
    user = user_of(owner)
    user.set_password("x7Kd9Qm2Lp4Rt8Wz0")
    user.save()
    row, _secret = make(owner)
    log_in(notebook, "x7Kd9Qm2Lp4Rt8Wz0")
    row.refresh_from_db()
    assert row.mistake == Mistake.MAILBOX_PASSWORD


def test_a_program_that_repeats_itself_is_compared_once(
    owner: Person, notebook: Notebook, monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller
) -> None:
    """A directory would count each comparison as a guess, and lock the account in the end."""
    asked: list[str] = []
    compare = mailbox_passwords.check_password

    def counting(name: str, password: str, *_asker: object) -> User | None:
        asked.append(name)
        return compare(name, password)

    row, _secret = make(owner)
    monkeypatch.setattr(mailbox_passwords, "check_password", counting)
    for address, password in [("192.0.2.1", "of last year"), ("192.0.2.2", "of last year"), ("192.0.2.3", PASSWORD)]:
        clock.shift(timedelta(seconds=5))
        log_in(notebook, password, address=address)
        row.refresh_from_db()
        assert row.mistake_address == address
    assert row.mistake == Mistake.MAILBOX_PASSWORD
    assert len(asked) == 2


def test_of_two_services_the_later_mistake_stays(owner: Person, notebook: Notebook) -> None:
    row, secret = make(owner)
    slow = decision.verify(Login(NAME, PASSWORD, "imap", HOME))
    log_in(notebook, secret, user="wangwu")
    other = Notebook()
    other.note(slow)
    write(other)
    row.refresh_from_db()
    assert row.mistake == Mistake.BARE_NAME


def test_a_ban_says_until_when_and_that_it_is_over(
    owner: Person, notebook: Notebook, clock: time_machine.Traveller
) -> None:
    owner.arrive()
    row, secret = make(owner)
    for _ in range(10):
        log_in(notebook, "the one of last year")
    page = shown(owner, row)
    assert "A wrong password was entered" in page
    assert "Until 13:00 even the right password is refused" in page
    assert log_in(notebook, secret).outcome is Outcome.BANNED
    page = shown(owner, row)
    assert "the network address is banned" in page
    assert "Until 13:00" in page
    clock.shift(timedelta(minutes=61))
    assert "The ban is over by now" in shown(owner, row)


def test_a_mistake_from_before_is_not_this_ones(owner: Person, notebook: Notebook) -> None:
    log_in(notebook, PASSWORD)
    late = decision.verify(Login(NAME, PASSWORD, "imap", HOME))
    row, _secret = make(owner)
    notebook.note(late)
    write(notebook)
    row.refresh_from_db()
    assert row.mistake == ""


def test_only_what_waits_is_told(owner: Person, notebook: Notebook, clock: time_machine.Traveller) -> None:
    old, _ = make(owner, "old")
    used, secret = make(owner, "used")
    log_in(notebook, secret)
    clock.shift(timedelta(minutes=61))
    new, _ = make(owner, "new")
    _young, secret = make(owner, "young and used")
    log_in(notebook, secret)
    log_in(notebook, PASSWORD)
    told = dict(AppPassword.objects.values_list("name", "mistake"))
    assert told == {"old": "", "used": "", "new": "mailbox", "young and used": ""}
    assert new.pk > used.pk > old.pk


def test_who_waits_for_nothing_costs_no_comparison(
    owner: Person, notebook: Notebook, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The mailbox password takes long to compare, and a directory counts who asks."""
    notebook.note(decision.verify(Login(NAME, PASSWORD, "imap", HOME)))
    with django_assert_num_queries(1):
        notebook.write_mistakes()


@pytest.mark.bypass("row 42: secrets in the database")
def test_what_was_typed_is_kept_nowhere(owner: Person, notebook: Notebook) -> None:
    make(owner)
    canary = "canary-51c0de-of-another-site"
    verdict = log_in(notebook, canary)
    assert canary not in repr(verdict)
    assert canary not in str(everything())
    with database.cursor() as cursor:
        cursor.execute("SELECT * FROM apppasswords_apppassword")
        assert canary not in str(cursor.fetchall())
