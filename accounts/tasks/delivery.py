from celery import shared_task

from accounts import delivery, queue
from accounts.models import Mail, Sms


@shared_task(name=Sms.TASK)
def send_sms(pk: int) -> None:
    delivery.send(Sms, pk)


@shared_task(name=Mail.TASK)
def send_mail(pk: int) -> None:
    delivery.send(Mail, pk)


@shared_task(name="delivery.sweep")
def sweep() -> None:
    """Queue again what nobody claimed. The first that the queue refuses ends it: the next sweep is seconds away."""
    for row in delivery.unclaimed():
        if not queue.publish(row):
            return


@shared_task(name="delivery.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    delivery.delete_expired()
