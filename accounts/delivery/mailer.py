"""Mails to the owner of an account, from their words to the mail server."""

import smtplib
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from accounts.delivery.errors import ConfigurationRejected, NotSent, RecipientRejected
from accounts.lib import institution


def send(to: str, subject: str, body: str) -> None:
    message = EmailMessage(subject.strip(), body.strip() + "\n", to=[to])
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


def notice(kind: str, **what: Any) -> tuple[str, str]:
    """Subject and body. The words are in templates/mail/<kind of event>.txt, the subject on the first line."""
    context = {
        "institution": institution.name(),
        "contact": settings.SUPPORT_CONTACT,
        "portal": settings.PUBLIC_URL,
        "filters": settings.MAIL_FILTERS_URL or settings.MAILBOX_URL,
        **what,
    }
    subject, _, body = render_to_string(f"mail/{kind}.txt", context).strip().partition("\n")
    return subject, body
