"""Events whose time is over leave the security log, and the rest still verifies."""

from datetime import timedelta

import pytest
from django.test import TestCase
from django.utils import timezone
from pytest_django import Settings

from accounts.audit import audit
from accounts.audit.audit import Audit
from accounts.delivery.models import Mail
from accounts.log import chain, events, tasks
from accounts.log.models import SecurityEvent
from tests.conftest import MakeUser
from tests.kit.tampering import as_named, faults, named, sql, write

Kind = SecurityEvent.Kind


def test_the_log_is_cut_and_stays_whole(make_user: MakeUser, settings: Settings) -> None:
    settings.EVENT_LIFETIME = timedelta(days=100)
    owner, now = make_user("wangwu"), timezone.now()
    old = write(700, owner, at=now - timedelta(days=101))
    young = write(20, owner, at=now - timedelta(days=99))
    for event in (old[0], young[0]):
        Mail.objects.create(user=owner, event=event, language="en", expires_at=now)
    with TestCase.captureOnCommitCallbacks(execute=True):
        tasks.delete_expired.delay()
    assert set(chain.events().filter(kind=Kind.REFUSED).values_list("pk", flat=True)) == {event.pk for event in young}
    cut = SecurityEvent.objects.get(kind=Kind.LOG_CUT)
    assert cut.detail["removed"] == 700
    assert [mail.event_id for mail in Mail.objects.all()] == [young[0].pk]
    found = Audit()
    assert not list(found.faults())
    assert found.begins
    assert found.begins.position == 701
    with TestCase.captureOnCommitCallbacks(execute=True):
        tasks.delete_expired.delay()
    assert SecurityEvent.objects.filter(kind=Kind.LOG_CUT).count() == 1, "nothing to cut, nothing to tell"
    assert not faults()


@pytest.mark.usefixtures("crowd_or_not")
def test_a_log_that_is_cut_while_it_is_verified_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a log of millions that takes minutes. It is read in pages, of which the cut takes what was to come next."""
    now = timezone.now()
    chain.cut(now + timedelta(days=1))  # what others of this database left
    write(9, at=now - timedelta(days=900))
    write(3, at=now)
    monkeypatch.setattr(audit, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(audit, "PROGRESS_EVERY", chain.events().count() - 8)

    def cut(_rows: int) -> None:
        chain.cut(now - timedelta(days=800))

    found = Audit(progress=cut)
    assert not list(found.faults())
    assert found.whole_until == found.ends
    assert found.rows < 9 + 3


@pytest.mark.usefixtures("db")
def test_the_cut_stops_at_the_first_young_event(settings: Settings) -> None:
    now = timezone.now()
    write(5, at=now - timedelta(days=900))
    write(1, at=now)
    write(5, at=now - timedelta(days=900))
    events.delete_expired()
    assert list(chain.events().filter(kind=Kind.REFUSED).order_by("pk").values_list("position", flat=True)) == [
        6, 7, 8, 9, 10, 11
    ]  # fmt: skip


@pytest.mark.usefixtures("db")
def test_all_of_it_can_be_cut() -> None:
    write(5, at=timezone.now() - timedelta(days=900))
    assert chain.cut(timezone.now() - timedelta(days=800)) == 5
    assert not faults()
    write(2)
    assert not faults()
    assert chain.events().earliest("pk").position == 6


CUTS = [
    "UPDATE log_logend SET position = position + 3 WHERE which = 'start'",
    "UPDATE log_logend SET at = '2020-01-01 00:00:00+00:00' WHERE which = 'start'",
    "DELETE FROM log_logend WHERE which = 'start'",
]


@pytest.mark.parametrize("statement", CUTS)
@pytest.mark.usefixtures("db")
def test_a_cut_that_is_not_ours_is_told(statement: str) -> None:
    """Moving the record of the beginning makes the trigger let go of events; it does not make that unseen."""
    write(5, at=timezone.now() - timedelta(days=900))
    write(20)
    chain.cut(timezone.now() - timedelta(days=800))
    sql(statement)
    if "position" in statement:
        sql("DELETE FROM LOG WHERE position <= 8")
        assert chain.events().earliest("position").position == 9
    assert faults()


@pytest.mark.usefixtures("db")
def test_a_removed_beginning_is_told() -> None:
    write(20)
    found = as_named(lambda: sql("DELETE FROM LOG WHERE position <= 4"))
    assert named(found) == [("REMOVED", 1, 4)]
