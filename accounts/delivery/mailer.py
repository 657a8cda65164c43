"""Mails to the owner of an account, from their words to the mail server."""

import logging
import smtplib
import time
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string

from accounts.delivery.errors import NotSent, OutcomeUnknown, RecipientRejected
from accounts.lib import institution

logger = logging.getLogger(__name__)


AWAY_FOR = 30  # seconds; each mail would keep a worker waiting that sends SMS too


class Pause:
    """After a mail server that did not answer, as far as this process knows."""

    ends_at = 0.0


def send(to: str, subject: str, body: str) -> None:
    """What was certainly not handed over may be sent again; where nobody can tell, nobody does."""
    if time.monotonic() < Pause.ends_at:
        raise NotSent("the mail server is away")
    connection = get_connection()
    message = EmailMessage(subject.strip(), body.strip() + "\n", to=[to], connection=connection)
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        if all(code >= 500 for code, _words in error.recipients.values()):
            raise RecipientRejected("smtp recipient refused") from None
        raise NotSent("smtp recipient not now") from None
    except smtplib.SMTPResponseException as error:
        if error.smtp_code >= 500:
            logger.error("The mail server refuses to work for us: %s", error.smtp_code)
        raise NotSent(f"smtp {error.smtp_code}") from None
    except Exception as error:  # whatever it was: what counts is how far it came
        if getattr(connection, "was_accepted", False):
            return  # it only did not say good-bye
        if getattr(connection, "was_handed_over", False):
            raise OutcomeUnknown(type(error).__name__) from None
        Pause.ends_at = time.monotonic() + AWAY_FOR
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
