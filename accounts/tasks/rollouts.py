from celery import shared_task

from accounts import delivery, reminders, switching
from accounts.models import ReminderMail, Rollout


@shared_task(name=Rollout.TASK, time_limit=600, soft_time_limit=590)
def carry_out(pk: int) -> None:
    switching.run(pk)


@shared_task(name="rollouts.write_reminders")
def write_reminders() -> None:
    """The sweep of deliveries queues them."""
    reminders.write_due()


@shared_task(name=ReminderMail.TASK)
def send_reminder(pk: int) -> None:
    delivery.send(ReminderMail, pk)
