"""Mails before the date of a roll-out, to those who still have something to do."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.delivery import queue
from accounts.delivery.models import Mail
from accounts.rollouts import readiness
from accounts.rollouts.models import PreviewMail, Reminder, ReminderMail, Rollout, RolloutMember
from accounts.users import ways
from accounts.users.models import User

DAYS = (14, 7, 1)


def plan(rollout: Rollout, days: Iterable[int]) -> None:
    """Its rounds of mails. Those that went out already stay."""
    wanted = set(days)
    with transaction.atomic():
        mine = rollout.reminders.all()
        mine.filter(finished_at=None, mails=None).exclude(days__in=wanted).delete()
        for number in wanted:
            due_at = Reminder.due(rollout.start, number)
            reminder, made = Reminder.objects.get_or_create(rollout=rollout, days=number, defaults={"due_at": due_at})
            if not made and reminder.finished_at is None:
                mine.filter(pk=reminder.pk).update(due_at=due_at)


def needy(rollout: Rollout) -> QuerySet[RolloutMember]:
    """Whose date is this roll-out's, and who has bound nothing yet, or has a mail program with the mailbox password."""
    something_to_do = ways.are_not_ready("user_id") | Q(readiness.old_programs())
    return rollout.members.filter(
        something_to_do, fate=RolloutMember.Fate.SET, user__is_active=True, user__two_step_from=rollout.start
    )


def write_due() -> int:
    """Rows for the mails that are due, a few at a time: other notices wait in the same queue. The sweep sends them."""
    now = timezone.now()
    written = 0
    due = Reminder.objects.filter(
        due_at__lte=now, finished_at=None, rollout__status=Rollout.Status.DONE
    ).select_related("rollout")
    latest: dict[int, Reminder] = {}
    for reminder in due.order_by("rollout", "-days"):
        if older := latest.get(reminder.rollout_id):
            _finish(older, skipped=not older.mails.exists())
        latest[reminder.rollout_id] = reminder
    for reminder in latest.values():
        if reminder.rollout.has_come():
            _finish(reminder, skipped=not reminder.mails.exists())
        else:
            written += _write(reminder, now)
    return written


def _finish(reminder: Reminder, *, skipped: bool = False) -> None:
    Reminder.objects.filter(pk=reminder.pk, finished_at=None).update(finished_at=timezone.now(), skipped=skipped)


def _write(reminder: Reminder, now: datetime) -> int:
    waiting = sum(model.objects.filter(status__in=model.WAITING).count() for model in (Mail, ReminderMail))
    room = settings.REMINDERS_AT_ONCE - waiting
    if room <= 0:
        return 0
    got_it = ReminderMail.objects.filter(reminder=reminder, user=OuterRef("user_id"))
    people = needy(reminder.rollout).exclude(Exists(got_it)).select_related("user").order_by("user_id")[:room]
    mails = [
        ReminderMail(
            user=member.user,
            reminder=reminder,
            language=member.user.language,
            created_at=now,
            expires_at=min(now + settings.SMS_NOTICE_LIFETIME, reminder.rollout.start),
            sweep_at=now,
        )
        for member in people
    ]
    # Two sweeps at once write the same rows; the database keeps one of each.
    ReminderMail.objects.bulk_create(mails, ignore_conflicts=True)
    if len(mails) < room:
        _finish(reminder)
    return len(mails)


def send_preview(rollout: Rollout, clerk: User) -> None:
    """In both languages, to the clerk: as if everything was still to do."""
    now = timezone.now()
    for language, _name in settings.LANGUAGES:
        mail = PreviewMail.objects.create(
            rollout=rollout,
            user=clerk,
            language=language,
            created_at=now,
            expires_at=now + settings.SMS_NOTICE_LIFETIME,
            sweep_at=now + settings.SMS_REQUEUE_AFTER,
        )
        queue.enqueue(mail)


def drop_waiting(rollout: Rollout) -> None:
    """Its date is taken back: what is not sent yet is not true any more."""
    waiting = ReminderMail.objects.filter(reminder__rollout=rollout, status__in=ReminderMail.WAITING)
    waiting.update(status=ReminderMail.Status.FAILED, reason=ReminderMail.Reason.LATE)
