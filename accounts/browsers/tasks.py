from celery import shared_task

from accounts.browsers import browsers


@shared_task(name="browsers.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    browsers.delete_expired()
