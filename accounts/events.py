"""The security log."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

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
    return SecurityEvent.objects.create(
        kind=kind,
        user=user,
        username=user.username if user else "",
        actor=actor,
        actor_name=actor.username if actor else "",
        address=address,
        detail=detail,
    )


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
