"""Whether the security log is as it was written; if not, which of its events were changed, removed, moved or put in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from accounts.log import chain, signatures
from accounts.log.models import LogEnd, SecurityEvent

SEALED_WITHIN = timedelta(minutes=1)  # of being recorded; the sweep comes every few seconds
ROWS_AT_ONCE = 2000
PROGRESS_EVERY = 50_000  # rows

TRIGGERS = {
    "postgresql": ("SELECT tgname FROM pg_trigger WHERE tgrelid = '{}'::regclass AND tgenabled IN ('O', 'A')",
                   {"log_stays", "log_stays_whole"}),
    "sqlite": ("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{}'",
               {"log_stays", "log_stays_as_written", "log_stays_in_place"}),
}  # fmt: skip


class What(Enum):
    CHANGED = "was changed"
    REMOVED = "was removed"
    MOVED = "is not where it was put"
    INSERTED = "was put in from outside"
    UNLINKED = "does not follow what is before it"
    WAITING = "has waited too long for its position"
    START_LOST = "the record of where the log begins is not ours"
    END_LOST = "the record of where the log ends is missing or not ours"
    UNGUARDED = "triggers or constraints that guard the log are missing in the database"
    NOT_THE_LOG = "the log does not hold the position that was given"


@dataclass(frozen=True)
class Fault:
    what: What
    position: int | None = None
    last: int | None = None  # of several positions in a row, where events were removed
    pk: int | None = None
    at: datetime | None = None  # as the row now says


class Row(NamedTuple):
    position: int
    pk: int
    previous: str
    signature: str
    seal: str
    content: tuple[Any, ...]
    at: datetime


class Stretch(NamedTuple):
    """One end of what is whole."""

    position: int
    at: datetime


@dataclass
class Audit:
    """`for fault in audit.faults(): ...`; then the rest says how much was looked at, and what of it is whole."""

    progress: Callable[[int], None] = field(default=lambda rows: None, repr=False)
    rows: int = 0
    begins: Stretch | None = None
    whole_until: Stretch | None = None  # up to the first fault
    whole_since: Stretch | None = None  # after the last one
    ends: Stretch | None = None
    _is_broken: bool = False

    def faults(self) -> Iterator[Fault]:
        yield from self._guards()
        ends = {end.which: end for end in LogEnd.objects.all()}
        start, end = ends.get(LogEnd.Which.START), ends.get(LogEnd.Which.END)
        if start and not start.is_genuine():
            yield Fault(What.START_LOST, start.position)
            start = None
        yield from self._chain(start, end)
        yield from self._waiting()

    def _note(self, fault: Fault) -> Fault:
        self._is_broken = True
        self.whole_since = None
        return fault

    def _count(self) -> None:
        self.rows += 1
        if self.rows % PROGRESS_EVERY == 0:
            self.progress(self.rows)

    # --- The chain -------------------------------------------------------------------------------------------------

    def _chain(self, start: LogEnd | None, end: LogEnd | None) -> Iterator[Fault]:
        last, seal = (start.position, start.seal) if start else (0, "")
        is_whole = start is not None
        for row in _rows():
            self._count()
            if row.position > last + 1:
                last, seal, is_whole = _cut_meanwhile(last, seal, is_whole=is_whole)
            if row.position > last + 1:
                yield self._note(Fault(What.REMOVED, last + 1, row.position - 1))
                is_whole = False
            what = _fault(row, last)
            if what is None and is_whole and row.position == last + 1 and row.previous != seal:
                what = What.UNLINKED
            if what:
                yield self._note(Fault(what, row.position, pk=row.pk, at=row.at))
            else:
                self._is_whole(row)
            if row.position > last:
                last, seal, is_whole = row.position, row.seal, what is None
        yield from self._end(end, last, seal, is_whole=is_whole)

    def _is_whole(self, row: Row) -> None:
        here = Stretch(row.position, row.at)
        self.begins = self.begins or here
        self.ends = here
        self.whole_since = self.whole_since or here
        if not self._is_broken:
            self.whole_until = here

    def _end(self, end: LogEnd | None, last: int, seal: str, *, is_whole: bool) -> Iterator[Fault]:
        if end is None or not end.is_genuine():
            yield Fault(What.END_LOST)
        elif last < end.position:
            yield self._note(Fault(What.REMOVED, last + 1, end.position))
        elif last == end.position and is_whole and seal != end.seal:
            yield Fault(What.END_LOST, last)

    def _waiting(self) -> Iterator[Fault]:
        late = timezone.now() - SEALED_WITHIN
        for event in chain.waiting().iterator(ROWS_AT_ONCE):
            self._count()
            if not signatures.is_signature(event.signature, chain.content(event)):
                yield Fault(What.INSERTED, pk=event.pk, at=event.at)
            elif event.at < late:
                yield Fault(What.WAITING, pk=event.pk, at=event.at)

    # --- What guards it --------------------------------------------------------------------------------------------

    def _guards(self) -> Iterator[Fault]:
        table = SecurityEvent._meta.db_table
        sql, triggers = TRIGGERS[connection.vendor]
        with connection.cursor() as cursor:
            cursor.execute(sql.format(table))
            found = {name for (name,) in cursor.fetchall()}
            constraints = connection.introspection.get_constraints(cursor, table).values()
        unique = {tuple(constraint["columns"]) for constraint in constraints if constraint["unique"]}
        if triggers - found or {("nonce",), ("position",)} - unique:
            yield Fault(What.UNGUARDED)
        if ("nonce",) not in unique:
            yield from self._copies()

    def _copies(self) -> Iterator[Fault]:
        """A row that was copied as it is bears the signature of the other one."""
        signed = chain.events().exclude(nonce="")
        for nonce in signed.values_list("nonce").annotate(rows=Count("pk")).filter(rows__gt=1).order_by().iterator():
            for row in chain.events().filter(nonce=nonce[0]).order_by("pk")[1:]:
                yield Fault(What.INSERTED, row.position, pk=row.pk, at=row.at)


def _rows() -> Iterator[Row]:
    """In pages: of a log of millions one cursor would be written out by the database before it gives the first row, or
    keep the night's deletions from being cleaned up behind."""
    names = SecurityEvent.CONTENT
    at = names.index("at")
    rows = chain.events().exclude(position=None).order_by("position", "pk")
    page = rows.values_list("position", "pk", "previous", "signature", "seal", *names)
    some = list(page[:ROWS_AT_ONCE])
    while some:
        for position, pk, previous, signature, seal, *content in some:
            yield Row(position, pk, previous, signature, seal, tuple(content), content[at])
        behind = Q(position__gt=position) | Q(pk__gt=pk)
        some = list(page.filter(behind, position__gte=position)[:ROWS_AT_ONCE])


