"""Mails to the owner of an account: notices of what was done, and reminders before two-step begins."""

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from accounts import reminders, wording
from accounts.models import Mail, Reminder
from accounts.sms.errors import ConfigurationRejected, NotSent, RecipientRejected


def send(mail: Mail) -> None:
    subject, body = _notice(mail) if mail.reminder is None else _reminder(mail.reminder, mail)
    message = EmailMessage(subject.strip(), body.strip() + "\n", to=[mail.user.username])
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused:
        raise RecipientRejected("smtp recipient refused") from None
    except smtplib.SMTPResponseException as error:
        if error.smtp_code >= 500:
            raise ConfigurationRejected(f"smtp {error.smtp_code}") from None
        raise NotSent(f"smtp {error.smtp_code}") from None
    except (smtplib.SMTPConnectError, ConnectionError) as error:
        raise NotSent(type(error).__name__) from None


def _notice(mail: Mail) -> tuple[str, str]:
    """Its words are in templates/mail/<kind of event>.txt, the subject on the first line."""
    event = mail.event
    assert event  # noqa: S101 - the database keeps that promise
    context = {
        "institution": wording.institution(),
        "contact": settings.SUPPORT_CONTACT,
        "portal": settings.PUBLIC_URL,
        "user": mail.user,
        "at": event.at,
        "by_office": event.actor_id is not None,
        "address": event.address,
        **event.detail,
    }
    subject, _, body = render_to_string(f"mail/{event.kind}.txt", context).strip().partition("\n")
    return subject, body


def _reminder(reminder: Reminder, mail: Mail) -> tuple[str, str]:
    return reminders.words(reminder.rollout, mail.user, mail.language)
