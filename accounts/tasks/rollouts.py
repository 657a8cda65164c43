from celery import shared_task

from accounts import reminders, switching
from accounts.models import Rollout


@shared_task(name=Rollout.TASK, time_limit=600, soft_time_limit=590)
def carry_out(pk: int) -> None:
    switching.run(pk)


@shared_task(name="rollouts.write_reminders")
def write_reminders() -> None:
    """The sweep of deliveries queues them."""
    reminders.write_due()
