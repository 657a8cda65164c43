from celery import shared_task

from accounts.mailsessions import mailsessions
from accounts.mailsessions.models import Ending


@shared_task(name=Ending.TASK)
def end(pk: int) -> None:
    mailsessions.run(pk)


@shared_task(name="mailsessions.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    mailsessions.delete_expired()
