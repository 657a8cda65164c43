from celery import shared_task

from accounts.maillogins import maillogins


@shared_task(name="maillogins.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    maillogins.delete_expired()
