"""A new app password that waits, while many log in at once: what is noted stays bounded, and nobody stumbles."""

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db import connection as database
from pytest_django import DjangoAssertNumQueries

from accounts.bans.models import Place
from accounts.users import mailbox_passwords
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.maillogin import afterwards as notebooks
from apppasswords.maillogin import decision
from apppasswords.maillogin.afterwards import Notebook
from apppasswords.maillogin.decision import Login
from apppasswords.models import AppPassword, FirstUse, Mistake
from tests.apppasswords.test_connection import HOME, NAME, log_in, make, notebook, owner
from tests.kit.crowd import Crowd
from tests.kit.newcomers import Newcomer
from tests.kit.people import PASSWORD, Person

__all__ = ["notebook", "owner"]  # fixtures


def test_a_flood_is_bounded(owner: Person, notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebooks, "MISTAKES_AT_MOST", 5)
    row, _ = make(owner)
    verdict = decision.verify(Login(NAME, PASSWORD, "imap", HOME))
    assert verdict.slip
    for user_id in range(100_000, 100_100):
        notebook.note(replace(verdict, slip=replace(verdict.slip, user_id=user_id)))
    assert len(notebook._slips) == 5
    notebook.write_mistakes()
    assert not notebook.has_mistakes()
    log_in(notebook, PASSWORD)
    row.refresh_from_db()
    assert row.mistake == Mistake.MAILBOX_PASSWORD


def test_a_flood_of_guesses_at_others_keeps_nobody_waiting(
    owner: Person, notebook: Notebook, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """One look-up sorts out the accounts where nobody waits; no password of theirs is compared."""
    row, _ = make(owner)
    verdict = decision.verify(Login(NAME, PASSWORD, "imap", HOME))
    assert verdict.slip
    for user_id in range(100_000, 100_900):
        notebook.note(replace(verdict, slip=replace(verdict.slip, user_id=user_id)))
    notebook.note(verdict)
    with django_assert_num_queries(4):  # who waits; whose it is, by key and by name; the update
        notebook.write_mistakes()
    assert not notebook.has_mistakes()
    row.refresh_from_db()
    assert row.mistake == Mistake.MAILBOX_PASSWORD


def test_comparisons_in_a_flood_leave_the_processor_to_others(
    owner: Person, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody waits on the first day, and each guess at somebody who waits is compared."""
    make(owner)
    check, computed = mailbox_passwords.check_password, []

    def take_long(*asked: Any) -> User | None:
        began = time.thread_time()
        while time.thread_time() - began < 0.01:
            pass
        computed.append(0.01)
        return check(*asked)

    monkeypatch.setattr(mailbox_passwords, "check_password", take_long)
    began = time.monotonic()
    for number in range(5):
        log_in(notebook, f"wrong {number}", address=f"203.0.113.{number}")
    assert len(computed) == 5
    assert time.monotonic() - began > 5 * sum(computed)


def test_after_a_start_first_uses_are_written_in_portions(
    owner: Person, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in the time of one transaction; what does not get through goes with the next."""
    monkeypatch.setattr(notebooks, "AT_ONCE", 2)
    ends = iter([False, False, True])  # of the counts, and of two portions

    def in_time() -> AbstractContextManager[None]:
        if next(ends):
            raise TimeoutError
        return nullcontext()

    made = [make(owner, f"Foxmail {number}") for number in range(5)]
    for _row, secret in made:
        notebook.note(decision.verify(Login(NAME, secret, "imap", HOME)))
    with pytest.raises(TimeoutError):
        notebook.write(in_time)
    assert FirstUse.objects.count() == 2
    notebook.write()
    assert set(FirstUse.objects.values_list("password", flat=True)) == {row.pk for row, _secret in made}
    assert not AppPassword.objects.filter(last_used_at=None)


def test_a_mistake_that_cannot_be_noted_stops_nothing(owner: Person, notebook: Notebook) -> None:
    _row, secret = make(owner)
    notebook.note(decision.verify(Login(NAME, PASSWORD, "imap", HOME)))
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE apppasswords_apppassword RENAME COLUMN mistake TO away")
    try:
        with pytest.raises(DatabaseError, match="mistake"), transaction.atomic():
            notebook.write_mistakes()
    finally:
        with database.cursor() as cursor:
            cursor.execute("ALTER TABLE apppasswords_apppassword RENAME COLUMN away TO mistake")
    assert not notebook.has_mistakes(), "it is not tried for ever"
    log_in(notebook, secret)


@pytest.mark.slow
def test_of_several_services_the_first_one_writes(crowd: Crowd) -> None:
    owner = Newcomer()
    made = passwords.create(owner.user, "Foxmail")
    assert isinstance(made, tuple)
    pk = made[0].pk
    calls = [
        {"pk": pk, "protocol": protocol, "address": f"192.0.2.{n}"} for n in range(12) for protocol in ("imap", "smtp")
    ]
    crowd.rush("note_first_use", calls)
    assert sorted(FirstUse.objects.filter(password=pk).values_list("protocol", flat=True)) == ["imap", "smtp"]


@pytest.mark.slow
def test_a_password_that_is_removed_meanwhile(crowd: Crowd) -> None:
    """Nobody stumbles, and no use is left of what is gone."""
    for _ in range(10):
        owner = Newcomer()
        made = passwords.create(owner.user, "Foxmail")
        assert isinstance(made, tuple)
        uses = [{"pk": made[0].pk, "protocol": f"p{n}", "address": HOME} for n in range(12)]
        answers = crowd.rush("note_first_use", [*uses, {"pk": 0, "protocol": "", "address": "", "user": owner.user.pk}])
        assert set(answers) <= {"NOTED", "REMOVED"}
        assert not FirstUse.objects.filter(password=made[0].pk).exists()


@pytest.mark.slow
def test_several_services_note_the_same_uses_in_orders_of_their_own(crowd: Crowd) -> None:
    """None waits for another one that waits for it."""
    newcomers = [Newcomer() for _ in range(20)]
    for newcomer in newcomers:
        passwords.create(newcomer.user, "Foxmail")
    keys = list(AppPassword.objects.order_by("pk").values_list("pk", "user"))
    orders = [keys[turn:] + keys[:turn] for turn in range(0, 20, 4)]
    orders += [order[::-1] for order in orders]
    crowd.rush("note_uses", [{"keys": order, "times": 20} for order in orders])
    assert set(FirstUse.objects.values_list("password", flat=True)) == {pk for pk, _user in keys}
    assert not AppPassword.objects.filter(last_used_at=None)
    assert set(Place.objects.filter(network=HOME).values_list("user", flat=True)) == {user for _pk, user in keys}
