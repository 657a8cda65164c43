"""Passkeys: a signature by a key that never leaves its device, in place of a code. Never without the password."""

from enum import Enum, auto

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.codes import guesses
from accounts.factors import authenticators, ceremonies, changes
from accounts.factors.ceremonies import Answer, Made, Place, Used
from accounts.factors.models import Passkey
from accounts.log import events
from accounts.users import ways
from accounts.users.models import User

AT_MOST = 20  # of one person


class Refusal(Enum):
    TOO_MANY = auto()
    TAKEN = auto()  # it is added already
    GONE = auto()  # it was changed in another browser meanwhile
    NEEDED = auto()  # the only way in that is left


def of(user: User) -> QuerySet[Passkey]:
    return Passkey.objects.filter(user=user)


# --- Added, renamed, removed ------------------------------------------------------------------------------------------


def add(user: User, made: Made, name: str, *, address: str = "") -> Passkey | Refusal:
    with transaction.atomic():
        user.hold()
        if not User.objects.filter(pk=user.pk, ways_version=user.ways_version).exists():
            return Refusal.GONE  # the challenge was of before; so of one answer that comes twice, one counts
        if of(user).count() >= AT_MOST:
            return Refusal.TOO_MANY
        passkey = _create(user, made, name)
        if passkey is None:
            return Refusal.TAKEN
        changes.added(passkey, address=address)
    return passkey


def _create(user: User, made: Made, name: str) -> Passkey | None:
    try:
        with transaction.atomic():
            return Passkey.objects.create(
                user=user, name=authenticators.tidy(name), last_used_at=timezone.now(), **vars(made)
            )
    except IntegrityError:
        return None


def rename(user: User, pk: int, name: str) -> bool:
    return bool(of(user).filter(pk=pk).update(name=authenticators.tidy(name)))


def remove(
    user: User, pk: int, *, actor: User | None = None, address: str = "", reason: str = "", by_sms: bool = True
) -> Passkey | Refusal:
    """As authenticators.remove."""
    with transaction.atomic():
        user.hold()
        passkey = of(user).filter(pk=pk).first()
        if passkey is None:
            return Refusal.GONE
        passkey.user = user
        if actor is None and ways.is_needed(passkey):
            return Refusal.NEEDED
        of(user).filter(pk=pk).delete()
        changes.removed(passkey, actor=actor, address=address, reason=reason, by_sms=by_sms)
    return passkey


# --- Used -------------------------------------------------------------------------------------------------------------


def check(place: Place, text: str, *, address: str = "") -> tuple[guesses.Outcome, Passkey | None]:
    """Whether it is the answer of one of this person's passkeys to what was asked here, and of which. A challenge that
    is not of this page, or too old, is no fault of anybody's, and counts nowhere."""
    answer = ceremonies.read(text)
    if answer is None:
        return guesses.Outcome.MALFORMED, None
    asked_at = ceremonies.asked_at(place, answer.challenge)
    signed = None if asked_at is None else Signed(place.user, answer, asked_at)
    outcome = guesses.check(place.user, answer.credential_id, signed, address=address)
    if signed and signed.copied:
        _tell_of_copy(signed.copied, address)
        return guesses.Outcome.COPIED, None
    return outcome, signed.passkey if signed and outcome is guesses.Outcome.RIGHT else None


class Signed(guesses.Code):
    """There is nothing to guess at: a signature is not found by trying. What is wrong is counted all the same, with
    the wrong codes of the account: whoever has the password only, and a forged answer, must not try without end, nor
    fill the log. And while codes are paused, passkeys are too: one rule for every way."""

    kind = "passkey"

    def __init__(self, user: User, answer: Answer, asked_at: int) -> None:
        self.user, self.answer, self.asked_at = user, answer, asked_at
        self.passkey: Passkey | None = None
        self.copied: Passkey | None = None
        self._used: Used | None = None

    def typed(self, guess: str) -> list[str]:
        """The id of the passkey, if it has signed."""
        self.passkey = of(self.user).filter(credential_id=guess).first()
        self._used = ceremonies.used(self.answer, self.passkey, self.user) if self.passkey else None
        return [self.passkey.credential_id] if self.passkey and self._used else []

    def expected(self) -> list[str]:
        return [self.passkey.credential_id] if self.passkey else []

    def use_up(self, right: str) -> bool:
        """A challenge is answered once, and with it all earlier ones. (One from the future: a clock was set back.)
        Then the count of uses must have grown, if there is one: otherwise the passkey exists twice."""
        rows, count = of(self.user).filter(credential_id=right), self._used.sign_count if self._used else 0
        unanswered = Q(asked_at__lt=self.asked_at) | Q(asked_at__gt=ceremonies.soon())
        if not rows.filter(unanswered).update(asked_at=self.asked_at):
            return False
        grown = rows.filter(sign_count__lt=count) if count else rows.filter(sign_count=0)
        backed_up = self._used is not None and self._used.backed_up
        if grown.update(sign_count=count, backed_up=backed_up, last_used_at=timezone.now()):
            return True
        self.copied = rows.first()
        return False


def _tell_of_copy(passkey: Passkey, address: str) -> None:
    with transaction.atomic():
        event = events.record(events.Kind.PASSKEY_COPIED, passkey.user, address=address, name=passkey.name)
        changes.tell(passkey.user, event)
