"""People from a file: every row is checked before anything is written, and then all are, or none."""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.imports.models import Roster
from accounts.imports.resource import COMPARED, WRITTEN, PeopleResource, columns
from accounts.jobs import jobs
from accounts.lib import clock, spreadsheets
from accounts.lib.batches import BATCH, batches
from accounts.log import events
from accounts.rollouts import switching
from accounts.signin import endings
from accounts.signin.endings import Occasion
from accounts.users import clerks
from accounts.users.models import User
from accounts.users.permissions import right

Status = Roster.Status
Kind = events.Kind

REPORTED = 200  # errors, warnings, people, that the page shows
BEAT_EVERY = 250  # rows


class Lost(Exception):
    """The work is another worker's now."""


class Changed(Exception):
    """People are not as they were when the rows were checked."""


def run(pk: int) -> None:
    roster = jobs.claim(Roster, pk)
    if roster is None:
        return
    with translation.override(roster.language):
        try:
            if roster.status == Status.CHECKING:
                _check(roster)
            elif roster.status == Status.APPLYING:
                _apply(roster)
        except Lost:
            return


def as_shown(version: str) -> Q:
    """In the state that a preview showed, and that may be imported."""
    return Q(status=Status.CHECKED, version=version) & ~Q(version="")


def _check(roster: Roster, *, changed: bool = False) -> None:
    """What the file would do."""
    try:
        resource, encoding = _read(roster)
    except spreadsheets.Refused as refusal:
        jobs.finish(roster, status=Status.CHECKED, version="", report={"refusal": str(refusal)}, content=None)
        return
    _show(roster, resource, encoding=encoding, changed_meanwhile=changed)


def _show(roster: Roster, resource: PeopleResource, **more: Any) -> None:
    report = _report(resource) | more
    # A file with errors is not needed any more: the corrected one is another file.
    kept = {"content": None} if resource.complaints else {}
    version = "" if resource.complaints else version_of(resource)
    jobs.finish(roster, status=Status.CHECKED, version=version, report=report, **kept)


def _read(roster: Roster) -> tuple[PeopleResource, str]:
    """All rows, checked; nothing is written."""
    table = spreadsheets.read(bytes(roster.content or b""), roster.name)
    table.dataset.headers = columns(table.dataset.headers or [])
    _allowed(roster, table.dataset.headers)
    total = len(table.lines)
    if not jobs.beat(roster, total=total, done=0):
        raise Lost

    def each(done: int) -> None:
        if done % BEAT_EVERY == 0 and not jobs.beat(roster, done=done):
            raise Lost

    resource = PeopleResource(table.lines, each, roster.made_by)
    # The inner one: the other wraps even a trial in a transaction, which would hide our progress and lock out others.
    result = resource.import_data_inner(
        table.dataset, dry_run=True, raise_errors=False, using_transactions=False, collect_failed_rows=False
    )
    for error in result.base_errors:
        raise error.error
    return resource, table.encoding


def _allowed(roster: Roster, names: list[str]) -> None:
    """As of now: rights may have been taken away since the file came."""
    clerk = roster.made_by
    may = clerk is not None and clerk.is_active and clerk.is_staff
    if not (may and clerk and clerk.has_perm(right("roll_out", User))):
        raise spreadsheets.Refused(_("You may not import people."))


def _apply(roster: Roster) -> None:
    try:
        resource, encoding = _read(roster)
    except spreadsheets.Refused as refusal:
        jobs.finish(roster, status=Status.CHECKED, version="", report={"refusal": str(refusal)}, content=None)
        return
    if resource.complaints or version_of(resource) != roster.version:
        _show(roster, resource, encoding=encoding, changed_meanwhile=True)
        return
    report = _report(resource) | {"encoding": encoding}
    try:
        with transaction.atomic():
            if not jobs.beat(roster):
                raise Lost
            _write(resource, roster)
            now = timezone.now()
            jobs.finish(roster, status=Status.DONE, report=report, content=None, done=roster.total, imported_at=now)
    except (Changed, IntegrityError):
        _check(roster, changed=True)


def _write(resource: PeopleResource, roster: Roster) -> None:
    """In a transaction: everything or nothing."""
    new, edited = resource.create_instances, resource.update_instances
    _hold([user.pk for user in edited], resource.before)
    User.objects.bulk_create(new, batch_size=BATCH)
    User.objects.bulk_update(edited, WRITTEN, batch_size=BATCH)
    clerk, address = roster.made_by, roster.address
    disabled = [user for user in edited if not user.is_active and _was_active(resource, user)]
    endings.end(Occasion.DISABLED, *disabled, actor=clerk, address=address)
    starts: dict[Any, list[int]] = {}
    for user in (*new, *edited):
        if start := resource.starts.get(user.username):
            starts.setdefault(start, []).append(user.pk)
    for start, keys in sorted(starts.items()):
        switching.switch_on(keys, start, actor=clerk, address=address, file=roster.pk)
    told: list[tuple[User, dict[str, Any]]] = [(user, {"file": roster.pk, "new": True}) for user in new]
    told += [(user, {"file": roster.pk, "changed": _changes(resource, user)}) for user in edited]
    events.record_each(Kind.PERSON_IMPORTED, told, actor=clerk, address=address)
    detail = {"file": roster.pk, "new": len(new), "changed": len(edited), "unchanged": resource.unchanged}
    events.record(Kind.PEOPLE_IMPORTED, None, actor=clerk, address=address, **detail)


