from celery import shared_task

from accounts.delivery import sending
from accounts.rollouts import reminders, rollouts, switching
from accounts.rollouts.models import PreviewMail, ReminderMail, Rollout


@shared_task(name=Rollout.TASK, time_limit=600, soft_time_limit=590)
def carry_out(pk: int) -> None:
    switching.run(pk)


@shared_task(name="rollouts.write_reminders")
def write_reminders() -> None:
    """The sweep of deliveries queues them."""
    reminders.write_due()


@shared_task(name=ReminderMail.TASK)
def send_reminder(pk: int) -> None:
    sending.send(ReminderMail, pk)


@shared_task(name=PreviewMail.TASK)
def send_preview(pk: int) -> None:
    sending.send(PreviewMail, pk)


@shared_task(name="rollouts.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    rollouts.delete_expired()
