from celery import shared_task

from accounts import logins


@shared_task(name="maillogins.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    logins.delete_expired()
