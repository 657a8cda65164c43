"""Errors on their way to ADMINS: one mail for a place in a quarter of an hour, however many there were."""

import logging
import smtplib
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.faults.models import Fault
from accounts.faults.words import Note

logger = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(minutes=15)
TRIED_AGAIN_AFTER = timedelta(minutes=1)  # also what a worker leaves that dies of it
MAILS_AT_ONCE = 20
KEPT_FOR = timedelta(days=30)


def keep(notes: Iterable[Note]) -> None:
    with transaction.atomic():
        for note in notes:
            new = {"title": note.title, "example": note.example, "first_at": note.first_at}
            Fault.objects.get_or_create(place=note.place, defaults=new)
            Fault.objects.filter(place=note.place).update(
                count=F("count") + note.count, title=note.title, example=note.example, last_at=note.last_at
            )


def tell() -> None:
    """What nobody was told yet. A mail server that is away only delays it."""
    now = timezone.now()
    due = Fault.objects.filter(count__gt=F("told"), next_at__lte=now)
    for fault in due.order_by("next_at")[:MAILS_AT_ONCE]:
        if not due.filter(pk=fault.pk, next_at=fault.next_at).update(next_at=now + TRIED_AGAIN_AFTER):
            continue  # another worker tells it
        try:
            _mail(fault)
        except (OSError, smtplib.SMTPException) as error:
            logger.warning("The mail about an error is tried again: %s", type(error).__name__)
            return
        Fault.objects.filter(pk=fault.pk).update(told=fault.count, next_at=now + AGAIN_AFTER)


def _mail(fault: Fault) -> None:
    context = {"fault": fault, "new": fault.count - fault.told, "portal": settings.PUBLIC_URL}
    subject, _, body = render_to_string("faults/mail.txt", context).strip().partition("\n")
    message = EmailMessage(subject, body.strip() + "\n", settings.SERVER_EMAIL, [to for _name, to in settings.ADMINS])
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    message.send()


def delete_expired() -> None:
    Fault.objects.filter(last_at__lt=timezone.now() - KEPT_FOR).delete()
