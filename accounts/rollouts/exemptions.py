"""Two-step is off for one person: until a day, or until somebody switches it on. Never without a reason."""

from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.delivery import notices
from accounts.log import events
from accounts.mailsessions import mailsessions
from accounts.mailsessions.mailsessions import Why
from accounts.rollouts.models import Exemption
from accounts.users import administrators
from accounts.users.models import User


class NoReason(ValueError):
    """A broken rule: pages ask for one."""


def make(user: User, until: datetime, reason: str, *, actor: User, address: str = "") -> Exemption:
    """Two-step is off until then, and comes on by itself. One that is in force already gets the new day."""
    reason = _reason(reason)
    if until <= timezone.now():
        raise ValueError("an exemption ends in the future")
    with administrators.kept():
        held = _held(user)
        old = Exemption.in_force(user=user).first()
        _end_all(user, actor)
        exemption = Exemption.objects.create(
            user=user,
            until=until,
            reason=reason,
            made_by=actor,
            otherwise=old.otherwise if old else held.two_step_from,
        )
        User.objects.filter(pk=user.pk).update(two_step_from=until)
        mailsessions.end([held.username], Why.TWO_STEP, due_at=until)
        event = events.record(
            events.Kind.EXEMPTED,
            held,
            actor=actor,
            address=address,
            until=until,
            reason=reason,
        )
        notices.by_mail(held, event)
    return exemption


def end(exemption: Exemption, *, actor: User, address: str = "") -> bool:
    """Before its day. Two-step is then as it would be without it. False: it was over already."""
    with transaction.atomic():
        held = _held(exemption.user)
        row = Exemption.in_force(pk=exemption.pk).first()
        if row is None:
            return False
        _end_all(held, actor)
        # Somebody may have set another date meanwhile; that one stays.
        User.objects.filter(pk=held.pk, two_step_from=row.until).update(two_step_from=row.otherwise)
        if row.otherwise:
            mailsessions.end([held.username], Why.TWO_STEP, due_at=row.otherwise)
        events.record(events.Kind.EXEMPTION_ENDED, held, actor=actor, address=address, start=row.otherwise)
    return True


def overrule(user: User, *, actor: User | None, address: str = "") -> bool:
    """Two-step is on at once, exempt or not: somebody else is in. False: it was on already."""
    now = timezone.now()
    with transaction.atomic():
        held = _held(user)
        was_exempt = Exemption.in_force(user=user).exists()
        _end_all(held, actor)
        if held.two_step_is_on(now):
            return False
        User.objects.filter(pk=held.pk).update(two_step_from=now)
        kind = events.Kind.EXEMPTION_ENDED if was_exempt else events.Kind.TWO_STEP_SET
        events.record(kind, held, actor=actor, address=address, start=now)
    return True


def switch_off(user: User, reason: str, *, actor: User, address: str = "") -> bool:
    """For good, until somebody switches it on. False: it was off already."""
    reason = _reason(reason)
    with administrators.kept():
        held = _held(user)
        _end_all(user, actor)
        if not User.objects.filter(pk=user.pk).exclude(two_step_from=None).update(two_step_from=None):
            return False
        event = events.record(events.Kind.TWO_STEP_OFF, held, actor=actor, address=address, reason=reason)
        notices.by_mail(held, event)
    return True


def _held(user: User) -> User:
    """Its row, locked: roll-outs look for exemptions behind the same lock."""
    return User.objects.select_for_update().get(pk=user.pk)


def _end_all(user: User, actor: User | None) -> None:
    Exemption.objects.filter(user=user, ended_at=None).update(ended_at=Now(), ended_by=actor)


def _reason(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise NoReason
    return text[:200]
