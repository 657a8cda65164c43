"""Codes by SMS: who may have one, and whether what was typed is it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.bans import addresses
from accounts.codes import guesses
from accounts.codes.guesses import Outcome
from accounts.delivery import digits, queue
from accounts.delivery.models import Sms, SmsDay
from accounts.lib import numbers
from accounts.users.models import User


class Refusal(Enum):
    """Why no code was sent. Such a request costs nothing."""

    WAIT = auto()  # SMS_RESEND_AFTER has not passed
    LIMIT = auto()  # the account, the number or the address had too many
    PAUSED = auto()  # too many wrong codes
    BUDGET = auto()  # the site sent too many today
    COUNTRY = auto()


@dataclass(frozen=True)
class Issued:
    sms: Sms | None
    refusal: Refusal | None = None
    again_at: datetime | None = None  # when asking again can help


def issue(user: User, number: str, purpose: Sms.Purpose, session: str, *, address: str, language: str) -> Issued:
    """Ask for a code, or for a test without one. The answer comes when the row is committed; the SMS follows through
    the queue."""
    now = timezone.now()
    if numbers.country(number) not in settings.SMS_COUNTRIES:
        return Issued(None, Refusal.COUNTRY)
    is_test = purpose == Sms.Purpose.TEST
    if not is_test and (paused_until := guesses.paused(user)):
        return Issued(None, Refusal.PAUSED, paused_until)
    with transaction.atomic(durable=True):
        SmsDay.objects.bulk_create([SmsDay(day=timezone.localdate(now))], ignore_conflicts=True)
        # From here to the commit every other request for a code waits, so the counts below hold.
        within_budget = SmsDay.objects.filter(day=timezone.localdate(now), codes__lt=settings.SMS_DAILY_BUDGET).update(
            codes=F("codes") + 1
        )
        refused = _limit_reached(user, number, purpose, address, now) if within_budget else Issued(None, Refusal.BUDGET)
        if refused:
            transaction.set_rollback(True)
            return refused
        Sms.objects.filter(user=user, purpose=purpose, used_at=None, voided_at=None).update(voided_at=now)
        sms = Sms.objects.create(
            user=user,
            number=number,
            purpose=purpose,
            session=session,
            nonce="" if is_test else digits.new_nonce(),
            address=addresses.network(address),
            language=language,
            created_at=now,
            expires_at=now + settings.SMS_CODE_LIFETIME,
            sweep_at=now + settings.SMS_REQUEUE_AFTER,
        )
        queue.enqueue(sms)
    return Issued(sms)


def _limit_reached(user: User, number: str, purpose: Sms.Purpose, address: str, now: datetime) -> Issued | None:
    # Tests are counted by themselves: one by the office takes no code from anybody.
    is_test = purpose == Sms.Purpose.TEST
    sent = Sms.objects.filter(purpose=purpose) if is_test else Sms.objects.codes()
    hour = timedelta(hours=1)
    mine = Q(user=user) | Q(number=number)

    last = sent.filter(mine, purpose=purpose, created_at__gt=now - settings.SMS_RESEND_AFTER).first()
    if last:
        return Issued(None, Refusal.WAIT, last.created_at + settings.SMS_RESEND_AFTER)

    limits = [
        (Q(user=user), hour, settings.SMS_HOURLY_LIMIT),
        (Q(number=number), hour, settings.SMS_HOURLY_LIMIT),
        (Q(user=user), 24 * hour, settings.SMS_DAILY_LIMIT),
        (Q(number=number), 24 * hour, settings.SMS_DAILY_LIMIT),
    ]
    if addresses.kind(address) is None:  # behind one that the office knows, many people ask for codes
        limits.append((Q(address=addresses.network(address)), hour, settings.SMS_ADDRESS_LIMIT))
    waits = []
    for whose, window, limit in limits:
        times = (
            sent.filter(whose, created_at__gt=now - window).order_by("-created_at").values_list("created_at", flat=True)
        )
        newest = list(times[:limit])
        if len(newest) == limit:
            waits.append(newest[-1] + window)  # when the oldest of them no longer counts
    return Issued(None, Refusal.LIMIT, max(waits)) if waits else None


def latest(user: User, number: str, purpose: Sms.Purpose, session: str) -> Sms | None:
    """The code that was last asked for here, dead or alive: its story is what the page shows."""
    return Sms.objects.filter(user=user, number=number, purpose=purpose, session=session).first()


def resend_at(user: User, number: str, purpose: Sms.Purpose) -> datetime | None:
    """When another code may be asked for, or None: now."""
    now = timezone.now()
    last = Sms.objects.filter(
        Q(user=user) | Q(number=number), purpose=purpose, created_at__gt=now - settings.SMS_RESEND_AFTER
    ).first()
    return last.created_at + settings.SMS_RESEND_AFTER if last else None


def check(user: User, number: str, purpose: Sms.Purpose, session: str, text: str, *, address: str = "") -> Outcome:
    """Whether `text` is the code that was sent to this number, for this purpose, in this session.

    A right one is used up.
    """
    guess = guesses.normalised(text)
    sms = latest(user, number, purpose, session) if guess else None
    return guesses.check(user, guess, Sent(sms) if sms else None, address=address)


class Sent(guesses.Row):
    def __init__(self, sms: Sms) -> None:
        rows = Sms.objects.filter(pk=sms.pk)
        super().__init__(sms.purpose, rows, tries=settings.SMS_CODE_TRIES, lifetime=settings.SMS_CODE_LIFETIME)
        self.sms = sms

    def expected(self) -> list[str]:
        return [self.sms.digits()]


def void(*users: User) -> None:
    """No code of theirs that is on its way counts any more."""
    waiting = Sms.objects.codes().filter(user__in=users, used_at=None, voided_at=None)
    waiting.update(voided_at=timezone.now())
