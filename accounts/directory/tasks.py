from celery import shared_task

from accounts.directory import passwords, syncs
from accounts.directory.models import Sync


@shared_task(name="directory.sync_people", time_limit=600, soft_time_limit=590)
def sync_people() -> None:
    syncs.by_the_clock()


@shared_task(name="directory.sync_changes", time_limit=600, soft_time_limit=590)
def sync_changes() -> None:
    syncs.by_the_clock(only_changes=True)


@shared_task(name=Sync.TASK, time_limit=600, soft_time_limit=590)
def work(pk: int) -> None:
    syncs.run(pk)


@shared_task(name="directory.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    passwords.delete_expired()
    syncs.delete_expired()
