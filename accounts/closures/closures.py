"""Accounts that the clock disables: whose last day is over, and which nobody has used for long. Their owners are told
before, and what ends then is what ends whenever an account is disabled."""

from datetime import date

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.closures import absences, dormancy
from accounts.closures.models import Closure
from accounts.delivery import notices
from accounts.lib import clock
from accounts.lib.batches import batches
from accounts.log import events
from accounts.sessions import endings
from accounts.sessions.endings import Occasion
from accounts.users.models import User

Why = Closure.Why
Kind = events.Kind


def run() -> None:
    """Every hour. Nothing that was done is done again."""
    today = timezone.localdate()
    _give_back()
    _take_back_what_was_told()
    for_now = settings.REMINDERS_AT_ONCE  # mails that may wait at once: codes go through the same workers
    for user in _leaving_soon(today)[:for_now]:
        _tell(user, Why.LEFT)
    _close(User.objects.filter(is_active=True, last_day__lt=today), Why.LEFT)
    if settings.DORMANT_AFTER:
        for user in dormancy.almost_due().exclude(told(Why.DORMANT))[:for_now]:
            _tell(user, Why.DORMANT)
        _close(dormancy.almost_due().filter(told(Why.DORMANT, last_day__lt=today)), Why.DORMANT)
    absences.note()


def of(user: User) -> Closure | None:
    """Why the clock has disabled the account, if it did; of an active one, what its owner was told."""
    rows = Closure.objects.filter(user=user)
    if user.is_active:
        return rows.filter(told_at__isnull=False, closed_at=None).order_by("last_day").first()
    return rows.filter(closed_at__isnull=False).order_by("-closed_at").first()


def told(why: Why, **where: date) -> Exists:
    """In SQL, of many people."""
    return Exists(Closure.objects.filter(user=OuterRef("pk"), why=why, told_at__isnull=False, **where))


def closed(why: Why) -> Q:
    """And not given back."""
    return Q(Exists(Closure.objects.filter(user=OuterRef("pk"), why=why, closed_at__isnull=False)), is_active=False)


def _give_back() -> None:
    """An account that is active again, by whatever way: the days without use count from now on."""
    back = Closure.objects.filter(why=Why.DORMANT, closed_at__isnull=False, user__is_active=True)
    back.update(told_at=None, closed_at=None, given_back_at=timezone.now())


def _take_back_what_was_told() -> None:
    """Whoever has another last day by now, or has used the account since, is told anew when it is time."""
    Closure.objects.filter(Q(user__last_day=None) | ~Q(last_day=F("user__last_day")), why=Why.LEFT).delete()
    dormant = Closure.objects.filter(why=Why.DORMANT, told_at__isnull=False, closed_at=None)
    if settings.DORMANT_AFTER:
        dormant = dormant.exclude(user__in=dormancy.almost_due().values("pk"))
    dormant.update(told_at=None)


def _leaving_soon(today: date) -> QuerySet[User]:
    soon = User.objects.filter(is_active=True, last_day__range=(today, today + settings.CLOSING_TOLD_BEFORE))
    return soon.exclude(told(Why.LEFT))


def _tell(user: User, why: Why) -> None:
    now = timezone.now()
    dormant_until = timezone.localdate(now + settings.CLOSING_TOLD_BEFORE)
    with transaction.atomic():
        user.hold()
        last_day = user.last_day if why is Why.LEFT and user.last_day else dormant_until
        row, _is_new = Closure.objects.get_or_create(user=user, why=why)
        fresh = Closure.objects.filter(pk=row.pk, told_at=None)
        if fresh.update(told_at=now, last_day=last_day):
            event = events.record(Kind.CLOSING, user, why=str(why), last_day=clock.midnight(last_day))
            notices.by_mail(user, event)


def _close(due: QuerySet[User], why: Why) -> None:
    for keys in batches(list(due.values_list("pk", flat=True))):
        with transaction.atomic():
            User.objects.hold(*keys)
            people = list(due.filter(pk__in=keys))  # as they are now that nobody else changes them
            User.objects.filter(pk__in=[user.pk for user in people]).update(is_active=False)
            _note(people, why)
            endings.end(Occasion.DISABLED, *people)
            events.record_many(Kind.CLOSED, people, why=str(why))


def _note(people: list[User], why: Why) -> None:
    now = timezone.now()
    rows = [Closure(user=user, why=why, last_day=user.last_day, closed_at=now) for user in people]
    changed = ["closed_at", "last_day"] if why is Why.LEFT else ["closed_at"]  # the other one was told
    Closure.objects.bulk_create(rows, update_conflicts=True, unique_fields=["user", "why"], update_fields=changed)
