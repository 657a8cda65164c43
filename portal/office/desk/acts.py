"""What a clerk does for somebody: each with a reason, in the log, and told to the owner.

Each says whether it was done. What was not was done before by somebody else: `last` says by whom.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.bans import bans, brake
from accounts.bans.models import Ban
from accounts.browsers import browsers
from accounts.codes import codes, guesses, limits
from accounts.delivery import notices
from accounts.delivery.models import Sms
from accounts.log import events
from accounts.log.kinds import Kind
from accounts.log.models import SecurityEvent
from accounts.phones.models import Phone
from accounts.sessions import endings
from accounts.sessions.endings import Occasion
from accounts.users.models import User


@dataclass(frozen=True)
class By:
    """Who does it, from where, and why."""

    clerk: User
    address: str = ""
    reason: str = ""


def last(user: User, *kinds: Kind) -> SecurityEvent | None:
    """The last time that something of this kind was done to the account."""
    return SecurityEvent.objects.filter(user=user, kind__in=kinds).first()


def _record(kind: Kind, user: User, by: By, **detail: str) -> SecurityEvent:
    return events.record(kind, user, actor=by.clerk, address=by.address, **detail, **events.because(by.reason))


def forget_browsers(user: User, by: By) -> bool:
    with transaction.atomic():
        event = browsers.forget_all(user, actor=by.clerk, address=by.address, reason=by.reason)
        if event:
            notices.by_mail(user, event)
    return event is not None


def end_sessions(user: User, by: By) -> None:
    with transaction.atomic():
        endings.end(Occasion.SIGNED_OUT_EVERYWHERE, user)
        notices.by_mail(user, _record(Kind.SESSIONS_ENDED, user, by))


def end_pause(user: User, by: By) -> bool:
    with transaction.atomic():
        if not guesses.end_pause(user):
            return False
        notices.by_mail(user, _record(Kind.PAUSE_ENDED, user, by))
    return True


def release(user: User, by: By) -> bool:
    with transaction.atomic():
        if not brake.release(user):
            return False
        notices.by_mail(user, _record(Kind.BRAKE_RELEASED, user, by))
    return True


def give_codes(user: User, version: datetime | None, by: By) -> bool:
    """`version`: from when on codes were counted as the page was made."""
    with transaction.atomic():
        if not limits.give_again(user, version):
            return False
        notices.by_mail(user, _record(Kind.CODES_GIVEN, user, by))
    return True


def lift(user: User, ban: Ban, by: By) -> bool:
    with transaction.atomic():
        event = bans.lift(ban, by.clerk, owner=user, reason=by.reason)
        if event:
            notices.by_mail(user, event)
    return event is not None


def send_test(user: User, phone: Phone, by: By) -> codes.Issued:
    """An SMS without a code, within limits of its own and the day's budget."""
    issued = codes.issue(
        user,
        str(phone.number),
        Sms.Purpose.TEST,
        "",
        address=by.address,
        language=user.language or settings.LANGUAGE_CODE,
    )
    if issued.sms:
        notices.by_mail(user, _record(Kind.TEST_SMS, user, by, number=phone.masked))
    return issued


def see_number(user: User, phone: Phone, by: By) -> str:
    """The whole number; that somebody looked is in the log."""
    _record(Kind.NUMBER_SEEN, user, by)
    return str(phone.number)
