"""Roll-outs and reminders that several workers hold at once."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Count
from pytest_django import DjangoDbBlocker

from accounts.jobs import jobs
from accounts.log.models import SecurityEvent
from accounts.rollouts import rollouts, switching
from accounts.rollouts.models import ReminderMail, Rollout
from accounts.users.models import User
from tests.kit.crowd import Crowd
from tests.kit.databases import database
from tests.kit.newcomers import Newcomer
from tests.kit.plans import drafted, in_days
from tests.kit.servers.postgres import somebody_waits
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

PEOPLE = 1500


@pytest.fixture(autouse=True)
def _no_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The crowd are the workers."""
    monkeypatch.setattr(jobs, "enqueue", lambda _job: None)


def newcomers() -> list[User]:
    prefix = Newcomer().user.username.partition("@")[0]
    return User.objects.bulk_create(User(username=f"{prefix}-{n}@example.edu") for n in range(PEOPLE))


def a_clerk() -> User:
    clerk = Newcomer().user
    User.objects.filter(pk=clerk.pk).update(is_superuser=True)
    clerk.refresh_from_db()
    return clerk


def running(days: float = 30, people: list[User] | None = None) -> Rollout:
    clerk, people = a_clerk(), people or newcomers()
    row = drafted(clerk, in_days(days), people=[user.pk for user in people])
    assert rollouts.carry_out(row, clerk, version=len(people))[0] == rollouts.Outcome.DONE
    return row


# Thieves: fewer than the workers that may die of one batch (JOB_TRIES), after which it stops by itself.
@pytest.mark.parametrize(("deed", "workers"), [("run_rollout", 12), ("steal_rollout", settings.JOB_TRIES - 1)])
def test_many_workers_do_everything_once(crowd: Crowd, deed: str, workers: int) -> None:
    row = running()
    crowd.rush(deed, [{"rollout": row.pk}] * workers)
    row.refresh_from_db()
    assert not row.failed
    assert (row.status, row.done) == (Rollout.Status.DONE, PEOPLE)
    mine = SecurityEvent.objects.filter(kind="two_step_set", detail__rollout=row.pk)
    assert mine.count() == PEOPLE
    assert User.objects.filter(two_step_from=row.start).count() == PEOPLE


def test_each_gets_one_mail_of_many_sweeps(crowd: Crowd) -> None:
    row = running(days=5)
    crowd.rush("run_rollout", [{"rollout": row.pk}])
    ReminderMail.objects.exclude(reminder__rollout=row).delete()
    for _ in range(4):
        crowd.rush("write_reminders", [{}] * 12)
    counted = ReminderMail.objects.filter(reminder__rollout=row).values("user").annotate(n=Count("pk"))
    assert {each["n"] for each in counted} == {1}
    assert len(counted) >= 200


def test_work_that_was_lost_is_given_to_one_sweep(crowd: Crowd) -> None:
    row = running()
    Rollout.objects.filter(pk=row.pk).update(sweep_at=in_days(-1))
    swept = [pk for pks in crowd.rush("lost", [{}] * 12) for pk in pks]
    assert swept.count(row.pk) == 1


def test_what_a_roll_out_remembers_is_read_behind_the_lock(
    postgresql_crowd: Crowd, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a first roll-out is taken back, a second is carried out: the date of the first is not what was before it,
    to be given back one day."""
    begun: list[Future[None]] = []
    with django_db_blocker.unblock(), database(postgresql_crowd.database_url), ThreadPoolExecutor(1) as another:
        owner = Newcomer().user
        User.objects.filter(pk=owner.pk).update(two_step_from=None)
        first, second = running(5, [owner]), running(9, [owner])
        switching.run(first.pk)
        others = switching._others

        def others_later(*given: Any) -> Any:
            begun.append(another.submit(_carry_out, second.pk))
            wait_until(somebody_waits)
            return others(*given)

        monkeypatch.setattr(switching, "_others", others_later)
        first.refresh_from_db()
        assert rollouts.pause(first, a_clerk()) == (rollouts.Outcome.DONE, 1)
        begun[0].result(20)
        assert second.members.get().before is None
        owner.refresh_from_db()
        assert owner.two_step_from == second.start


def _carry_out(pk: int) -> None:
    try:
        switching.run(pk)
    finally:
        connection.close()
