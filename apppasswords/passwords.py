"""App passwords as their owner handles them: make, list, remove."""

from enum import Enum, auto
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.delivery import notices
from accounts.log import events
from accounts.mailsessions import mailsessions
from accounts.mailsessions.mailsessions import Why
from accounts.owners import owners
from accounts.owners.models import Ownership
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
    NOT_THEIRS = auto()  # the department mailbox, any more


def of(user: User) -> QuerySet[AppPassword]:
    """Of a person, those for department mailboxes too; of a department mailbox, everybody's."""
    shared = list(Ownership.objects.filter(owner=user).order_by().values_list("pk", flat=True))
    return AppPassword.objects.filter(Q(user=user) | Q(ownership__in=shared) if shared else Q(user=user))


def both(user: Any) -> tuple[QuerySet[AppPassword], QuerySet[AppPassword]]:
    """The same of a person in two, each found by an index: their own, and those for department mailboxes."""
    return AppPassword.objects.filter(user=user), AppPassword.objects.filter(ownership__owner=user)


def _room(user: User) -> bool:
    """For one more of this person's; what others have made for a department mailbox does not count."""
    return of(user).exclude(user=user, ownership__isnull=False).count() < settings.APP_PASSWORDS_PER_USER


def uses(user: User) -> list[activity.Use]:
    """When each was last used."""
    used = of(user).filter(last_used_at__isnull=False).select_related("user")
    return [
        activity.Use(
            row.pk,
            row.title,
            row.last_used_at,
            row.last_used_protocol,
            row.last_used_address,
            is_own=row.user_id == user.pk,
        )
        for row in used
        if row.last_used_at
    ]


def create(
    whose: User | Ownership, name: str, *, limits: Limits = USUAL, address: str = "", request: str | None = None
) -> tuple[AppPassword, str] | Refusal:
    """The row and its secret, which is returned here and never again; for one's own mailbox or one of a department.

    `request` names the form it came from. Callers have seen to it that a code was entered lately.
    """
    refused = refusal(_person(whose), name, request, address=address)
    return refused or make(whose, name, limits=limits, address=address, request=request)


def _person(whose: User | Ownership) -> User:
    return whose.owner if isinstance(whose, Ownership) else whose


FAULTS = {names.Fault.SECRET: Refusal.SECRET_AS_NAME, names.Fault.TOO_MANY_TODAY: Refusal.TOO_MANY_TODAY}


def refusal(user: User, name: str, request: str | None = None, *, address: str = "") -> Refusal | None:
    """Whether it would be made. Takes as long as a sign-in: the name could be the mailbox password."""
    # These first: a form that makes nothing must not tell either whether the name is the mailbox password.
    if request and of(user).filter(request=request).exists():
        return Refusal.REPEATED
    if not _room(user):
        return Refusal.TOO_MANY
    found = names.fault(user, name, address=address)
    return FAULTS[found] if found else None


def make(
    whose: User | Ownership,
    name: str,
    *,
    limits: Limits = USUAL,
    actor: User | None = None,
    address: str = "",
    request: str | None = None,
) -> tuple[AppPassword, str] | Refusal:
    """With a name that was looked at."""
    secret, user = secrets.new(), _person(whose)
    try:
        with transaction.atomic():
            held = User.objects.select_for_update().get(pk=user.pk)  # others of this user wait, so the count holds
            if not _is_still(whose, held, by_office=actor is not None):
                return Refusal.NOT_THEIRS
            if not _room(user):
                return Refusal.TOO_MANY
            row = AppPassword.objects.create(
                **_for_mailbox(whose),
                name=name,
                digest=secrets.digests(secret)[0],
                request=request or None,
                **vars(limits),
            )
            event = events.record(events.Kind.APP_PASSWORD_CREATED, user, actor=actor, address=address, name=row.title)
            notices.by_mail(user, event)
    except IntegrityError:
        return Refusal.REPEATED
    return row, secret


def _is_still(whose: User | Ownership, held: User, *, by_office: bool) -> bool:
    """That a mailbox is a department's, or somebody no longer uses it, may come between the page and its form."""
    return owners.hold(whose) if isinstance(whose, Ownership) else by_office or not held.is_shared


def _for_mailbox(whose: User | Ownership) -> dict[str, Any]:
    return {"user": whose.mailbox, "ownership": whose} if isinstance(whose, Ownership) else {"user": whose}


def remove(user: User, pk: int, *, actor: User | None = None, address: str = "", reason: str = "") -> bool:
    """False if this person has no such password. It opens nothing from now on."""
    return _remove(of(user).filter(pk=pk), actor=actor, address=address, reason=reason) > 0


def remove_all(
    user: User,
    *,
    actor: User | None = None,
    address: str = "",
    reason: str = "",
    but_machines: bool = False,
    ends_mail: bool = True,
) -> int:
    """And what waits to make one: a QR code on a screen. Not `ends_mail`: the caller does it."""
    # The links first: a phone that takes one at this moment comes before or not at all.
    with transaction.atomic():
        ProfileLink.objects.filter(user=user, used_at=None).delete()
        rows = of(user).filter(machine=None) if but_machines else of(user)
        return _remove(rows, actor=actor, address=address, reason=reason, ends_mail=ends_mail)


def _remove(
    rows: QuerySet[AppPassword],
    *,
    actor: User | None = None,
    address: str = "",
    reason: str = "",
    ends_mail: bool = True,
) -> int:
    with transaction.atomic():
        gone = list(rows.select_related("user", "ownership__owner").select_for_update(of=("self",)))
        if gone:
            AppPassword.objects.filter(pk__in=[row.pk for row in gone]).delete()
            if ends_mail:
                mailsessions.end({row.user.username for row in gone}, Why.APP_PASSWORD)
        for holder in {row.holder: None for row in gone}:
            event = events.record(
                events.Kind.APP_PASSWORD_REMOVED,
                holder,
                actor=actor,
                address=address,
                names=[row.title for row in gone if row.holder == holder],
                **events.because(reason),
            )
            notices.by_mail(holder, event)
    return len(gone)
