from celery import shared_task

from accounts.bans import bans, brake, failures
from accounts.bans.where import places


@shared_task(name="bans.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    bans.delete_expired()
    failures.delete_expired()
    brake.delete_expired()
    places.delete_expired()


@shared_task(name="bans.forget_digests", time_limit=600, soft_time_limit=590)
def forget_digests() -> None:
    failures.forget_digests()