def _cut_meanwhile(last: int, seal: str, *, is_whole: bool) -> tuple[int, str, bool]:
    """The log may be cut while it is read."""
    start = LogEnd.objects.filter(which=LogEnd.Which.START).first()
    if start and start.position > last and start.is_genuine():
        return start.position, start.seal, True
    return last, seal, is_whole


def _fault(row: Row, last: int) -> What | None:
    """What is wrong with a row by itself. `last` was the last position that was taken before it."""
    is_as_written = signatures.is_signature(row.signature, row.content)
    if is_as_written and signatures.is_seal(row.seal, row.position, row.previous, row.pk, row.signature):
        return None if row.position > last else What.INSERTED
    if row.position <= last:
        return What.INSERTED
    return What.MOVED if is_as_written else What.CHANGED


def holds(position: int, seal: str) -> bool:
    """Whether the event at this position has this seal, as something outside of the database remembers it."""
    start = LogEnd.objects.filter(which=LogEnd.Which.START).first()
    if start and start.is_genuine() and position < start.position:
        return True  # its time was over
    if start and position == start.position:
        return start.seal == seal
    return chain.events().filter(position=position, seal=seal).exists()


def end() -> str:
    """Of a log that is whole: what `holds` can be asked about later."""
    newest = LogEnd.objects.filter(which=LogEnd.Which.END).first()
    return f"{newest.position}:{newest.seal}" if newest else ""
