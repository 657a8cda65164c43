"""Codes by SMS: who may have one, and whether what was typed is it."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, When
from django.utils import timezone

from accounts.bans.where import addresses
from accounts.codes import abuse, guesses, limits
from accounts.codes.guesses import Outcome
from accounts.codes.limits import Asked, Refusal, Refused
from accounts.delivery import digits, queue
from accounts.delivery.models import Sms, SmsDay
from accounts.lib import numbers
from accounts.lib.compiled import Change, Query
from accounts.users.models import User


@dataclass(frozen=True)
class Issued:
    sms: Sms | None
    refusal: Refusal | None = None
    again_at: datetime | None = None  # when asking again can help


def issue(  # noqa: PLR0913 (what a code is bound to, and who asks)
    user: User,
    number: str,
    purpose: Sms.Purpose,
    session: str,
    *,
    address: str,
    language: str,
    by_owner: bool = False,
    via: str = "",
) -> Issued:
    """Ask for a code, or for a test without one. The answer comes when the row is committed; the SMS follows through
    the queue. A refusal takes nothing away: what was sent before counts as it did.

    `by_owner`: by somebody who has shown to be the owner by more than the password. `via`: a test of this gateway.
    """
    now = timezone.now()
    asked = Asked(user, number, purpose, address, by_owner)
    if never := _never(asked):
        return _none(never)
    is_test = purpose == Sms.Purpose.TEST
    with transaction.atomic(durable=True):
        # From here to the commit every other request for a code waits, so the counts below hold.
        within_budget = _spend(now) or _begin(now)
        known = limits.known(asked, now)
        refused = _paused(asked, known.paused_until)
        refused = refused or (None if within_budget else Refused(Refusal.BUDGET))
        refused = refused or limits.refused(asked, known, now) or abuse.refused(asked, known, now, via)
        if refused:
            transaction.set_rollback(True)
            abuse.tell(asked, refused)
            return _none(refused)
        if any((one.purpose, one.used_at, one.voided_at) == (purpose, None, None) for one in known.lately):
            Sms.objects.filter(user=user, purpose=purpose, used_at=None, voided_at=None).update(voided_at=now)
        sms = Sms.objects.create(
            user=user,
            number=number,
            purpose=purpose,
            session=session,
            nonce="" if is_test else digits.new_nonce(),
            address=addresses.network(address),
            by_owner=by_owner,
            via=via,
            language=language,
            created_at=now,
            expires_at=now + settings.SMS_CODE_LIFETIME,
            sweep_at=now + settings.SMS_REQUEUE_AFTER,
        )
        queue.enqueue(sms)
    return Issued(sms)


def outlook(
    user: User, number: str, purpose: Sms.Purpose, lately: list[Sms], *, address: str, by_owner: bool = False
) -> Issued | None:
    """What asking for a code now would be refused for; None: nothing. `lately`: what was sent, as of `sent_to`."""
    now = timezone.now()
    asked = Asked(user, number, purpose, address, by_owner)
    refused = _never(asked) or _paused(asked, user.codes_paused_until) or limits.waiting(asked, lately, now)
    if refused is None:
        known = limits.known(asked, now)
        refused = limits.refused(asked, known, now) or abuse.refused(asked, known, now)
    spent = SmsDay.objects.filter(day=timezone.localdate(now), codes__gte=settings.SMS_DAILY_BUDGET)
    if refused is None and spent.exists():
        refused = Refused(Refusal.BUDGET)
    return _none(refused) if refused else None


def sent_to(user: User) -> list[Sms]:
    """In the last day, dead or alive: their story is what a page shows."""
    return limits.lately(user, timezone.now())


def _spend(now: datetime) -> bool:
    return bool(SPEND.run(timezone.localdate(now), settings.SMS_DAILY_BUDGET))


SPEND = Change(lambda day, budget: (SmsDay.objects.filter(day=day, codes__lt=budget), {"codes": F("codes") + 1}))


def _begin(now: datetime) -> bool:
    """The first code of a day, or one beyond the budget."""
    SmsDay.objects.bulk_create([SmsDay(day=timezone.localdate(now))], ignore_conflicts=True)
    return _spend(now)


def _never(asked: Asked) -> Refused | None:
    """What no count decides."""
    allowed = numbers.country(asked.number) in settings.SMS_COUNTRIES
    return None if allowed else Refused(Refusal.COUNTRY)


def _paused(asked: Asked, until: datetime | None) -> Refused | None:
    is_on = asked.purpose != Sms.Purpose.TEST and until is not None and until > timezone.now()
    return Refused(Refusal.PAUSED, until) if is_on else None


def _none(refused: Refused) -> Issued:
    return Issued(None, refused.refusal, refused.again_at)


def latest(user: User, number: str, purpose: Sms.Purpose, session: str) -> Sms | None:
    """The code that was last asked for here, dead or alive."""
    newest = OF_A_SESSION.first(user.pk, str(purpose), session)
    if newest is None or newest.number == number:
        return newest
    return Sms.objects.filter(user=user, number=number, purpose=purpose, session=session).first()


OF_A_SESSION = Query(lambda user, purpose, session: Sms.objects.filter(user=user, purpose=purpose, session=session)[:1])


def carry_over(user: User, old: str, new: str) -> None:
    """What was sent to one session counts in the one that follows it in the same browser, and there only.

    One statement: of sessions that come at once, one gets it. Guesses at it, and whatever else is counted, go with it.
    """
    if old:
        first = Case(When(first_session="", then=F("session")), default=F("first_session"))
        Sms.objects.codes().filter(user=user, session=old, used_at=None).update(session=new, first_session=first)


def check(user: User, number: str, purpose: Sms.Purpose, session: str, text: str, *, address: str = "") -> Outcome:
    """Whether `text` is the code that was sent to this number, for this purpose, in this session.

    A right one is used up.
    """
    guess = guesses.normalised(text)
    sms = latest(user, number, purpose, session) if guess else None
    return guesses.check(user, guess, Sent(sms) if sms else None, address=address)


class Sent(guesses.Row):
    def __init__(self, sms: Sms) -> None:
        super().__init__(sms.purpose, sms, tries=settings.SMS_CODE_TRIES, lifetime=settings.SMS_CODE_LIFETIME)
        self.sms = sms

    def expected(self) -> list[str]:
        return [self.sms.digits()]


def void(*users: User) -> None:
    """No code of theirs that is on its way counts any more."""
    waiting = Sms.objects.codes().filter(user__in=users, used_at=None, voided_at=None)
    waiting.update(voided_at=timezone.now())