def _hold(keys: list[int], before: dict[int, tuple[Any, ...]]) -> None:
    """Locked, and found as they were when the rows were checked."""
    for batch in batches(sorted(keys)):
        held = User.objects.filter(~clerks.COLLEAGUE, pk__in=batch).order_by("pk").select_for_update()
        found = {row[0]: row[1:] for row in held.values_list("pk", *COMPARED)}
        if any(found.get(pk) != before[pk] for pk in batch):
            raise Changed


def _changes(resource: PeopleResource, user: User) -> list[str]:
    before = dict(zip(COMPARED, resource.before[user.pk], strict=True))
    changed = [name for name in WRITTEN if getattr(user, name) != before[name]]
    return changed + ["two_step_from"] * (user.username in resource.starts)


def version_of(resource: PeopleResource) -> str:
    """Of all that would be written, and of what it would replace."""
    plan = [
        (user.username, *(getattr(user, name) for name in WRITTEN), resource.starts.get(user.username),
         resource.before.get(user.pk))
        for user in (*resource.create_instances, *resource.update_instances)
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(plan, default=str).encode()).hexdigest()


def _report(resource: PeopleResource) -> dict[str, Any]:
    """What the page shows: counts of everything, and the first of each kind."""
    new, edited = resource.create_instances, resource.update_instances
    complaints = sorted(resource.complaints)
    return {
        "error_count": len({line for line, _address, _text in complaints}),
        "errors": complaints[:REPORTED],
        "warning_count": len(resource.warnings),
        "warnings": resource.warnings[:REPORTED],
        "new": len(new),
        "changed": len(edited),
        "unchanged": resource.unchanged,
        "two_step": len(resource.starts),
        "disabled": sum(not user.is_active for user in edited if _was_active(resource, user)),
        "sample_new": [_line(resource, user) for user in new[:REPORTED]],
        "sample_changed": [_line(resource, user) for user in edited[:REPORTED]],
    }


def _was_active(resource: PeopleResource, user: User) -> bool:
    return bool(resource.before[user.pk][COMPARED.index("is_active")])


def _line(resource: PeopleResource, user: User) -> dict[str, Any]:
    """One person of the preview: each value, and what it replaces."""
    was = dict(zip(COMPARED, resource.before.get(user.pk, ()), strict=False))
    start = resource.starts.get(user.username)
    cells = []
    for name in WRITTEN:
        now = getattr(user, name)
        cells.append({"now": _text(now), "was": _text(was[name]) if name in was and was[name] != now else ""})
    cells.append({"now": _text(start or user.two_step_from), "was": _text(user.two_step_from) if start else ""})
    return {"address": user.username, "cells": cells}


def _text(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if hasattr(value, "tzinfo"):
        return clock.moment(value)
    return str(value) or "—"


def export(people: QuerySet[User], kind: str, clerk: User, address: str) -> bytes:
    """Phone numbers masked, formulas harmless, and the log says who took them."""
    dataset = PeopleResource().export(people.select_related("phone"))
    detail = {"people": len(dataset), "format": kind}
    events.record(Kind.PEOPLE_EXPORTED, None, actor=clerk, address=address, **detail)
    return spreadsheets.write(dataset, kind)


def take(name: str, content: bytes, clerk: User, *, language: str, address: str = "") -> Roster:
    """It is checked by a worker, and nothing else happens."""
    row = Roster.objects.create(
        name=name[-200:], content=content, language=language, made_by=clerk, address=address, working=True
    )
    jobs.enqueue(row)
    return row


def apply(row: Roster, clerk: User, *, version: str, address: str = "") -> bool:
    """What the preview showed. False: it is not as it was shown, or somebody was faster."""
    wanted = jobs.start(row, as_shown(version), status=Status.APPLYING, made_by=clerk, address=address)
    if wanted:
        row.refresh_from_db(fields=["status", "working"])
        jobs.enqueue(row)
    return wanted


def drop(row: Roster) -> bool:
    rows = Roster.objects.filter(pk=row.pk, working=False, status=Status.CHECKED)
    return bool(rows.update(status=Status.DROPPED, content=None, version=""))


def delete_expired() -> None:
    """What stood in a file. That there was one stays known."""
    forgotten = timezone.now() - settings.ROLLOUT_DRAFT_LIFETIME
    Roster.objects.filter(made_at__lt=forgotten, working=False).update(content=None)
