"""A sync as the office does it: look, see who comes, goes, moves and is renamed, then do just that. Or the clock does
it. Whatever kills its worker, the next one begins anew: all is written in one transaction."""

import logging
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.directory import marks, people, reports
from accounts.directory import plan as plans
from accounts.directory.asking.answers import Away, Reading
from accounts.directory.models import Sync
from accounts.jobs import jobs
from accounts.users.models import User
from accounts.users.permissions import right

logger = logging.getLogger(__name__)

Status = Sync.Status


class Lost(Exception):
    """The work is another worker's now."""


def look(clerk: User, address: str = "") -> Sync | None:
    """A worker compares, and nothing else happens. None: it is at work already."""
    return _begin(Status.LOOKING, made_by=clerk, address=address)


def by_the_clock(*, only_changes: bool = False) -> None:
    """Nothing, while another one is at work."""
    _begin(Status.APPLYING, by_itself=True, only_changes=only_changes)


def _begin(status: str, **fields: Any) -> Sync | None:
    try:
        with transaction.atomic():
            row = Sync.objects.create(status=status, working=True, **fields)
    except IntegrityError:
        return None
    jobs.enqueue(row)
    return row


def apply(row: Sync, clerk: User, *, version: str, confirmed: int | None, address: str = "") -> bool:
    """What was shown. `confirmed`: with so many leavers that are held. False: it is not as it was shown, or somebody
    was faster."""
    where = Q(status=Status.LOOKED, version=version) & ~Q(version="")
    fields = {"status": Status.APPLYING, "made_by": clerk, "address": address, "confirmed": confirmed}
    try:
        with transaction.atomic():
            wanted = jobs.start(row, where, **fields)
    except IntegrityError:
        return False
    if wanted:
        jobs.enqueue(row)
    return wanted


def drop(row: Sync) -> bool:
    rows = Sync.objects.filter(pk=row.pk, working=False).exclude(status=Status.DONE)
    return bool(rows.update(status=Status.DROPPED, failed=False, report={}, version=""))


def run(pk: int) -> None:
    row = jobs.claim(Sync, pk)
    if row is None:
        return
    try:
        reading = people.read(partial(_count, row), only_changes=row.only_changes)
        if row.status == Status.APPLYING and _is_allowed(row):
            _apply(row, reading)
        else:
            _show(row, plans.of(reading.people))
    except Away as error:
        _refuse(row, error)
    except Lost:
        return


def _count(row: Sync, done: int) -> None:
    if not jobs.beat(row, done=done):
        raise Lost


def _is_allowed(row: Sync) -> bool:
    """As of now: rights may have been taken away since somebody pressed."""
    clerk = row.made_by
    return row.by_itself or bool(clerk and clerk.is_active and clerk.is_staff and clerk.has_perm(right("add", Sync)))


def _show(row: Sync, plan: plans.Plan, **more: Any) -> None:
    """What it would do. A version only of what does something."""
    version = reports.version_of(plan) if plan or plan.held else ""
    jobs.finish(row, status=Status.LOOKED, version=version, report=reports.of(plan) | more)


def _apply(row: Sync, reading: Reading) -> None:
    found = reading.people
    try:
        with transaction.atomic():
            _count(row, len(found))
            plan = plans.of(found, row.confirmed, is_whole=reading.is_whole)
            if not row.by_itself and reports.version_of(plan) != row.version:
                _show(row, plans.of(found), changed_meanwhile=True)
                return
            people.write(plan, row.made_by, row.address)
            marks.keep(reading, plan)
            now = timezone.now()
            jobs.finish(row, status=Status.DONE, report=reports.of(plan), synced_at=now, total=len(found))
            if row.by_itself and not plan.is_news:
                row.delete()  # the list would be full of hours in which nothing happened
    except IntegrityError as error:
        _refuse(row, error)


def _refuse(row: Sync, error: Exception) -> None:
    if row.only_changes:  # all the time; when everybody is asked for, it is told
        logger.warning("The directory did not say what has changed: %s", error)
        jobs.finish(row)
        row.delete()
        return
    jobs.finish(row, status=Status.LOOKED, version="", report={"refusal": people.note_failure(error)})


def delete_expired() -> None:
    """Who it was about. That it was done, and with how many, stays known."""
    old = Sync.objects.filter(made_at__lt=timezone.now() - settings.ROLLOUT_DRAFT_LIFETIME, working=False)
    old.filter(only_changes=True).delete()  # there are many
    for row in old.filter(report__has_key="lines"):
        old.filter(pk=row.pk).update(version="", report={key: row.report[key] for key in row.report if key != "lines"})
