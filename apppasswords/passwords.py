"""App passwords as their owner handles them: make, list, remove."""

from enum import Enum, auto

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.delivery import notices
from accounts.log import events
from accounts.mailsessions import mailsessions
from accounts.mailsessions.mailsessions import Why
from accounts.security import activity
from accounts.users.models import User
from apppasswords import names, secrets
from apppasswords.limits import USUAL, Limits
from apppasswords.models import AppPassword, ProfileLink


class Refusal(Enum):
    SECRET_AS_NAME = auto()  # the name is a password, ours or the mailbox's
    TOO_MANY = auto()
    TOO_MANY_TODAY = auto()
    REPEATED = auto()  # the form was sent before


def of(user: User) -> QuerySet[AppPassword]:
    return AppPassword.objects.filter(user=user)


def uses(user: User) -> list[activity.Use]:
    """When each was last used."""
    used = of(user).filter(last_used_at__isnull=False)
    return [
        activity.Use(row.pk, row.name, row.last_used_at, row.last_used_protocol, row.last_used_address)
        for row in used
        if row.last_used_at
    ]


def create(
    user: User, name: str, *, limits: Limits = USUAL, address: str = "", request: str | None = None
) -> tuple[AppPassword, str] | Refusal:
    """The row and its secret, which is returned here and never again.

    `request` names the form it came from. Callers have seen to it that a code was entered lately.
    """
    refused = refusal(user, name, request, address=address)
    return refused or make(user, name, limits=limits, address=address, request=request)


FAULTS = {names.Fault.SECRET: Refusal.SECRET_AS_NAME, names.Fault.TOO_MANY_TODAY: Refusal.TOO_MANY_TODAY}


def refusal(user: User, name: str, request: str | None = None, *, address: str = "") -> Refusal | None:
    """Whether it would be made. Takes as long as a sign-in: the name could be the mailbox password."""
    # These first: a form that makes nothing must not tell either whether the name is the mailbox password.
    if request and of(user).filter(request=request).exists():
        return Refusal.REPEATED
    if of(user).count() >= settings.APP_PASSWORDS_PER_USER:
        return Refusal.TOO_MANY
    found = names.fault(user, name, address=address)
    return FAULTS[found] if found else None


def make(
    user: User,
    name: str,
    *,
    limits: Limits = USUAL,
    actor: User | None = None,
    address: str = "",
    request: str | None = None,
) -> tuple[AppPassword, str] | Refusal:
    """With a name that was looked at."""
    secret = secrets.new()
    try:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=user.pk)  # others of this user wait, so the count holds
            if of(user).count() >= settings.APP_PASSWORDS_PER_USER:
                return Refusal.TOO_MANY
            row = AppPassword.objects.create(
                user=user,
                name=name,
                digest=secrets.digests(secret)[0],
                request=request or None,
                **vars(limits),
            )
            event = events.record(events.Kind.APP_PASSWORD_CREATED, user, actor=actor, address=address, name=name)
            notices.by_mail(user, event)
    except IntegrityError:
        return Refusal.REPEATED
    return row, secret


def remove(user: User, pk: int, *, actor: User | None = None, address: str = "", reason: str = "") -> bool:
    """False if this person has no such password. It opens nothing from now on."""
    return _remove(user, of(user).filter(pk=pk), actor=actor, address=address, reason=reason) > 0


def remove_all(
    user: User, *, actor: User | None = None, address: str = "", reason: str = "", ends_mail: bool = True
) -> int:
    """And what waits to make one: a QR code on a screen. Not `ends_mail`: the caller does it."""
    # The links first: a phone that takes one at this moment comes before or not at all.
    with transaction.atomic():
        ProfileLink.objects.filter(user=user, used_at=None).delete()
        rows = of(user)
        return _remove(user, rows, actor=actor, address=address, reason=reason, ends_mail=ends_mail)


def _remove(
    user: User,
    rows: QuerySet[AppPassword],
    *,
    actor: User | None = None,
    address: str = "",
    reason: str = "",
    ends_mail: bool = True,
) -> int:
    with transaction.atomic():
        names = [row.name for row in rows.select_for_update()]
        if names:
            rows.delete()
            if ends_mail:
                mailsessions.end([user.username], Why.APP_PASSWORD)
            event = events.record(
                events.Kind.APP_PASSWORD_REMOVED,
                user,
                actor=actor,
                address=address,
                names=names,
                **events.because(reason),
            )
            notices.by_mail(user, event)
    return len(names)
