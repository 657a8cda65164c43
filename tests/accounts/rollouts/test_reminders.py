"""Mails before the date: to those who still have something to do, and to each once."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery import queue
from accounts.rollouts import letters, placeholders, reminders, rollouts
from accounts.rollouts.models import Reminder, ReminderMail, Rollout
from accounts.users.models import User
from tests.kit import upkeep
from tests.kit.people import Person
from tests.kit.plans import bind, carried_out, in_days, people, uses_mailbox_password


@pytest.fixture
def ready_and_not(clerk: Person) -> dict[str, User]:
    """Who needs what: a phone, an app password, nothing."""
    users = people(5)
    _nobody, old, ready, disabled, english = users
    bind([old, ready])
    uses_mailbox_password([old])
    User.objects.filter(pk=disabled.pk).update(is_active=False)
    User.objects.filter(pk=english.pk).update(language="en")
    return dict(zip(("nobody", "old", "ready", "disabled", "english"), users, strict=True))


def rolled_out(clerk: Person, days: float) -> Rollout:
    assert clerk.user
    start = timezone.localtime(in_days(days)).replace(hour=0, minute=0, second=0, microsecond=0)
    return carried_out(clerk.user, start, departments=["文学院"])


def sweep() -> list[str]:
    """Who got mail by it."""
    before = len(mail.outbox)
    upkeep.sweep()
    return sorted(message.to[0].partition("@")[0] for message in mail.outbox[before:])


def test_only_those_with_something_to_do_get_one(
    clerk: Person, ready_and_not: dict[str, User], clock: time_machine.Traveller
) -> None:
    rolled_out(clerk, 20)
    assert sweep() == []
    clock.shift(timedelta(days=6, hours=-3, seconds=-1))  # one second before nine o'clock
    assert sweep() == []
    clock.shift(timedelta(seconds=1))
    assert sweep() == ["p0", "p1", "p4"]
    assert sweep() == []
    first, second, english = sorted(mail.outbox[-3:], key=lambda message: message.to[0])
    assert "客户端专用密码" not in str(english.body)
    assert english.subject.startswith("Two-step verification for your mailbox begins on ")
    assert "p0@example.edu" in str(first.body)
    assert first.body.count("\n- ") == second.body.count("\n- ") == 1
    assert first.extra_headers["Auto-Submitted"] == "auto-generated"


def test_each_round_asks_anew_who_needs_it(
    clerk: Person, ready_and_not: dict[str, User], clock: time_machine.Traveller
) -> None:
    rolled_out(clerk, 20)
    clock.shift(timedelta(days=6))
    assert len(sweep()) == 3
    bind([ready_and_not["nobody"]], first=13700000000)
    clock.shift(timedelta(days=7))
    assert sweep() == ["p1", "p4"]
    clock.shift(timedelta(days=6))
    assert sweep() == ["p1", "p4"]
    clock.shift(timedelta(days=1))
    assert sweep() == []
    assert not Reminder.objects.filter(finished_at=None).exists()


def test_of_two_that_are_due_the_later_goes_out(
    clerk: Person, ready_and_not: dict[str, User], clock: time_machine.Traveller
) -> None:
    """The date is five days away: those of 14 and of 7 days before are due, and one mail is enough."""
    row = rolled_out(clerk, 5)
    assert len(sweep()) == 3
    assert sweep() == []
    assert {r.days: r.mails.count() for r in row.reminders.all()} == {14: 0, 7: 3, 1: 0}
    assert row.reminders.get(days=14).skipped


def test_from_today_on_nobody_is_reminded(clerk: Person, ready_and_not: dict[str, User]) -> None:
    rolled_out(clerk, 0)
    assert sweep() == []
    assert not ReminderMail.objects.exists()


def test_a_few_at_a_time(
    clerk: Person, settings: Settings, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other notices wait in the same queue."""
    settings.REMINDERS_AT_ONCE = 3
    people(7)
    row = rolled_out(clerk, 5)
    with monkeypatch.context() as patch:
        patch.setattr(queue, "publish", lambda _row: True)  # a queue that nobody empties
        upkeep.sweep()
        upkeep.sweep()
    assert ReminderMail.objects.count() == 3
    clock.shift(timedelta(seconds=11))
    told: list[str] = []
    for _ in range(4):
        told += sweep()
        clock.shift(timedelta(seconds=11))
    assert sorted(told) == [f"p{n}" for n in range(7)]
    assert row.reminders.get(days=7).finished_at


