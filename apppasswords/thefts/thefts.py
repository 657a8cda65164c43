"""Somebody else is in an account: everything that opens it ends at once, and two-step is on.

What the owner has bound stays: it is what he comes back with, once the office has given him a new password. What a
thief has bound opens nothing without one; the desk shows it. Filters and forwarding are the mail server's
(docs/decisions/0059-stolen.md).
"""

from datetime import datetime

from django.db import transaction

from accounts.delivery import gateways, notices
from accounts.delivery.models import Sms
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.phones import phones
from accounts.rollouts import exemptions
from accounts.security import passwords
from accounts.sessions import endings
from accounts.sessions.endings import Occasion
from accounts.users.models import User
from apppasswords import passwords as app_passwords


def version_of(user: User) -> str:
    """Another one after each: what a page was showing."""
    return str(user.sessions_ended)


def stop(user: User, version: str, *, actor: User | None, address: str = "", reason: str) -> bool:
    """False if it is no longer the account that the page was made for: somebody was faster."""
    with transaction.atomic():
        user.hold()
        if version_of(User.objects.only("sessions_ended").get(pk=user.pk)) != version:
            return False
        _stop(user, actor, address, reason)
    return True


def stop_once(user: User, call: str, *, address: str = "", reason: str) -> bool:
    """Another program says so, once by each call: who repeats one does not undo what the office has given since."""
    with transaction.atomic():
        user.hold()
        if SecurityEvent.objects.filter(user=user, kind=events.Kind.STOLEN, detail__call=call).exists():
            return False
        _stop(user, None, address, reason, call)
    return True


def by_calls_since(began_at: datetime) -> int:
    return SecurityEvent.objects.filter(kind=events.Kind.STOLEN, at__gt=began_at, detail__has_key="call").count()


def _stop(user: User, actor: User | None, address: str, reason: str, call: str | None = None) -> None:
    exemptions.overrule(user, actor=actor, address=address)
    was_ours = passwords.withdraw(user)
    removed = app_passwords.remove_all(user, actor=actor, address=address, reason=reason, ends_mail=False)
    endings.end(Occasion.STOLEN, user, actor=actor, address=address, reason=reason)
    detail = {"app_passwords_removed": removed, "password_ended": was_ours} | ({"call": call} if call else {})
    event = events.record(events.Kind.STOLEN, user, actor=actor, address=address, **detail, **events.because(reason))
    _tell(user, event)


def _tell(user: User, event: SecurityEvent) -> None:
    """The mailbox may be read by somebody else, so by SMS too."""
    notices.by_mail(user, event)
    phone = phones.of(user)
    if phone and gateways.are_able(Sms.Purpose.NOTICE_STOLEN):
        notices.by_sms(user, str(phone.number), Sms.Purpose.NOTICE_STOLEN)
