"""临时验证码: the one-time code that the help desk gives somebody who lost the phone, or what else there was.

After the right password it takes the place of the SMS, and opens one thing only: binding another phone. The old phone
stays bound until then. Were it unbound when the code is given, whoever knows the password would be the next to bind
one; and whoever talks a clerk into a code would have locked the owner out at once.
"""

import secrets
from enum import Enum, auto

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.codes import guesses, limits
from accounts.codes.guesses import Outcome
from accounts.delivery import digits, notices
from accounts.delivery.models import Sms
from accounts.lib import expired, macs
from accounts.log import events
from accounts.phones import phones
from accounts.phones.models import HelpCode, Phone
from accounts.users import clerks, ways
from accounts.users.models import User

DIGITS = 8  # guesses at it are not tied to one session, as those at an SMS code are: there are more to guess from


class Refusal(Enum):
    """Why the clerk is given none."""

    COLLEAGUE = auto()  # or the clerk himself
    DISABLED = auto()
    TWO_STEP_OFF = auto()  # nothing to stand in for: the password opens the account
    NO_WAY = auto()  # none to replace: the sign-in asks for a phone by itself
    PAUSED = auto()
    GONE = auto()  # another clerk was faster, or the person has another phone or way now


def of(user: User) -> HelpCode | None:
    """The last one that was given, whatever became of it."""
    return HelpCode.objects.filter(user=user).select_related("issued_by").first()


def version(phone: Phone | None, last: HelpCode | None) -> tuple[int, int]:
    """What a clerk decides on: the phone (0: none), and the ordinal of its last code (0: none yet)."""
    given = last.ordinal if last and last.phone_id == (phone.pk if phone else None) else 0
    return phone.pk if phone else 0, given


def refused(user: User, by: User | None) -> Refusal | None:
    if by is not None and not clerks.may_touch(by, user):
        return Refusal.COLLEAGUE
    if not user.is_active:
        return Refusal.DISABLED
    if not user.two_step_is_on():
        return Refusal.TWO_STEP_OFF
    return Refusal.PAUSED if guesses.paused(user) else None


def issue(
    user: User, seen: tuple[int, int], *, actor: User | None, address: str = "", reason: str = ""
) -> tuple[HelpCode, str] | Refusal:
    """The row and its code, which is returned here and never again. The owner is told, at the old number too.

    `seen`: what the clerk saw, as `version` says it. Earlier codes are void.
    `actor` is None where somebody at the server did it, who can do anything anyway.
    """
    if refusal := refused(user, actor):
        return refusal
    phone, last = seen
    held = phones.of(user)
    if not ways.of(user):
        return Refusal.NO_WAY
    if (held.pk if held else 0) != phone:
        return Refusal.GONE
    now = timezone.now()
    code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    nonce = digits.new_nonce()
    try:
        with transaction.atomic():
            user.hold()
            limits.start_afresh(user, by_office=True)
            void(user)
            row = HelpCode.objects.create(
                user=user,
                phone=held,
                ways_version=user.ways_version,
                ordinal=last + 1,
                issued_by=actor,
                digest=_digest(user, nonce, code),
                nonce=nonce,
                created_at=now,
                expires_at=now + settings.HELP_CODE_LIFETIME,
            )
            event = events.record(
                events.Kind.HELP_CODE_ISSUED,
                user,
                actor=actor,
                address=address,
                until=row.expires_at,
                **events.because(reason),
            )
            notices.by_mail(user, event)
            if held:
                notices.by_sms(user, str(held.number), Sms.Purpose.NOTICE_HELP_CODE)
    except IntegrityError:
        return Refusal.GONE
    return row, code


def _digest(user: User, nonce: str, code: str) -> str:
    bound = "\0".join(("help code", nonce, str(user.pk), code))
    return macs.digest(settings.SMS_CODE_KEY, bound.encode()).hex()


def check(user: User, text: str, *, address: str = "") -> tuple[Outcome, HelpCode | None]:
    """Whether `text` is the code that this person was given last. A right one is used up.

    Every guess counts: for the code, and for the account as a wrong code by SMS does.
    """
    guess = guesses.normalised(text, DIGITS)
    row = of(user) if guess else None
    outcome = guesses.check(user, guess, Given(user, row, address) if row else None, address=address)
    if row and outcome is Outcome.WRONG:
        row.refresh_from_db(fields=["tries"])
        outcome = Outcome.EXHAUSTED if row.tries >= settings.HELP_CODE_TRIES else Outcome.WRONG
    return outcome, row


class Given(guesses.Row):
    def __init__(self, user: User, row: HelpCode, address: str) -> None:
        super().__init__("help_code", row, tries=settings.HELP_CODE_TRIES, lifetime=settings.HELP_CODE_LIFETIME)
        self.user, self.code, self.address = user, row, address

    def typed(self, guess: str) -> list[str]:
        return [_digest(self.user, self.code.nonce, guess)]

    def expected(self) -> list[str]:
        return [self.code.digest]

    def use_up(self, right: str) -> bool:
        won = super().use_up(right)
        if won:
            events.record(events.Kind.HELP_CODE_USED, self.user, address=self.address)
        return won


def void(*users: User) -> None:
    """No code of theirs counts any more, and what one that was entered began neither."""
    HelpCode.objects.filter(user__in=users, voided_at=None).update(voided_at=timezone.now())


def _entered(pk: int, user: User) -> QuerySet[HelpCode]:
    version = User.objects.values_list("ways_version", flat=True).get(pk=user.pk)
    return HelpCode.objects.filter(pk=pk, user=user, ways_version=version, voided_at=None).exclude(used_at=None)


def opens(pk: int, user: User) -> bool:
    """Whether the code that a session entered still lets it bind something in place of what is lost."""
    return _entered(pk, user).exists()


def spend(pk: int, user: User) -> bool:
    """For what takes the place of what is lost; in a transaction, with the account held. False: it opens nothing."""
    return bool(_entered(pk, user).update(voided_at=timezone.now()))


def delete_expired() -> None:
    """What is told about them is told as long as about codes by SMS."""
    expired.delete(HelpCode.objects.filter(created_at__lt=timezone.now() - settings.SMS_HISTORY_LIFETIME))
