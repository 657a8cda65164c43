"""What comes by every few seconds, and every night: rows that nobody sends, and rows that are old."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.apps import apps
from django.conf import settings
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from accounts.delivery.models import WORKER_LOST, Attempt, Delivery, Sms, SmsDay
from accounts.lib import expired

Status = Delivery.Status
Reason = Delivery.Reason

ASKS_WITHIN = timedelta(seconds=5)  # a worker that is slower finds its claim lost, and asks nobody


def kinds() -> list[type[Delivery]]:
    """Whatever is delivered, of every app."""
    return [model for model in apps.get_models() if issubclass(model, Delivery)]


def unclaimed() -> Iterator[Delivery]:
    """The rows to queue again, each given to one sweep only. Claims whose worker died are settled on the way."""
    now = timezone.now()
    # A clock that was set back must not bring a dead code to life when it catches up.
    Sms.objects.codes().filter(created_at__gt=now + settings.SMS_CODE_LIFETIME, voided_at=None).update(voided_at=now)
    lost = now - settings.SMS_LOST_AFTER
    Attempt.objects.filter(outcome=Attempt.Outcome.CLAIMED, started_at__lt=lost).update(
        outcome=Attempt.Outcome.UNKNOWN, error=WORKER_LOST, ended_at=now
    )
    _note_what_was_sent(lost)
    _release(max(lost, now - ASKS_WITHIN), now)
    for model in kinds():
        model._default_manager.filter(status=Status.CLAIMED, claimed_at__lt=lost).update(
            status=Status.UNKNOWN, error=WORKER_LOST
        )
        model._default_manager.filter(status__in=Delivery.WAITING, expires_at__lte=now).update(
            status=Status.FAILED, reason=Reason.LATE
        )
        due = model.wanted().filter(sweep_at__lte=now)
        for row in due.order_by("created_at"):
            again_at = _again_at(row, now)
            if due.filter(pk=row.pk, sweep_at=row.sweep_at).update(sweep_at=again_at):
                row.sweep_at = again_at
                yield row


def _again_at(row: Delivery, now: datetime) -> datetime:
    """As far away as the row has waited by then: what waits because the queue is long must not make it longer."""
    return now + max(2 * settings.SMS_REQUEUE_AFTER, now - row.created_at)


def _note_what_was_sent(lost: datetime) -> None:
    """Its worker died between the note at the attempt and the one at the SMS."""
    sent = Attempt.objects.filter(outcome=Attempt.Outcome.SENT, started_at__gte=F("sms__claimed_at"))
    for attempt in sent.filter(sms__status=Status.CLAIMED, sms__claimed_at__lt=lost):
        Sms.objects.filter(pk=attempt.sms_id, status=Status.CLAIMED).update(
            status=Status.SENT, sent_at=attempt.ended_at, gateway_id=attempt.gateway_id
        )


def _release(lost: datetime, now: datetime) -> None:
    """Its worker died, or could not write, before it asked a gateway, or after one that has certainly not sent it: it
    waits again."""
    asked = Attempt.objects.filter(sms=OuterRef("pk"), started_at__gte=OuterRef("claimed_at"))
    held = Exists(asked.filter(outcome__in=Attempt.HANDED_OVER))
    for sms in Sms.objects.filter(~held, status=Status.CLAIMED, claimed_at__lt=lost):
        Sms.objects.filter(pk=sms.pk, status=Status.CLAIMED, claimed_at=sms.claimed_at).update(
            status=Status.DELAYED, sweep_at=now
        )


def delete_expired() -> None:
    """The history of what was sent."""
    before = timezone.now() - settings.SMS_HISTORY_LIFETIME
    for model in kinds():
        expired.delete(model._default_manager.filter(created_at__lt=before))
    SmsDay.objects.filter(day__lt=before.date()).delete()
