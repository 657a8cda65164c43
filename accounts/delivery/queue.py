"""Rows go to the workers by the name of their task: whoever writes one imports nothing of what workers do."""

import logging
from functools import partial

from celery import signature
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import KombuError, OperationalError

from accounts.delivery.models import Delivery

logger = logging.getLogger(__name__)


def enqueue(row: Delivery) -> None:
    """Queue a row once it is committed. A queue that is away is no error: the row waits for the sweep."""
    transaction.on_commit(partial(publish, row))


def publish(row: Delivery) -> bool:
    """The row says how long it is wanted. A message that did would be dropped by a worker whose clock is off."""
    try:
        signature(row.TASK, args=[row.pk]).apply_async()
    except (OperationalError, KombuError, OSError) as error:
        logger.warning("The queue did not take %s %s: %s", type(row).__name__, row.pk, type(error).__name__)
        _delay(row)
        return False
    logger.info("%s %s is queued", type(row).__name__, row.pk)
    return True


def _delay(row: Delivery) -> None:
    """What became of it meanwhile is left alone."""
    unchanged = type(row)._default_manager.filter(pk=row.pk, status__in=Delivery.WAITING, sweep_at=row.sweep_at)
    unchanged.update(status=Delivery.Status.DELAYED, sweep_at=timezone.now())  # the next sweep comes by the queue
