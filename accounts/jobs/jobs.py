"""Long work that survives its worker: claimed by one at a time, renewed with each batch, given to another when lost."""

import logging
import secrets
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from celery import signature
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone
from kombu.exceptions import KombuError, OperationalError

from accounts.jobs.models import Job

logger = logging.getLogger(__name__)

AnyJob = TypeVar("AnyJob", bound=Job)
AnyModel = TypeVar("AnyModel", bound=Model)


def start(row: Job, where: Q, **fields: Any) -> bool:
    """Make it a worker's, if it is as `where` says. The caller puts it into the queue."""
    now = timezone.now()
    fields |= {"working": True, "failed": False, "claim": "", "tries": 0, "done": 0, "beat_at": None}
    rows = type(row)._default_manager.filter(where, pk=row.pk, working=False)
    return bool(rows.update(sweep_at=now + settings.SMS_REQUEUE_AFTER, **fields))


def enqueue(row: Job) -> None:
    """Queue it once it is committed. A queue that is away only delays it."""
    transaction.on_commit(partial(publish, row))


def publish(row: Job) -> bool:
    try:
        signature(row.TASK, args=[row.pk]).apply_async()
    except (OperationalError, KombuError, OSError) as error:
        logger.warning("The queue did not take %s %s: %s", type(row).__name__, row.pk, type(error).__name__)
        return False
    return True


def claim(model: type[AnyJob], pk: int) -> AnyJob | None:
    """Nobody else works on it until it is finished, or nothing was heard of us for JOB_LOST_AFTER."""
    now = timezone.now()
    free = Q(claim="") | Q(beat_at__lt=now - settings.JOB_LOST_AFTER)
    token = secrets.token_hex(16)
    rows: QuerySet[AnyJob] = model._default_manager.filter(free, pk=pk, working=True)
    if not rows.update(claim=token, beat_at=now, tries=F("tries") + 1):
        return None
    row = model._default_manager.get(pk=pk)
    if row.tries > (row.TRIES or settings.JOB_TRIES):
        finish(row, failed=True)
        return None
    return row


def beat(row: Job, **fields: Any) -> bool:
    """Say that it goes on. False: it is no longer ours. In a transaction, it stays ours until the end of that."""
    return bool(_own(row).update(beat_at=timezone.now(), **fields))


def finish(row: Job, **fields: Any) -> bool:
    return bool(_own(row).update(working=False, claim="", tries=0, **fields))


def pause(row: Job, until: datetime, **fields: Any) -> bool:
    """There is more to do, and nobody's until then; what was tried so far is nobody's death."""
    return bool(_own(row).update(claim="", tries=0, sweep_at=until, **fields))


def _own(row: Job) -> QuerySet[Any]:
    return type(row)._default_manager.filter(pk=row.pk, working=True, claim=row.claim)


def kinds() -> list[type[Job]]:
    """Whatever is long work, of every app."""
    return [model for model in apps.get_models() if issubclass(model, Job)]


def lost() -> Iterator[Job]:
    """Work to queue again, each given to one sweep only."""
    now = timezone.now()
    forgotten = Q(claim="") | Q(beat_at__lt=now - settings.JOB_LOST_AFTER)
    for model in kinds():
        due: QuerySet[Any] = model._default_manager.filter(forgotten, working=True, sweep_at__lte=now)
        for row in due:
            if due.filter(pk=row.pk, sweep_at=row.sweep_at).update(sweep_at=now + 2 * settings.SMS_REQUEUE_AFTER):
                yield row
