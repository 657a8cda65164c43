from celery import shared_task

from accounts import delivery, reminders, rollout, switching
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


@shared_task(name="rollouts.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    rollout.delete_expired()
