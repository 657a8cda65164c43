"""The security log."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import chain, clock
from accounts.models import SecurityEvent, User

Kind = SecurityEvent.Kind

BATCH = 500


def because(reason: str) -> dict[str, str]:
    """The detail that says why a clerk did it; nothing where nobody asked for a reason."""
    return {"reason": reason} if reason else {}


def record(
    kind: SecurityEvent.Kind, user: User | None, *, actor: User | None = None, address: str = "", **detail: Any
) -> SecurityEvent:
    """`actor` is named where it is not the owner. `detail` holds no secrets, and numbers only masked."""
    event = SecurityEvent.objects.create(
        kind=kind,
        user=user,
        username=user.username if user else "",
        actor=actor,
        actor_name=actor.username if actor else "",
        address=address,
        detail=detail,
    )
    transaction.on_commit(chain.seal_soon)
    return event


def record_many(
    kind: SecurityEvent.Kind, users: Iterable[User], *, actor: User | None = None, address: str = "", **detail: Any
) -> None:
    """The same was done to each of them."""
    record_each(kind, ((user, detail) for user in users), actor=actor, address=address)


def record_each(
    kind: SecurityEvent.Kind,
    what: Iterable[tuple[User, dict[str, Any]]],
    *,
    actor: User | None = None,
    address: str = "",
) -> None:
    """Something of its own was done to each of them."""
    now = timezone.now()
    rows = (
        SecurityEvent(
            at=now,
            kind=kind,
            user=user,
            username=user.username,
            actor=actor,
            actor_name=actor.username if actor else "",
            address=address,
            detail=detail,
        )
        for user, detail in what
    )
    SecurityEvent.objects.bulk_create(rows, batch_size=BATCH)
    transaction.on_commit(chain.seal_soon)


def delete_expired() -> None:
    """The log begins anew where EVENT_LIFETIME does, and says so."""
    before = timezone.now() - settings.EVENT_LIFETIME
    if removed := chain.cut(before):
        record(Kind.LOG_CUT, None, removed=removed, before=clock.iso(before))
