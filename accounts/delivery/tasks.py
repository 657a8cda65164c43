from celery import shared_task

from accounts.delivery import queue, receipts, sending, sweeps
from accounts.delivery.models import Mail


@shared_task(name=Mail.TASK)
def send_mail(pk: int) -> None:
    sending.send(Mail, pk)


@shared_task(name="delivery.sweep")
def sweep() -> None:
    """Queue again what nobody claimed. The first that the queue refuses ends it: the next sweep is seconds away."""
    for row in sweeps.unclaimed():
        if not queue.publish(row):
            return


@shared_task(name="delivery.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    sweeps.delete_expired()


@shared_task(name="delivery.ask_gateways")
def ask_gateways() -> None:
    """What became of SMS of which nothing was reported."""
    receipts.ask()
