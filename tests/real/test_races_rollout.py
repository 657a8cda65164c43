"""Roll-outs and reminders that several workers hold at once."""

import pytest
from django.conf import settings
from django.db.models import Count

from accounts.jobs import jobs
from accounts.log.models import SecurityEvent
from accounts.rollouts import rollouts
from accounts.rollouts.models import ReminderMail, Rollout
from accounts.users.models import User
from tests.kit.crowd import Crowd
from tests.kit.newcomers import Newcomer
from tests.kit.plans import drafted, in_days

pytestmark = pytest.mark.slow

PEOPLE = 1500


@pytest.fixture(autouse=True)
def _no_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The crowd are the workers."""
    monkeypatch.setattr(jobs, "enqueue", lambda _job: None)


def newcomers() -> list[User]:
    prefix = Newcomer().user.username.partition("@")[0]
    return User.objects.bulk_create(User(username=f"{prefix}-{n}@example.edu") for n in range(PEOPLE))


def running(days: float = 30) -> Rollout:
    clerk = Newcomer().user
    User.objects.filter(pk=clerk.pk).update(is_superuser=True)
    clerk.refresh_from_db()
    row = drafted(clerk, in_days(days), people=[user.pk for user in newcomers()])
    assert rollouts.carry_out(row, clerk, version=PEOPLE)[0] == rollouts.Outcome.DONE
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
