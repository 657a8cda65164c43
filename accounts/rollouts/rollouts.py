"""Who must use two-step, from when: a dry run first, then what it showed and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.jobs import jobs
from accounts.lib.batches import BATCH
from accounts.log import events
from accounts.rollouts import letters, reminders, selection, switching
from accounts.rollouts.models import Rollout, RolloutMember
from accounts.users import ways
from accounts.users.models import User

Status = Rollout.Status


class Outcome(Enum):
    DONE = auto()
    CHANGED = auto()  # people changed since the dry run: there is a new one to look at
    WARN = auto()  # the clerk himself has bound nothing, and has not said that he knows
    GONE = auto()  # it is no longer in a state for that


@dataclass(frozen=True)
class Difference:
    """Between a dry run and now."""

    came: int = 0
    gone: int = 0
    otherwise: int = 0  # are still meant, but something else would be done

    def __bool__(self) -> bool:
        return bool(self.came or self.gone or self.otherwise)


def switch_on(users: Iterable[User], start: datetime, *, actor: User, address: str = "") -> int:
    """From `start`; an earlier date stays, and so does an exemption that lasts longer. Returns for how many it changed
    something."""
    return switching.switch_on([user.pk for user in users], start, actor=actor, address=address)


def draft(choice: dict[str, Any], start: datetime, clerk: User) -> Rollout:
    """The dry run: it notes who is meant, and what would become of each."""
    rollout = Rollout(choice=choice, start=start, made_by=clerk)
    rollout.subject_zh, rollout.text_zh = letters.default_words("zh-hans")
    rollout.subject_en, rollout.text_en = letters.default_words("en")
    with transaction.atomic():
        rollout.save()
        _note(rollout, clerk)
        reminders.plan(rollout, reminders.DAYS)
    return rollout


def redraw(rollout: Rollout, choice: dict[str, Any], start: datetime, clerk: User) -> bool:
    """Another choice or date for a dry run. False: it is none any more."""
    with transaction.atomic():
        rows = Rollout.objects.filter(pk=rollout.pk, status=Status.DRAFT)
        if not rows.update(choice=choice, start=start, made_by=clerk):
            return False
        rollout.refresh_from_db()
        _note(rollout, clerk)
        reminders.plan(rollout, list(rollout.reminders.values_list("days", flat=True)))
    return True


def _note(rollout: Rollout, clerk: User) -> None:
    keys = selection.find(rollout.choice, clerk)
    fates = switching.fates(keys, rollout.start)
    rollout.members.all().delete()
    rows = (RolloutMember(rollout=rollout, user_id=pk, planned=fates[pk]) for pk in keys if pk in fates)
    RolloutMember.objects.bulk_create(rows, batch_size=BATCH)
    rollout.total = len(fates)
    rollout.save(update_fields=["total"])


def difference(rollout: Rollout, clerk: User) -> Difference:
    """What is otherwise than the dry run showed."""
    planned = dict(rollout.members.values_list("user_id", "planned"))
    now = switching.fates(selection.find(rollout.choice, clerk), rollout.start)
    return Difference(
        came=len(now.keys() - planned.keys()),
        gone=len(planned.keys() - now.keys()),
        otherwise=sum(planned[pk] != now[pk] for pk in planned.keys() & now.keys()),
    )


def carry_out(
    rollout: Rollout, clerk: User, *, version: int, address: str = "", knows: bool = False
) -> tuple[Outcome, Difference]:
    """What the dry run showed to this clerk. `version` is how many people the page named; `knows`: he said that he will
    have to bind a phone (or an app) himself."""
    with transaction.atomic():
        # Behind this line nobody else carries it out, or draws it anew.
        if not Rollout.objects.filter(pk=rollout.pk, status=Status.DRAFT).update(made_by=clerk):
            return Outcome.GONE, Difference()
        rollout.refresh_from_db()
        if changed := difference(rollout, clerk):
            _note(rollout, clerk)
            return Outcome.CHANGED, changed
        if version != rollout.total or not rollout.total:
            return Outcome.CHANGED, changed
        himself = rollout.members.filter(ways.are_not_ready("user_id"), user=clerk, planned=RolloutMember.Fate.SET)
        if himself.exists() and not knows:
            return Outcome.WARN, changed
        reminders.plan(rollout, list(rollout.reminders.values_list("days", flat=True)))
        jobs.start(rollout, Q(status=Status.DRAFT), status=Status.RUNNING)
        rollout.refresh_from_db()
        detail = {"rollout": rollout.pk, "people": rollout.total, "start": rollout.start}
        events.record(events.Kind.ROLLED_OUT, None, actor=clerk, address=address, **detail)
        jobs.enqueue(rollout)
    return Outcome.DONE, changed


def carry_on(rollout: Rollout) -> bool:
    """After an error stopped it."""
    if not jobs.start(rollout, Q(status=Status.RUNNING, failed=True)):
        return False
    jobs.enqueue(rollout)
    return True


def pause(rollout: Rollout, clerk: User, address: str = "") -> tuple[Outcome, int]:
    return _stop(rollout, Status.PAUSED, clerk, address)


def cancel(rollout: Rollout, clerk: User, address: str = "") -> tuple[Outcome, int]:
    """For good."""
    return _stop(rollout, Status.CANCELLED, clerk, address)


def _stop(rollout: Rollout, status: Status, clerk: User, address: str) -> tuple[Outcome, int]:
    """The date is taken back from whom it has not reached. Who has two-step keeps it."""
    with transaction.atomic():
        running = Rollout.objects.filter(
            pk=rollout.pk, status__in=(Status.RUNNING, Status.DONE, Status.PAUSED), start__gt=timezone.now()
        ).exclude(status=status)
        # A worker in the middle of a batch is waited for, and finds afterwards that it is no longer his.
        if not running.update(status=status, working=False, claim="", failed=False):
            return Outcome.GONE, 0
        rollout.refresh_from_db()
        people = switching.take_back(rollout, clerk, address)
        reminders.drop_waiting(rollout)
        detail = {"rollout": rollout.pk, "people": people, "for_good": status == Status.CANCELLED}
        events.record(events.Kind.ROLLOUT_STOPPED, None, actor=clerk, address=address, **detail)
    return Outcome.DONE, people


def resume(rollout: Rollout, clerk: User) -> Outcome:
    """A paused one is a dry run again, of the same choice."""
    with transaction.atomic():
        rows = Rollout.objects.filter(pk=rollout.pk, status=Status.PAUSED)
        if not rows.update(status=Status.DRAFT, made_by=clerk, made_at=timezone.now(), carried_out_at=None, done=0):
            return Outcome.GONE
        rollout.refresh_from_db()
        _note(rollout, clerk)
    return Outcome.DONE


def write(rollout: Rollout, days: Iterable[int], **words: str) -> None:
    """When its reminders go out, and what they say."""
    with transaction.atomic():
        Rollout.objects.filter(pk=rollout.pk).update(**words)
        reminders.plan(rollout, days)
    rollout.refresh_from_db()


def delete_expired() -> None:
    """Dry runs that led to nothing."""
    forgotten = timezone.now() - settings.ROLLOUT_DRAFT_LIFETIME
    Rollout.objects.filter(status=Status.DRAFT, made_at__lt=forgotten).delete()
