"""The chain of the security log: events get their positions in it, old ones leave it, and what was done to it is found.

An event is inserted without a position, so that nobody waits for anybody; it is given one soon
after the commit (sealer.py), in a short transaction of its own. See docs/decisions/0013-security-log.md.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from itertools import takewhile

from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from accounts.lib import expired
from accounts.log import formats, signatures
from accounts.log.models import LogEnd, SecurityEvent

logger = logging.getLogger(__name__)
syslog = logging.getLogger("mailkey.log")

BATCH = 500  # events in one transaction
START, END = LogEnd.Which.START, LogEnd.Which.END


def events() -> QuerySet[SecurityEvent]:
    """As the database has them: without the refusals of the model's own."""
    return QuerySet(SecurityEvent)


def waiting() -> QuerySet[SecurityEvent]:
    return events().filter(position=None).order_by("pk")


def seal_all() -> int | None:
    """As `seal`, as many as there are."""
    after = sealed = 0
    while rows := list(waiting().filter(pk__gt=after)[:BATCH]):
        after = rows[-1].pk
        if (count := seal(after=rows[0].pk - 1)) is None:
            return None
        sealed += count
    return sealed


def seal(after: int = 0) -> int | None:
    """Give waiting events their positions, BATCH at most; how many, or None if another process is at it.

    An event whose signature is wrong did not come from us: it gets no position.
    """
    rows = waiting().filter(pk__gt=after)
    if not rows.exists():
        return 0
    with transaction.atomic():
        end = _take_end()
        if end is None:
            return None
        sealed = []
        for event in rows[:BATCH]:
            if signatures.is_signature(event.signature, content(event)):
                event.position, event.previous = end.position + 1, end.seal
                event.seal = signatures.seal(event.position, event.previous, event.pk, event.signature)
                end.position, end.seal, end.at = event.position, event.seal, event.at
                sealed.append(event)
        _write(sealed)
        _sign(end)
        transaction.on_commit(partial(_announce, sealed))
    return len(sealed)


def content(event: SecurityEvent) -> Iterable[object]:
    return (getattr(event, name) for name in SecurityEvent.CONTENT)


def _take_end() -> LogEnd | None:
    """The end of the log, held until the commit. Nobody waits for it: who comes second leaves."""
    held = LogEnd.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
    end = held.filter(which=END).first()
    if end is None:
        if LogEnd.objects.filter(which=END).exists():
            return None
        lost = LogEnd(which=END, position=0, seal="", at=timezone.now(), signature="")
        LogEnd.objects.bulk_create([lost], ignore_conflicts=True)
        end = held.filter(which=END).first()
    if end is None:
        return None
    last = events().aggregate(last=Max("position"))["last"] or 0
    if last > end.position or not end.is_genuine():
        # Somebody removed or changed it. The log goes on; a position that stays empty tells of it for ever.
        logger.error("The record of the end of the security log is lost. Run manage.py verify_events.")
        end.position, end.seal = last + 1, ""
    return end


def _write(sealed: Iterable[SecurityEvent]) -> None:
    sql = f"UPDATE {SecurityEvent._meta.db_table} SET position = %s, previous = %s, seal = %s WHERE id = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(event.position, event.previous, event.seal, event.pk) for event in sealed])


def _sign(end: LogEnd) -> None:
    end.signature = signatures.end(end.which, end.position, end.seal, end.at)
    end.save()


def _announce(sealed: Iterable[SecurityEvent]) -> None:
    for event in sealed if syslog.hasHandlers() else ():
        syslog.info("%s", formats.as_json(event))


# --- The cut ---------------------------------------------------------------------------------------------------------


def cut(before: datetime) -> int:
    """Remove the beginning of the log, up to the first event that is not older. How many events that were."""
    removed = 0
    while count := _cut_some(before):
        removed += count
        if count >= BATCH:
            expired.breathe()
    return removed


def _cut_some(before: datetime) -> int:
    with transaction.atomic():
        start = LogEnd.objects.select_for_update().filter(which=START).first()
        oldest = events().filter(position__gt=start.position if start else 0).order_by("position")[:BATCH]
        over = list(takewhile(lambda event: event.at < before, oldest))
        if not over or (position := over[-1].position) is None:
            return 0
        _sign(
            LogEnd(which=START, position=position, seal=over[-1].seal, at=over[-1].at)
        )  # at which the trigger lets go of them
        _deleted, by_model = events().filter(position__lte=position).delete()  # and of mails about them
    return by_model.get(SecurityEvent._meta.label, 0)
