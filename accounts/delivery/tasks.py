import logging

from celery import shared_task

from accounts.delivery import checks, queue, receipts, sending, sweeps
from accounts.delivery.models import Mail
from accounts.lib import loglines

logger = logging.getLogger(__name__)


@shared_task(name=Mail.TASK)
def send_mail(pk: int) -> None:
    sending.send(Mail, pk)


@shared_task(name="delivery.sweep")
def sweep() -> None:
    """Queue again what nobody claimed. The first that the queue refuses ends it: the next sweep is seconds away."""
    for row in sweeps.unclaimed():
        loglines.go_on(row.request)
        if not queue.publish(row):
            return


@shared_task(name="delivery.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    sweeps.delete_expired()


@shared_task(name="delivery.ask_gateways", time_limit=60, soft_time_limit=50)
def ask_gateways() -> None:
    """What became of SMS of which nothing was reported."""
    receipts.ask()


@shared_task(name="delivery.check_gateways", time_limit=600, soft_time_limit=590)
def check_gateways() -> None:
    """Every night: a signature lapses, a balance ends while nobody looks. An error is mailed to ADMINS."""
    if troubles := checks.troubles():
        said = "; ".join(f"{name} {word}".strip() for name, words in troubles.items() for word in words)
        logger.error("SMS may not go out. Run manage.py checksms. %s", said)
