"""Recovery codes: ten codes on paper, each of which takes the second step once when nothing else is at hand.

They never are the only way: who has no other has none of them either (accounts/users/ways.py).
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable
from enum import Enum, auto

from django.db import transaction
from django.utils import timezone

from accounts.codes import guesses
from accounts.delivery import notices
from accounts.factors import changes, keyring
from accounts.factors.models import RecoveryCode, RecoverySet
from accounts.lib import invisible
from accounts.log import events
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Way

COUNT = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nobody takes one of them for another
LENGTH = 16  # 79 bits: cannot be guessed, so one round of HMAC protects it as well as a slow hash
LONGEST = 80  # characters that are looked at: with whatever somebody puts between


class Refusal(Enum):
    GONE = auto()  # they, or another way, were changed meanwhile
    ALONE = auto()  # nothing that they could stand in for


def of(user: User) -> RecoverySet | None:
    return RecoverySet.objects.filter(user=user).first()


def left(user: User) -> int:
    return RecoveryCode.objects.filter(recovery_set__user=user, used_at=None).count()


def in_fours(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, LENGTH, 4))


def normalised(text: str) -> str | None:
    """The sixteen characters, without blanks, hyphens of any kind, capitals and full-width forms, which do not matter.
    None where that is not what was typed."""
    plain = unicodedata.normalize("NFKC", invisible.dropped(text[:LONGEST])).lower()
    plain = re.sub(r"[\s\-\u2010-\u2015\u2212]", "", plain)
    return plain if re.fullmatch(rf"[{ALPHABET}]{{{LENGTH}}}", plain) else None


# --- Made, removed ----------------------------------------------------------------------------------------------------


def make(user: User, *, address: str = "") -> list[str] | Refusal:
    """Ten new codes, which are returned here and never again. Those of before are void."""
    with transaction.atomic():
        user.hold()
        if not User.objects.filter(pk=user.pk, ways_version=user.ways_version).exists():
            return Refusal.GONE  # so of two forms that come at once, one counts
        if not can_be_made(user):
            return Refusal.ALONE
        made = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(COUNT)]
        _replace(user, made)
        changes.end(user)
        event = events.record(events.Kind.RECOVERY_MADE, user, address=address)
        changes.tell(user, event)
    return made


def can_be_made(user: User) -> bool:
    return any(way is not Way.RECOVERY for way in ways.of(user))


def _replace(user: User, made: list[str]) -> None:
    fresh = {"created_at": timezone.now(), "last_used_at": None}
    held, _is_new = RecoverySet.objects.update_or_create(user=user, defaults=fresh)
    RecoveryCode.objects.filter(recovery_set=held).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(recovery_set=held, digest=_digests(user, secret)[0]) for secret in made
    )


def remove(
    user: User, pk: int | None = None, *, actor: User | None = None, address: str = "", reason: str = "",
    by_sms: bool = True,
) -> bool:  # fmt: skip
    """By its owner, or by a clerk (`actor`), who saw the set `pk`. False if there is none."""
    with transaction.atomic():
        user.hold()
        held = RecoverySet.objects.filter(user=user)
        deleted, _rows = (held if pk is None else held.filter(pk=pk)).delete()
        if not deleted:
            return False
        changes.end(user, actor)
        event = events.record(
            events.Kind.RECOVERY_REMOVED, user, actor=actor, address=address, **events.because(reason)
        )
        changes.tell(user, event, by_sms=by_sms)
    return True


# --- Used -------------------------------------------------------------------------------------------------------------


def check(user: User, text: str, *, address: str = "") -> tuple[guesses.Outcome, RecoverySet | None]:
    """Whether it is one of this person's codes. A right one is used up, and its owner is told."""
    held = of(user)
    if held is None:
        return guesses.check(user, normalised(text), None, address=address), None
    held.user = user  # one object: what is opened with it must know what it was opened for
    outcome = guesses.check(user, normalised(text), Written(held, address), address=address)
    return outcome, held if outcome is guesses.Outcome.RIGHT else None


class Written(guesses.Code):
    """The codes of one set. None of them counts its own guesses: an account does."""

    kind = "recovery"

    def __init__(self, held: RecoverySet, address: str) -> None:
        self.held, self.user, self.address = held, held.user, address

    def typed(self, guess: str) -> list[str]:
        return _digests(self.user, guess)

    def expected(self) -> Iterable[str]:
        return RecoveryCode.objects.filter(recovery_set=self.held).values_list("digest", flat=True)

    def use_up(self, right: str) -> bool:
        self.user.hold()  # so of two that are used at once, each is told how many are left
        now = timezone.now()
        row = RecoveryCode.objects.filter(recovery_set=self.held, digest=right, used_at=None)
        if not row.update(used_at=now):
            return False
        still = left(self.user)
        RecoverySet.objects.filter(pk=self.held.pk).update(last_used_at=now)
        event = events.record(events.Kind.RECOVERY_USED, self.user, address=self.address, left=still)
        notices.by_mail(self.user, event)
        return True


def _digests(user: User, secret: str) -> list[str]:
    return keyring.digests(f"recovery {user.pk}", secret)
