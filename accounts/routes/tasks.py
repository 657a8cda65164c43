from celery import shared_task

from accounts.delivery import sending
from accounts.delivery.models import Sms
from accounts.routes import outages, routing, spending, watch


@shared_task(name=Sms.TASK)
def send_sms(pk: int) -> None:
    sending.send(Sms, pk, routing.carry)


@shared_task(name="routes.watch")
def look() -> None:
    watch.look()


@shared_task(name="routes.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    outages.delete_expired()
    spending.delete_expired()
