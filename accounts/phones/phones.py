"""The bound phone. Callers have checked the codes; here are the rules of what may be bound, and who is told.

What hangs on a phone goes with its row: trusted browsers, the second step of sessions, and help-desk codes, which stand
in for it (accounts/phones/helpcodes.py). Codes by SMS hang on the account, and are voided.
"""

from enum import Enum, auto

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.codes import codes
from accounts.delivery import notices
from accounts.delivery.models import Sms
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.mailsessions import mailsessions
from accounts.mailsessions.mailsessions import Why
from accounts.owners import owners
from accounts.phones import suggestions
from accounts.phones.models import Phone
from accounts.phones.notice import Agreement
from accounts.users import ways
from accounts.users.models import User


class Refusal(Enum):
    ALREADY_BOUND = auto()  # another browser was faster
    NUMBER_FULL = auto()  # as many mailboxes as may share it
    SAME_NUMBER = auto()
    GONE = auto()  # the phone to change is no longer there
    NOT_THE_FIRST = auto()  # the directory has another one, with which this person begins


def of(user: User) -> Phone | None:
    phone = Phone.objects.filter(user=user).first()
    if phone:
        phone.user = user  # one object: what is opened with it must know what it was opened for
    return phone


def with_them(users: QuerySet[User]) -> QuerySet[User]:
    """Of each the phone too, for `read`."""
    return users.select_related("phone")


def read(row: User, user: User) -> Phone | None:
    """What was read `with_them`. `user`: one object, as of `of`."""
    phone: Phone | None = getattr(row, "phone", None)
    if phone:
        phone.user = user
    return phone


def bind(user: User, number: str, *, agreement: Agreement | None = None, address: str = "") -> Phone | Refusal:
    with transaction.atomic():
        user.hold()
        first = suggestions.first(user)
        if first not in (None, number):
            return Refusal.NOT_THE_FIRST
        phone = _create(user, number, agreement)
        if isinstance(phone, Refusal):
            return phone
        ways.changed(user)
        codes.void(user)
        trusted = str(settings.LDAP_PHONES_TRUSTED_SINCE) if first else None
        event = events.record(
            events.Kind.PHONE_BOUND, user, address=address, number=phone.masked, trusted_since=trusted
        )
        notices.by_mail(user, event)
    return phone


def change(phone: Phone, number: str, *, agreement: Agreement | None = None, address: str = "") -> Phone | Refusal:
    """Another row: trusted browsers, other sessions' second step and pending codes go with the old one."""
    user = phone.user
    if str(phone.number) == number:
        return Refusal.SAME_NUMBER
    with transaction.atomic():
        user.hold()
        deleted, _ = Phone.objects.filter(pk=phone.pk).delete()
        new = _create(user, number, agreement) if deleted else Refusal.GONE
        if isinstance(new, Refusal):
            transaction.set_rollback(True)
            return new
        ways.changed(user)
        codes.void(user)
        event = events.record(
            events.Kind.PHONE_CHANGED, user, address=address, number=new.masked, old_number=phone.masked
        )
        _tell(user, phone, event, Sms.Purpose.NOTICE_CHANGED)
    return new


def unbind(phone: Phone, *, actor: User | None = None, address: str = "", reason: str = "") -> bool:
    """False if it is gone already. `actor` is the clerk who does it for somebody whose phone is lost."""
    user = phone.user
    with transaction.atomic():
        user.hold()
        deleted, _ = Phone.objects.filter(pk=phone.pk).delete()
        if not deleted:
            return False
        recovery_gone = ways.changed(user)
        codes.void(user)
        # Or whoever holds a session, perhaps on a lost phone, would be the next to bind one.
        user.end_sessions()
        mailsessions.end(owners.mailboxes([user]), Why.PHONE)
        event = events.record(
            events.Kind.PHONE_UNBOUND,
            user,
            actor=actor,
            address=address,
            old_number=phone.masked,
            recovery_gone=recovery_gone or None,
            **events.because(reason),
        )
        _tell(user, phone, event, Sms.Purpose.NOTICE_UNBOUND)
    return True


def _create(user: User, number: str, agreement: Agreement | None) -> Phone | Refusal:
    """Take a free slot of this number. The unique constraints decide between requests that come at once."""
    agreed = agreement.columns if agreement else {}
    for slot in Phone.free(number):
        try:
            with transaction.atomic():
                return Phone.objects.create(user=user, number=number, slot=slot, **agreed)
        except IntegrityError:
            if Phone.objects.filter(user=user).exists():
                return Refusal.ALREADY_BOUND
    return Refusal.NUMBER_FULL


def _tell(user: User, old: Phone, event: SecurityEvent, purpose: Sms.Purpose) -> None:
    notices.by_mail(user, event)
    notices.by_sms(user, str(old.number), purpose)
