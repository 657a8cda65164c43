"""The security log."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.log import chain, kinds, sealer
from accounts.log.models import SecurityEvent

Kind = kinds.Kind

BATCH = 500


class Somebody(Protocol):
    """Whom an event is about, or who did it. The log knows no more of people."""

    @property
    def pk(self) -> Any: ...

    @property
    def username(self) -> str: ...


def because(reason: str) -> dict[str, str]:
    """The detail that says why a clerk did it; nothing where nobody asked for a reason."""
    return {"reason": reason} if reason else {}


def record(
    kind: Kind, user: Somebody | None, *, actor: Somebody | None = None, address: str = "", **detail: Any
) -> SecurityEvent:
    """`actor` is named where it is not the owner. `detail` is what the table in kinds.py says: no secrets, and numbers
    only masked."""
    event = draft(kind, user, detail, actor=actor, address=address)
    event.save()
    transaction.on_commit(sealer.soon)
    return event


def record_many(
    kind: Kind,
    users: Iterable[Somebody],
    *,
    actor: Somebody | None = None,
    address: str = "",
    **detail: Any,
) -> None:
    """The same was done to each of them."""
    record_each(kind, ((user, detail) for user in users), actor=actor, address=address)


def record_each(
    kind: Kind,
    what: Iterable[tuple[Somebody, dict[str, Any]]],
    *,
    actor: Somebody | None = None,
    address: str = "",
) -> None:
    """Something of its own was done to each of them."""
    now = timezone.now()
    rows = [draft(kind, user, detail, actor=actor, address=address, at=now) for user, detail in what]
    SecurityEvent.objects.bulk_create(rows, batch_size=BATCH)
    transaction.on_commit(sealer.soon)


def draft(
    kind: Kind,
    user: Somebody | None,
    detail: dict[str, Any],
    *,
    actor: Somebody | None = None,
    address: str = "",
    at: datetime | None = None,
) -> SecurityEvent:
    """An event that is not recorded yet."""
    return SecurityEvent(
        at=at or timezone.now(),
        kind=kind,
        user_id=user.pk if user else None,
        username=user.username if user else "",
        actor_id=actor.pk if actor else None,
        actor_name=actor.username if actor else "",
        address=address,
        detail=kind.stored(detail),
    )


def delete_expired() -> None:
    """The log begins anew where EVENT_LIFETIME does, and says so."""
    before = timezone.now() - settings.EVENT_LIFETIME
    if removed := chain.cut(before):
        record(Kind.LOG_CUT, None, removed=removed, before=before)
