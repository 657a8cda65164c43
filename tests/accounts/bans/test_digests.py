"""What is kept of a wrong password: enough to know it again while it counts, and nothing afterwards."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.bans import causes, digests, failures
from accounts.bans.models import Ban, Failure
from accounts.bans.tasks import forget_digests
from accounts.lib.clock import iso
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from portal.celery import app

ADDRESS, ACCOUNT = "198.51.100.7", "lisi@example.edu"


def wrong(password: str = "wrong", times: int = 1) -> failures.Noted:
    for _time in range(times):
        noted = failures.note_failure(ADDRESS, ACCOUNT, password, "imap")
    return noted


@pytest.mark.django_db
@pytest.mark.bypass("C6: 78,000 guesses a second against a stolen copy, thirty days later")
@pytest.mark.parametrize("forget", [forget_digests, failures.delete_expired], ids=["hourly", "nightly"])
def test_it_is_gone_when_the_failure_counts_no_more(
    clock: time_machine.Traveller, settings: Settings, forget: Callable[[], None]
) -> None:
    wrong()
    clock.shift(settings.FAILURE_LIFETIME - timedelta(seconds=1))
    forget()
    assert Failure.objects.get().password_digest
    clock.shift(timedelta(seconds=1))
    forget()
    assert Failure.objects.get().password_digest == ""
    with CaptureQueriesContext(connection) as asked:
        forget_digests()
    assert not any(query["sql"].startswith("UPDATE") for query in asked), "what has none is left alone"


def test_it_is_looked_after_each_hour() -> None:
    entry = app.conf.beat_schedule["bans-forget-digests"]
    assert (entry["task"], len(entry["schedule"].hour), len(entry["schedule"].minute)) == ("bans.forget_digests", 24, 1)


@pytest.mark.django_db
def test_a_success_takes_it_along() -> None:
    wrong()
    failures.note_success(ADDRESS, ACCOUNT)
    assert Failure.objects.get().password_digest == ""


def test_each_day_has_a_key_of_its_own() -> None:
    now = timezone.now()
    today, yesterday = digests.of("wrong", now)
    assert today != yesterday
    assert digests.of("wrong", now + timedelta(days=1))[1] == today
    assert len(today) == digests.LENGTH, "so short that many passwords have it"


@pytest.mark.parametrize(("days", "keys"), [(1, 2), (1.5, 3), (3, 4)])
def test_a_key_is_asked_as_long_as_its_failures_count(settings: Settings, days: float, keys: int) -> None:
    settings.FAILURE_LIFETIME = timedelta(days=days)
    assert len(digests.of("wrong", timezone.now())) == keys


def test_keys_change_while_people_sleep() -> None:
    four = timezone.localtime().replace(hour=4, minute=0, second=0, microsecond=0)
    changed = {hours: digests.of("wrong", four + timedelta(hours=hours))[0] for hours in (-23, -0.01, 0, 19.99)}
    assert changed[-23] == changed[-0.01] != changed[0] == changed[19.99]


@pytest.mark.django_db
def test_a_repeat_is_known_over_night(clock: time_machine.Traveller, settings: Settings) -> None:
    settings.BAN_COUNTS_REPEATS = False
    settings.BAN_AFTER_FAILURES = 3
    wrong(times=5)
    clock.shift(timedelta(hours=20))  # another key by now
    wrong(times=5)
    assert [row.is_guess for row in Failure.objects.order_by("pk")] == [True] + [False] * 9
    wrong("another")
    assert not Ban.objects.exists()
    assert wrong("a third").banned_until


@pytest.mark.django_db
def test_the_office_still_learns_of_an_old_phone() -> None:
    wrong("the password of last year", times=10)
    ban = Ban.objects.get()
    assert causes.of(ban) is causes.Cause.OLD_PHONE
    assert (ban.failure_count, ban.password_count, ban.guess_count) == (10, 1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("shared", [True, False])
def test_every_ban_is_in_the_security_log(settings: Settings, *, shared: bool) -> None:
    User.objects.create_user(ACCOUNT)
    if shared:
        settings.SHARED_NETWORKS = [ip_network("198.51.100.0/24")]
    until = wrong(times=10).banned_until
    event = SecurityEvent.objects.get(kind="banned")
    assert (event.address, event.detail["failures"]) == (ADDRESS, 10)
    assert event.username == (ACCOUNT if shared else ""), "of one account it is the owner's, of an address nobody's"
    assert until
    assert event.detail["until"] == iso(until)
