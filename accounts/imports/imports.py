"""People from a file: every row is checked before anything is written. Then all that are right are, or none; those that
are wrong are told, and given back as a file."""

from functools import partial
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.imports import columns, preview
from accounts.imports.models import Roster
from accounts.imports.resource import COMPARED, WRITTEN, PeopleResource
from accounts.jobs import jobs
from accounts.lib.batches import BATCH, batches
from accounts.log import events
from accounts.rollouts import switching
from accounts.sessions import endings
from accounts.sessions.endings import Occasion
from accounts.spreadsheets import spreadsheets
from accounts.spreadsheets.rows import Refused
from accounts.spreadsheets.spreadsheets import Choice, Table
from accounts.users import clerks
from accounts.users.models import User
from accounts.users.permissions import right

Status = Roster.Status
Kind = events.Kind

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


class _Read(NamedTuple):
    table: Table
    names: list[str]  # of the columns
    resource: PeopleResource

    @property
    def shown(self) -> dict[str, Any]:
        return preview.of_people(self.resource) | {"reading": preview.of_table(self.table, self.names)}


def _check(roster: Roster, *, changed: bool = False) -> None:
    """What the file would do."""
    read = _read(roster)
    if read is not None:
        _show(roster, read, changed_meanwhile=changed)


def _show(roster: Roster, read: _Read, **more: Any) -> None:
    """The file is kept: what was wrongly guessed is chosen, and nothing handed in twice."""
    version, wrong = preview.version_of(read.resource), preview.wrong_rows(read.table, read.resource)
    jobs.finish(roster, status=Status.CHECKED, version=version, report=read.shown | more, wrong=wrong)


def _read(roster: Roster) -> _Read | None:
    """All rows, checked; nothing is written. None: it cannot be read, which is told."""
    table, names = None, list[str]()
    try:
        _allowed(roster)
        table = spreadsheets.read(
            bytes(roster.content or b""),
            Choice(**{name: roster.choice[name] for name in ("encoding", "sheet", "heading") if name in roster.choice}),
            columns.is_heading,
            columns.words(),
            partial(_beat, roster),
        )
        names = columns.of(table.headers, roster.choice.get("columns"))
    except Refused as refusal:
        _refuse(roster, refusal, table)
        return None
    _beat(roster, total=len(table.rows), done=0)
    resource = PeopleResource(roster.made_by, partial(_count, roster))
    resource.check(table, names)
    return _Read(table, names, resource)


def _refuse(roster: Roster, refusal: Refused, table: Table | None) -> None:
    """Where its rows could be read, what they mean can be chosen."""
    report: dict[str, Any] = {"refusal": str(refusal)}
    if table is not None:
        report["reading"] = preview.of_table(table, [columns.of_heading(header) for header in table.headers])
    jobs.finish(roster, status=Status.CHECKED, version="", report=report, wrong=None)


def _beat(roster: Roster, **fields: Any) -> None:
    if not jobs.beat(roster, **fields):
        raise Lost


def _count(roster: Roster, done: int) -> None:
    if done % BEAT_EVERY == 0:
        _beat(roster, done=done)


def _allowed(roster: Roster) -> None:
    """As of now: rights may have been taken away since the file came. What he may change of a person is asked row by
    row."""
    clerk = roster.made_by
    may = clerk is not None and clerk.is_active and clerk.is_staff
    if not (may and clerk and clerk.has_perm(right("roll_out", User))):
        raise Refused(_("You may not import people."))


def _apply(roster: Roster) -> None:
    read = _read(roster)
    if read is None:
        return
    if not roster.version or preview.version_of(read.resource) != roster.version:
        _show(roster, read, changed_meanwhile=True)
        return
    wrong = preview.wrong_rows(read.table, read.resource)
    try:
        with transaction.atomic():
            _beat(roster)
            _write(read.resource, roster)
            now = timezone.now()
            ended = {"status": Status.DONE, "content": None, "done": roster.total, "imported_at": now}
            jobs.finish(roster, report=read.shown, wrong=wrong, **ended)
    except (Changed, IntegrityError):
        _check(roster, changed=True)


def _write(resource: PeopleResource, roster: Roster) -> None:
    """In a transaction: everything or nothing."""
    new, edited = resource.create_instances, resource.update_instances
    _hold([user.pk for user in edited], resource.before)
    User.objects.bulk_create(new, batch_size=BATCH)
    User.objects.bulk_update(edited, WRITTEN, batch_size=BATCH)
    clerk, address = roster.made_by, roster.address
    endings.end(Occasion.DISABLED, *preview.disabled(resource), actor=clerk, address=address)
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


def read_again(row: Roster, clerk: User, choice: dict[str, Any]) -> bool:
    """With another encoding, sheet, row of headings or other columns; or once more, after an error."""
    where = Q(status__in=[Status.CHECKING, Status.CHECKED, Status.APPLYING], content__isnull=False, made_by=clerk)
    wanted = jobs.start(row, where, status=Status.CHECKING, version="", choice=choice, report={}, wrong=None, total=0)
    if wanted:
        jobs.enqueue(row)
    return wanted


def apply(row: Roster, clerk: User, *, version: str, address: str = "") -> bool:
    """What the preview showed. False: it is not as it was shown, or somebody was faster."""
    where = as_shown(version) & Q(made_by=clerk)
    wanted = jobs.start(row, where, status=Status.APPLYING, address=address)
    if wanted:
        row.refresh_from_db(fields=["status", "working"])
        jobs.enqueue(row)
    return wanted


def drop(row: Roster, clerk: User) -> bool:
    rows = Roster.objects.filter(pk=row.pk, made_by=clerk, working=False).exclude(status=Status.DONE)
    return bool(rows.update(status=Status.DROPPED, failed=False, content=None, wrong=None, report={}, version=""))


# What a report tells of single people. That there was a file, and how many it made and changed, stays known.
PERSONAL = ("errors", "warnings", "sample_new", "sample_changed", "reading")


def delete_expired() -> None:
    """What stood in a file."""
    forgotten = timezone.now() - settings.ROLLOUT_DRAFT_LIFETIME
    old = Roster.objects.filter(made_at__lt=forgotten, working=False)
    old.update(content=None, wrong=None, version="")
    for row in old.filter(report__has_any_keys=PERSONAL).defer("content", "wrong"):
        report = {name: value for name, value in row.report.items() if name not in PERSONAL}
        old.filter(pk=row.pk).update(report=report)