def test_two_sweeps_at_once_write_one_mail_each(clerk: Person) -> None:
    people(3)
    row = rolled_out(clerk, 5)
    reminder = row.reminders.get(days=7)
    reminders._write(reminder, timezone.now())
    members = list(reminders.needy(row).select_related("user"))
    now = timezone.now()
    again = [ReminderMail(user=m.user, reminder=reminder, language="en", expires_at=now) for m in members]
    ReminderMail.objects.bulk_create(again, ignore_conflicts=True)
    assert ReminderMail.objects.count() == 3


def test_a_rollout_that_was_stopped_sends_nothing(
    clerk: Person, monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller
) -> None:
    """Not even what waits in the queue."""
    assert clerk.user
    people(3)
    row = rolled_out(clerk, 5)
    with monkeypatch.context() as patch:
        patch.setattr(queue, "publish", lambda _row: True)
        upkeep.sweep()
    assert ReminderMail.objects.filter(status="queued").count() == 3
    rollouts.pause(row, clerk.user)
    clock.shift(timedelta(minutes=1))
    assert sweep() == []


def test_an_exception_stops_the_reminders_of_a_person(clerk: Person, clock: time_machine.Traveller) -> None:
    from accounts.rollouts import exemptions  # noqa: PLC0415

    assert clerk.user
    users = people(2)
    rolled_out(clerk, 20)
    exemptions.make(users[0], in_days(90), "abroad", actor=clerk.user)
    clock.shift(timedelta(days=6))
    assert sweep() == ["p1"]


def test_the_days_are_the_clerks(clerk: Person, clock: time_machine.Traveller) -> None:
    people(1)
    row = rolled_out(clerk, 20)
    rollouts.write(row, [3], subject_zh="{name}", text_zh="{to_do} {date} {nothing}")
    assert [r.days for r in row.reminders.all()] == [3]
    clock.shift(timedelta(days=17))
    assert sweep() == ["p0"]
    assert mail.outbox[-1].subject == "p 0"
    assert "{nothing}" in mail.outbox[-1].body


@pytest.mark.parametrize(
    ("begin", "alone", "asked"),
    [("phone,app", "phone,app", "/security/phone/"), ("app", "app", "/security/factors/app/"),
     ("phone,app", "app", "/security/factors/app/")],
)  # fmt: skip
def test_a_letter_asks_for_what_may_be_added(settings: Settings, begin: str, alone: str, asked: str) -> None:
    settings.SECOND_STEPS_TO_BEGIN, settings.SECOND_STEPS_ALONE = begin.split(","), alone.split(",")
    [line] = letters.Reader("王五", "wangwu@example.edu", is_unbound=True, lacks_app_passwords=False).to_do()
    assert line.endswith(asked)


def test_words_in_braces_and_nothing_else_are_replaced() -> None:
    assert placeholders.filled("{name} {name.__class__} {x} {{name}}", {"name": "{date}", "date": "no"}) == (
        "{date} {name.__class__} {x} {{date}}"
    )
    assert placeholders.unknown("{name} {Name} {to do} {}") == ["", "Name"]


def test_in_the_morning_of_the_day() -> None:
    start = timezone.make_aware(datetime(2030, 9, 1, 0, 0))  # noqa: DTZ001
    assert timezone.localtime(Reminder.due(start, 7)).isoformat() == "2030-08-25T09:00:00+08:00"
