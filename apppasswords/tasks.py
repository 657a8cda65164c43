"""What workers do for app passwords, in Celery's words."""

from celery import shared_task

from apppasswords import ends, machines
from apppasswords.setup import links


@shared_task(name="apppasswords.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    links.delete_expired()


@shared_task(name="apppasswords.look_at_ends", time_limit=600, soft_time_limit=590)
def look_at_ends() -> None:
    ends.close()
    ends.remind()


@shared_task(name="apppasswords.ask_owners", time_limit=600, soft_time_limit=590)
def ask_owners() -> None:
    machines.ask_owners()
