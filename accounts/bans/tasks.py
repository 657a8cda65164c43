from celery import shared_task

from accounts.bans import bans


@shared_task(name="bans.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    bans.delete_expired()
