"""The security log."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import chain
from accounts.models import SecurityEvent, User

Kind = SecurityEvent.Kind


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


def delete_expired() -> None:
    """The log begins anew where EVENT_LIFETIME does, and says so."""
    before = timezone.now() - settings.EVENT_LIFETIME
    if removed := chain.cut(before):
        record(Kind.LOG_CUT, None, removed=removed, before=before.isoformat())
