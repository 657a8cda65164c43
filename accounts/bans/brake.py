"""The brake of an account whose mailbox password opens mail by itself: guessed at from many addresses, it is no longer
compared for any that the account is not known at. Where it is known, and in trusted browsers, everything goes on.

A comparison is claimed before it is made, and given back by the right password: of any crowd no more than
BRAKE_AFTER_FAILURES wrong ones are compared within BRAKE_WITHIN.
"""

from datetime import datetime, timedelta
from enum import Enum, auto

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.bans.models import Brake
from accounts.bans.trials import Trial
from accounts.lib import expired
from accounts.lib.allowances import Allowance
from accounts.log import events
from accounts.users.models import User

COMPARISONS = Allowance(Brake)


class Claim(Enum):
    FREE = auto()  # nothing is counted
    ONE = auto()
    LAST = auto()
    NONE_LEFT = auto()  # it must not be compared


def claim(trial: Trial, *, counts: bool = True) -> Claim:
    """Before the mailbox password is compared. An old phone that repeats itself at an address counts once there.

    Of accounts with two-step nothing `counts`, nor of names that are nobody's, nor where the account is known: the same
    is asked, and they are free.
    """
    if trial.is_never_banned:
        return Claim.FREE
    counts = counts and not trial.is_known
    if trial.is_braked and counts:
        return Claim.NONE_LEFT
    if trial.is_repeat:
        return Claim.FREE
    count = COMPARISONS.claim(trial.user, *_limit(), counts=counts)
    if count is None:
        return Claim.NONE_LEFT if counts else Claim.FREE
    return Claim.LAST if count >= settings.BRAKE_AFTER_FAILURES else Claim.ONE


def _limit() -> tuple[int, timedelta]:
    return settings.BRAKE_AFTER_FAILURES, settings.BRAKE_WITHIN


def was_wrong(user: User, claimed: Claim) -> None:
    if claimed is Claim.LAST and (begun := until(user.pk)):
        events.record(events.Kind.GUESSED, user, failures=settings.BRAKE_AFTER_FAILURES, until=begun)


def was_right(user: int, claimed: Claim) -> None:
    if claimed in (Claim.ONE, Claim.LAST):
        COMPARISONS.give_back(user)


def until(user: int) -> datetime | None:
    """Until when it is on."""
    return COMPARISONS.spent_until(user, *_limit())


def on() -> QuerySet[Brake]:
    """Those that are on now."""
    spent = {"count__gte": settings.BRAKE_AFTER_FAILURES, "began_at__gt": timezone.now() - settings.BRAKE_WITHIN}
    return Brake.objects.filter(**spent).select_related("user").order_by("-began_at")


def to_tell() -> list[User]:
    """Owners whose brake went on, each once."""
    untold = Q(told_at=None) | Q(told_at__lt=F("began_at"))
    waiting = on().filter(untold)
    now = timezone.now()
    return [brake.user for brake in waiting if Brake.objects.filter(untold, pk=brake.pk).update(told_at=now)]


def release(user: User) -> bool:
    """By the office, or with a new password, which those guesses were not at. False: it was not on."""
    return bool(on().filter(user=user).delete()[0])


def delete_expired() -> None:
    expired.delete(Brake.objects.filter(began_at__lte=timezone.now() - settings.BRAKE_WITHIN))
