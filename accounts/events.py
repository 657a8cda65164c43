"""The security log."""

from typing import Any

from accounts.models import SecurityEvent, User

Kind = SecurityEvent.Kind


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
