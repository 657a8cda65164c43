"""What comes with the end of an app password: a mail a week before, and who is connected by it then is put out."""

from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.delivery import notices
from accounts.log import events
from accounts.mailsessions import mailsessions
from accounts.mailsessions.mailsessions import Why
from apppasswords.limits import IDLE_DAYS
from apppasswords.models import AppPassword, Machine

TOLD_BEFORE = timedelta(days=7)


def remind() -> None:
    """Not of one that was made less than a week ago; and of one that goes unused, again after it was used."""
    now = timezone.now()
    untold = Q(reminded_at=None) | Q(reminded_at__lte=now - TOLD_BEFORE)
    soon = _over_by(now + TOLD_BEFORE).exclude(pk__in=_over_by(now).values("pk"))
    due = soon.filter(untold, created_at__lte=now - TOLD_BEFORE, user__is_active=True)
    for row in due.select_related("user", "ownership__owner", "machine__owner"):
        with transaction.atomic():
            if AppPassword.objects.filter(untold, pk=row.pk).update(reminded_at=now):
                _tell(row)


def _tell(row: AppPassword) -> None:
    """Nobody reads the mailbox of a printer."""
    machine: Machine | None = getattr(row, "machine", None)
    until = row.over_at - timedelta(seconds=1) if row.over_at else None  # midnight would be said as the day after
    if machine and machine.owner and machine.owner.is_active:
        owner, mailbox = machine.owner, row.user.username
        event = events.record(events.Kind.MACHINE_ENDING, owner, name=row.name, mailbox=mailbox, until=until)
    else:
        owner = row.holder
        event = events.record(events.Kind.APP_PASSWORD_ENDING, owner, name=row.title, until=until)
    notices.by_mail(owner, event)


def close() -> None:
    """The mail servers ask about a login, and never again."""
    now = timezone.now()
    for row in _over_by(now).filter(closed_at=None).select_related("user", "ownership__owner"):
        with transaction.atomic():
            if AppPassword.objects.filter(pk=row.pk, closed_at=None).update(closed_at=now):
                mailsessions.end([row.user.username], Why.APP_PASSWORD)
                events.record(events.Kind.APP_PASSWORD_ENDED, row.holder, name=row.title)


def _over_by(at: datetime) -> QuerySet[AppPassword]:
    """What ends until then, if nobody uses it."""
    rows = AppPassword.objects.annotate(used_at=Coalesce("last_used_at", "created_at")).order_by("pk")
    unused = [Q(idle_days=days, used_at__lte=at - timedelta(days=days)) for days in IDLE_DAYS]
    return rows.filter(reduce(or_, unused, Q(ends_at__lte=at)))
