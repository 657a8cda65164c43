"""Codes by SMS: who may have one, and whether what was typed is it.

A guess is claimed by a conditional update that is committed before the comparison, and the winner is decided by a
second one. So no number of processes can try a code more often than it allows, or use it twice.
"""

import hmac
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from accounts import addresses, clock, derivation, events, numbers, tasks
from accounts.models import HelpCode, Sms, SmsDay, User


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


class Outcome(Enum):
    RIGHT = auto()
    WRONG = auto()
    MALFORMED = auto()  # not six digits; compared with nothing, counted nowhere
    EXPIRED = auto()  # no live code: too old, used, replaced, or none was asked for
    EXHAUSTED = auto()  # guessed at too often
    PAUSED = auto()  # the account's wrong codes in a row


def issue(user: User, number: str, purpose: Sms.Purpose, session: str, *, address: str, language: str) -> Issued:
    """Ask for a code, or for a test without one. The answer comes when the row is committed; the SMS follows through
    the queue."""
    now = timezone.now()
    if numbers.country(number) not in settings.SMS_COUNTRIES:
        return Issued(None, Refusal.COUNTRY)
    is_test = purpose == Sms.Purpose.TEST
    if not is_test and (paused_until := paused(user)):
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
            nonce="" if is_test else derivation.new_nonce(),
            address=addresses.network(address),
            language=language,
            created_at=now,
            expires_at=now + settings.SMS_CODE_LIFETIME,
            sweep_at=now + settings.SMS_REQUEUE_AFTER,
        )
        tasks.enqueue(sms)
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


def paused(user: User) -> datetime | None:
    """Until when the account gets no codes and none of its codes is accepted."""
    until = User.objects.values_list("codes_paused_until", flat=True).get(pk=user.pk)
    return until if until and until > timezone.now() else None


def normalised(text: str, digits: int = 6) -> str | None:
    """The six digits of "123 456" or of full-width digits; None where that is not what was typed."""
    plain = re.sub(r"[ -]", "", unicodedata.normalize("NFKC", text[:40]))
    return plain if re.fullmatch(rf"[0-9]{{{digits}}}", plain) else None


def check(user: User, number: str, purpose: Sms.Purpose, session: str, text: str, *, address: str = "") -> Outcome:
    """Whether `text` is the code that was sent to this number, for this purpose, in this session.

    A right one is used up.
    """
    guess = normalised(text)
    if guess is None:
        return Outcome.MALFORMED
    if paused(user):
        return Outcome.PAUSED
    sms = latest(user, number, purpose, session)
    if sms is None:
        return Outcome.EXPIRED
    if not _claim_guess_at_code(sms):
        # Guesses that came at once were counted after it was read.
        sms.refresh_from_db(fields=["tries", "used_at", "voided_at"])
        spent = sms.tries >= settings.SMS_CODE_TRIES and sms.used_at is None and sms.voided_at is None
        return Outcome.EXHAUSTED if spent else Outcome.EXPIRED
    pause = claim_guess_of_account(user)
    if pause is None:
        return Outcome.PAUSED

    if not hmac.compare_digest(guess, derivation.digits(sms)):
        note_wrong(user, sms.purpose, pause, address)
        return Outcome.WRONG
    with transaction.atomic(durable=True):
        now = timezone.now()
        won = Sms.objects.filter(pk=sms.pk, used_at=None, voided_at=None, expires_at__gt=now).update(used_at=now)
        if won:
            forgive(user)
    return Outcome.RIGHT if won else Outcome.EXPIRED


def _claim_guess_at_code(sms: Sms) -> bool:
    with transaction.atomic(durable=True):
        return Sms.objects.live(pk=sms.pk).update(tries=F("tries") + 1) == 1


def claim_guess_of_account(user: User) -> datetime | None:
    """Every guess counts as wrong until it proves right. The one that reaches the limit starts the pause.

    Returns until when the account pauses if it is this one; None while it pauses already.
    """
    now = timezone.now()
    pause = now + settings.SMS_CODE_PAUSE
    pause_is_over = Q(codes_paused_until__lte=now)
    last_one = Q(wrong_codes__gte=settings.SMS_CODE_WRONG_LIMIT - 1)
    with transaction.atomic(durable=True):
        claimed = User.objects.filter(Q(codes_paused_until=None) | pause_is_over, pk=user.pk).update(
            wrong_codes=Case(When(pause_is_over, then=Value(1)), default=F("wrong_codes") + 1),
            codes_paused_until=Case(
                When(pause_is_over, then=Value(None)),
                When(last_one, then=Value(pause)),
                default=Value(None),
            ),
        )
    return pause if claimed else None


def note_wrong(user: User, purpose: str, pause: datetime, address: str) -> None:
    events.record(events.Kind.CODE_WRONG, user, address=address, purpose=purpose)
    if paused(user) == pause:  # this guess started it; others that came at once see it too
        events.record(events.Kind.CODES_PAUSED, user, address=address, until=clock.iso(pause))


def forgive(user: User) -> None:
    """The wrong codes in a row are over."""
    User.objects.filter(pk=user.pk).update(wrong_codes=0, codes_paused_until=None)


def void(user: User) -> None:
    """No code of this account that is on its way counts any more; what one from the help desk began neither."""
    now = timezone.now()
    Sms.objects.codes().filter(user=user, used_at=None, voided_at=None).update(voided_at=now)
    HelpCode.objects.filter(user=user, voided_at=None).update(voided_at=now)
