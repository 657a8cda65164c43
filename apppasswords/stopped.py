"""Whose mail programs have stopped: they signed in with the mailbox password until two-step came, and no app password
has taken its place."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.maillogins.models import MailLogin
from accounts.users.models import User

RECEIVING, SENDING = {"imap", "pop3"}, {"smtp"}
Method = MailLogin.Method


@dataclass(frozen=True)
class Stopped:
    receiving: bool
    sending: bool


def of(user: User) -> Stopped | None:
    return told(set(logins(user, since(user))))


def since(user: User) -> date:
    """From when on logins tell something: lately, and only while two-step is on."""
    return timezone.localdate() - settings.MAILBOX_PASSWORD_SEEN if user.two_step_is_on() else date.max


def logins(user: Any, since: Any) -> QuerySet[MailLogin, tuple[str, str]]:
    """Method and protocol of each that was let in since then: that is what is known. Refused logins say nothing:
    anybody can try."""
    lately = MailLogin.objects.filter(user=user, day__gte=since)
    return lately.order_by().values_list("method", "protocol").distinct()


def told(logins: Collection[tuple[str, str]]) -> Stopped | None:
    def has_stopped(protocols: set[str]) -> bool:
        """Whoever changes from POP3 to IMAP receives mail again."""
        before = any((Method.MAILBOX_PASSWORD, protocol) in logins for protocol in protocols)
        return before and not any((Method.APP_PASSWORD, protocol) in logins for protocol in protocols)

    receiving, sending = has_stopped(RECEIVING), has_stopped(SENDING)
    return Stopped(receiving, sending) if receiving or sending else None
