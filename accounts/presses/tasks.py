from celery import shared_task

from accounts.presses import presses


@shared_task(name="presses.delete_expired")
def delete_expired() -> None:
    presses.delete_expired()
