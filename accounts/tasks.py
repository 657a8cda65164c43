"""What workers do, in Celery's words. The rules are in delivery.py; the queue carries nothing but row ids."""

import logging
from datetime import timedelta
from functools import partial
from itertools import islice

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import KombuError, OperationalError

from accounts import audit, chain, delivery, events
from accounts.models import Delivery, Mail, Sms

logger = logging.getLogger(__name__)

FAULTS_TOLD = 20


@shared_task
def send_sms(pk: int) -> None:
    delivery.send(Sms, pk)


@shared_task
def send_mail(pk: int) -> None:
    delivery.send(Mail, pk)


@shared_task
def sweep() -> None:
    """Queue again what nobody claimed. The first that the queue refuses ends it: the next sweep is seconds away."""
    for row in delivery.unclaimed():
        if not _publish(row):
            return


@shared_task
def seal_events() -> None:
    """Those whose own process did not come to it."""
    chain.seal_all()


@shared_task(time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    delivery.delete_expired()
    events.delete_expired()


@shared_task(time_limit=3600, soft_time_limit=3590)
def verify_events() -> None:
    """Every night, for nobody runs the command by hand. An error is mailed to ADMINS."""
    faults = list(islice(audit.Audit().faults(), FAULTS_TOLD))
    if faults:
        logger.error("The security log is not whole. Run manage.py verify_events. %s", faults)


def enqueue(row: Delivery) -> None:
    """Queue a row once it is committed. A queue that is away is no error: the row waits for the sweep."""
    transaction.on_commit(partial(_publish, row))


def _publish(row: Delivery) -> bool:
    task = send_sms if isinstance(row, Sms) else send_mail
    left: timedelta = row.expires_at - timezone.now()
    try:
        task.apply_async(args=[row.pk], expires=max(left.total_seconds(), 1))
    except (OperationalError, KombuError, OSError) as error:
        logger.warning("The queue did not take %s %s: %s", type(row).__name__, row.pk, type(error).__name__)
        delivery.delay(row)
        return False
    return True
