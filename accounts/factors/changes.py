"""What follows whenever one of the other ways is added or removed: in that transaction, with the account held."""

from datetime import timedelta

from django.utils import timezone

from accounts.codes import codes
from accounts.delivery import gateways, notices
from accounts.delivery.models import Sms
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.mailsessions import mailsessions
from accounts.owners import owners
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Device

SMS_A_DAY = 10  # to one person: who adds and removes without an end spends no budget of the institution


def added(device: Device, *, address: str = "") -> None:
    user = device.user
    end(user)
    event = events.record(events.Kind.WAY_ADDED, user, address=address, way=device.way, name=device.name)
    tell(user, event)


def removed(
    device: Device, *, actor: User | None = None, address: str = "", reason: str = "", by_sms: bool = True
) -> None:
    user = device.user
    recovery_gone = end(user, actor)
    event = events.record(
        events.Kind.WAY_REMOVED,
        user,
        actor=actor,
        address=address,
        way=device.way,
        name=device.name,
        recovery_gone=recovery_gone or None,
        **events.because(reason),
    )
    tell(user, event, by_sms=by_sms)


def tell(user: User, event: SecurityEvent, *, by_sms: bool = True) -> None:
    """On every channel that the owner has: whoever holds one of them hides nothing from the others."""
    notices.by_mail(user, event)
    number = User.objects.values_list("phone__number", flat=True).get(pk=user.pk)
    if by_sms and number and _may_be_sent(user):
        notices.by_sms(user, str(number), Sms.Purpose.NOTICE_WAY)


def _may_be_sent(user: User) -> bool:
    since = timezone.now() - timedelta(days=1)
    sent = Sms.objects.filter(user=user, purpose=Sms.Purpose.NOTICE_WAY, created_at__gt=since)
    return gateways.are_able(Sms.Purpose.NOTICE_WAY) and sent.count() < SMS_A_DAY


def end(user: User, actor: User | None = None) -> bool:
    """What the former ways had opened. `actor` is the clerk who does it for somebody who lost one: whoever holds a
    session, perhaps on what is lost, would be the next to add one. Returns whether recovery codes went with the last
    other way."""
    recovery_gone = ways.changed(user)
    codes.void(user)
    if actor:
        user.end_sessions()
        mailsessions.end(owners.mailboxes([user]), mailsessions.Why.PHONE)
    return recovery_gone
