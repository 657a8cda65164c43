"""The owner is told what was done to the account: by mail, and at the old number where there was one."""

from django.conf import settings
from django.utils import timezone

from accounts.delivery import queue
from accounts.delivery.models import Mail, Sms
from accounts.log.models import SecurityEvent
from accounts.users.models import User


def by_mail(user: User, event: SecurityEvent) -> None:
    now = timezone.now()
    mail = Mail.objects.create(
        user=user,
        event=event,
        language=user.language,
        created_at=now,
        expires_at=now + settings.SMS_NOTICE_LIFETIME,
        sweep_at=now + settings.SMS_REQUEUE_AFTER,
    )
    queue.enqueue(mail)


def by_sms(user: User, number: str, purpose: Sms.Purpose) -> None:
    now = timezone.now()
    sms = Sms.objects.create(
        user=user,
        number=number,
        purpose=purpose,
        language=user.language,
        created_at=now,
        expires_at=now + settings.SMS_NOTICE_LIFETIME,
        sweep_at=now + settings.SMS_REQUEUE_AFTER,
    )
    queue.enqueue(sms)
