"""What a reminder says: the office's words, filled in for one person."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.lib import clock, institution
from accounts.rollouts import placeholders
from accounts.users.ways import Way


def default_words(language: str) -> tuple[str, str]:
    """Subject and text, for the office to edit."""
    with translation.override(language):
        subject = _("Two-step verification for your mailbox begins on {date}")
        text = _(
            "Hello {name},\n\n"
            "from {date}, {time}, two-step verification will be on for your mailbox {mailbox}: signing in on the web "
            "will need your password and a code by SMS, and mail programs will need app passwords.\n\n"
            "What you still have to do:\n{to_do}\n\n"
            "It takes a few minutes: {portal}\n\nNothing else will change. We never ask for your password by mail.\n\n"
            "Questions? {contact}\n\n{institution}"
        )
    return subject, text


def _link(page: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(page)}"


@dataclass(frozen=True)
class Reader:
    """Whom it is for, and what there is still to do."""

    name: str
    mailbox: str
    is_unbound: bool  # nothing with which to take the second step
    lacks_app_passwords: bool

    def to_do(self) -> list[str]:
        """In the language that is active."""
        lines = []
        if self.is_unbound and Way.PHONE in {*settings.SECOND_STEPS_TO_BEGIN}.intersection(settings.SECOND_STEPS_ALONE):
            lines.append(_("Bind your phone: {link}").format(link=_link("phone")))
        elif self.is_unbound:
            lines.append(_("Add an authenticator app: {link}").format(link=_link("factor_app_new")))
        if self.lacks_app_passwords:
            lines.append(
                _(
                    "Make app passwords for your mail programs (Outlook, Foxmail, phones) and enter them there: {link}"
                ).format(link=_link("app_passwords"))
            )
        return lines or [_("Nothing: you are ready.")]


def fill(words: tuple[str, str], reader: Reader, start: datetime, language: str) -> tuple[str, str]:
    """Subject and text."""
    subject, text = words
    with translation.override(language):
        values = {
            "name": reader.name,
            "mailbox": reader.mailbox,
            "date": clock.day(start),
            "time": clock.time_of_day(start),
            "to_do": "\n".join(f"- {line}" for line in reader.to_do()),
            "portal": settings.PUBLIC_URL,
            "contact": settings.SUPPORT_CONTACT,
            "institution": institution.name(),
        }
    return " ".join(placeholders.filled(subject, values).split()), placeholders.filled(text, values)
