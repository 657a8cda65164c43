"""Whose mail programs have stopped: they signed in with the mailbox password until two-step came, and no app password
has taken its place."""

from dataclasses import dataclass

from django.conf import settings
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
    """What was let in is what is known. Refused logins say nothing: anybody can try."""
    if not user.two_step_is_on():
        return None
    since = timezone.localdate() - settings.MAILBOX_PASSWORD_SEEN
    lately = MailLogin.objects.filter(user=user, day__gte=since).order_by().values_list("method", "protocol")
    logins = set(lately.distinct())

    def has_stopped(protocols: set[str]) -> bool:
        """Whoever changes from POP3 to IMAP receives mail again."""
        before = any((Method.MAILBOX_PASSWORD, protocol) in logins for protocol in protocols)
        return before and not any((Method.APP_PASSWORD, protocol) in logins for protocol in protocols)

    receiving, sending = has_stopped(RECEIVING), has_stopped(SENDING)
    return Stopped(receiving, sending) if receiving or sending else None
