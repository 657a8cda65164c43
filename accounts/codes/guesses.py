"""Guesses at codes of every kind, counted in one place: by SMS, of the help desk, and those to come.

A guess is claimed by a conditional update that is committed before the comparison, and the winner is decided by a
second one. So no number of processes can try a code more often than it allows, or use it twice. Whatever the kind,
every guess counts for the account too: after too many wrong ones in a row none of its codes is accepted for a while.
"""

import hmac
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, F, Model, Q, QuerySet, Value, When
from django.utils import timezone

from accounts.lib import commits, invisible
from accounts.lib.compiled import Change, Changes
from accounts.log import events
from accounts.users.models import User


class Outcome(Enum):
    RIGHT = auto()
    WRONG = auto()
    MALFORMED = auto()  # no code of this kind; compared with nothing, counted nowhere
    EXPIRED = auto()  # no live code: too old, used, replaced, or none was asked for
    EXHAUSTED = auto()  # guessed at too often
    PAUSED = auto()  # the account's wrong codes in a row
    COPIED = auto()  # a passkey that is used elsewhere too, by what it counts itself


class Code(ABC):
    """What is guessed at. A kind of code says what is right, and how it is used up."""

    kind: str  # in the log

    def claim(self) -> Outcome | None:
        """A try at the code itself, committed; or why there is none. A code without a count of its own is tried as
        often as the account's count allows."""
        return None

    def typed(self, guess: str) -> list[str]:
        """What is compared: the guess, or its digest, under each key that there is."""
        return [guess]

    @abstractmethod
    def expected(self) -> Iterable[str]:
        """What is right: one text, or several."""

    @abstractmethod
    def use_up(self, right: str) -> bool:
        """By a conditional update, in a transaction. False: somebody was faster."""


class Row(Code):
    """A code that is a row with `created_at`, `expires_at`, `used_at`, `voided_at` and `tries`."""

    def __init__(self, kind: str, row: Model, *, tries: int, lifetime: timedelta) -> None:
        self.kind, self.row, self.tries, self.lifetime = kind, row, tries, lifetime

    def claim(self) -> Outcome | None:
        model, pk, now = type(self.row), self.row.pk, timezone.now()
        with commits.at_once():
            if _trying(model).run(pk, self.tries, now, now + self.lifetime):
                return None
        spent = model._default_manager.filter(pk=pk, used_at=None, voided_at=None, tries__gte=self.tries)
        return Outcome.EXHAUSTED if spent.exists() else Outcome.EXPIRED

    def use_up(self, right: str) -> bool:
        return bool(_using(type(self.row)).run(self.row.pk, timezone.now()))


def live(rows: QuerySet[Any], tries: Any, now: Any, soon: Any) -> QuerySet[Any]:
    """Rows that may be tried. One from the future means that a clock was set back: it would live too long."""
    unspent = rows.filter(used_at=None, voided_at=None, tries__lt=tries)
    return unspent.filter(expires_at__gt=now, created_at__lte=soon)


@cache
def _trying(model: type[Model]) -> Change:
    def build(pk: Any, tries: Any, now: Any, soon: Any) -> tuple[QuerySet[Any], Changes]:
        return live(model._default_manager.filter(pk=pk), tries, now, soon), {"tries": F("tries") + 1}

    return Change(build)


@cache
def _using(model: type[Model]) -> Change:
    def build(pk: Any, now: Any) -> tuple[QuerySet[Any], Changes]:
        unspent = model._default_manager.filter(pk=pk, used_at=None, voided_at=None, expires_at__gt=now)
        return unspent, {"used_at": now}

    return Change(build)


def normalised(text: str, digits: int = 6) -> str | None:
    """The six digits of "123 456", of full-width ones, or with the stop of the sentence; None where that is not it."""
    plain = re.sub(r"[ -]|[.。]$", "", unicodedata.normalize("NFKC", invisible.dropped(text[:40])))
    return plain if re.fullmatch(rf"[0-9]{{{digits}}}", plain) else None


def check(user: User, guess: str | None, code: Code | None, *, address: str = "") -> Outcome:
    """Whether the guess is right. A right one is used up.

    `guess`: as its kind is normalised; None for what cannot be one. `code`: the one that it can only be.
    """
    if guess is None:
        return Outcome.MALFORMED
    if pause_as_read(user) and paused(user):
        return Outcome.PAUSED
    none_left = code.claim() if code else Outcome.EXPIRED
    if code is None or none_left:
        return Outcome.PAUSED if paused(user) else none_left or Outcome.EXPIRED
    pause = claim_of_account(user)
    if pause is None:
        return Outcome.PAUSED
    right = _compare(code, guess)
    if right is None:
        _note_wrong(user, code.kind, pause, address)
        return Outcome.WRONG
    with transaction.atomic(durable=True):
        won = code.use_up(right)
        if won:
            FORGIVE.run(user.pk)
    return Outcome.RIGHT if won else Outcome.EXPIRED


def _compare(code: Code, guess: str) -> str | None:
    """The one that it is, in a time that does not tell which, nor how nearly."""
    typed = code.typed(guess)
    found = [right for right in code.expected() for one in typed if hmac.compare_digest(one, right)]
    return found[0] if found else None


def claim_of_account(user: User) -> datetime | None:
    """Every guess counts as wrong until it proves right. The one that reaches the limit starts the pause.

    Returns until when the account pauses if it is this one; None while it pauses already.
    """
    now = timezone.now()
    pause = now + settings.SMS_CODE_PAUSE
    with commits.at_once():
        claimed = COUNT_A_GUESS.run(user.pk, now, pause, settings.SMS_CODE_WRONG_LIMIT - 1)
    return pause if claimed else None


def _counted(pk: Any, now: Any, pause: Any, all_but_one: Any) -> tuple[QuerySet[User], Changes]:
    pause_is_over, last_one = Q(codes_paused_until__lte=now), Q(wrong_codes__gte=all_but_one)
    return User.objects.filter(Q(codes_paused_until=None) | pause_is_over, pk=pk), {
        "wrong_codes": Case(When(pause_is_over, then=Value(1)), default=F("wrong_codes") + 1),
        "codes_paused_until": Case(
            When(pause_is_over, then=Value(None)),
            When(last_one, then=pause),
            default=Value(None),
            output_field=DateTimeField(),
        ),
    }


COUNT_A_GUESS = Change(_counted)
FORGIVE = Change(lambda pk: (User.objects.filter(pk=pk), {"wrong_codes": 0, "codes_paused_until": None}))


def _note_wrong(user: User, kind: str, pause: datetime, address: str) -> None:
    events.record(events.Kind.CODE_WRONG, user, address=address, purpose=kind)
    if paused(user) == pause:  # this guess started it; others that came at once see it too
        events.record(events.Kind.CODES_PAUSED, user, address=address, until=pause)


def paused(user: User) -> datetime | None:
    """Until when the account gets no codes and none of its codes is accepted."""
    user.codes_paused_until = User.objects.values_list("codes_paused_until", flat=True).get(pk=user.pk)
    return pause_as_read(user)


def pause_as_read(user: User) -> datetime | None:
    """The same as of when the account was read: what is decided on it holds in `claim_of_account` all the same."""
    until = user.codes_paused_until
    return until if until and until > timezone.now() else None


def end_pause(user: User) -> bool:
    """The wrong codes in a row are forgiven. False: it was over already."""
    now = timezone.now()
    waiting = User.objects.filter(pk=user.pk, codes_paused_until__gt=now)
    return bool(waiting.update(wrong_codes=0, codes_paused_until=None))
