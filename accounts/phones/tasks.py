from celery import shared_task

from accounts.phones import helpcodes, suggestions


@shared_task(name="phones.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    helpcodes.delete_expired()
    suggestions.delete_unwanted()
