from celery import shared_task

from accounts import openid


@shared_task(name="openid.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    openid.delete_expired()
