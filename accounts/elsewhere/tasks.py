from celery import shared_task

from accounts.elsewhere import arrivals


@shared_task(name="elsewhere.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    arrivals.delete_expired()
