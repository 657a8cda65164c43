from celery import shared_task

from accounts.directory import passwords, people


@shared_task(name="directory.sync_people", time_limit=600, soft_time_limit=590)
def sync_people() -> None:
    people.sync()


@shared_task(name="directory.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    passwords.delete_expired()
