from celery import shared_task

from accounts.imports import imports
from accounts.imports.models import Roster


@shared_task(name=Roster.TASK, time_limit=600, soft_time_limit=590)
def work(pk: int) -> None:
    imports.run(pk)


@shared_task(name="imports.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    imports.delete_expired()
