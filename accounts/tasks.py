"""What workers do, in Celery's words. The rules are in delivery.py; the queue carries nothing but row ids."""

import logging
from datetime import timedelta
from functools import partial
from itertools import islice

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import KombuError, OperationalError

from accounts import audit, chain, delivery, events, figures, jobs, reminders, roster, switching
from accounts.models import Delivery, Mail, Rollout, Sms
from accounts.models.jobs import Job

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
    for job in jobs.lost():
        if not _publish_job(job):
            return
    reminders.write_due()
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


@shared_task(time_limit=120, soft_time_limit=110)
def sum_up_today() -> None:
    figures.sum_up(timezone.localdate())


@shared_task(time_limit=600, soft_time_limit=590)
def sum_up_yesterday() -> None:
    """Once more, when all is known of it; and what was missed."""
    yesterday = timezone.localdate() - timedelta(days=1)
    for day in {*figures.missing(), yesterday}:
        figures.sum_up(day)


@shared_task(time_limit=600, soft_time_limit=590)
def carry_out_rollout(pk: int) -> None:
    switching.run(pk)


@shared_task(time_limit=600, soft_time_limit=590)
def work_on_roster(pk: int) -> None:
    roster.run(pk)


def enqueue(row: Delivery) -> None:
    """Queue a row once it is committed. A queue that is away is no error: the row waits for the sweep."""
    transaction.on_commit(partial(_publish, row))


def enqueue_job(job: Job) -> None:
    """The same for long work: a queue that is away only delays it."""
    transaction.on_commit(partial(_publish_job, job))


def _publish_job(job: Job) -> bool:
    task = carry_out_rollout if isinstance(job, Rollout) else work_on_roster
    try:
        task.apply_async(args=[job.pk])
    except (OperationalError, KombuError, OSError) as error:
        logger.warning("The queue did not take %s %s: %s", type(job).__name__, job.pk, type(error).__name__)
        return False
    return True


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
