from celery import shared_task

from accounts.openid import validator


@shared_task(name="openid.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    validator.delete_expired()
