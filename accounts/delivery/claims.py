"""Who sends a message: the worker that has claimed its row, and nobody else."""

from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import QuerySet

from accounts.delivery.models import Delivery
from accounts.lib.compiled import Change, Changes


class ClaimLost(Exception):
    """Somebody took this worker for dead: the row is in other hands."""


def renew(row: Delivery, now: datetime, **fields: object) -> None:
    """In one transaction with the note that somebody is asked to send it. So whoever finds a claim without such a note
    knows that nobody was asked, and whoever lost the claim asks nobody. Its owner knows it by `now` from then on."""
    if not change_mine(row, (Delivery.Status.CLAIMED,), claimed_at=now, **fields):
        raise ClaimLost


def change_mine(row: Delivery, earlier: tuple[Delivery.Status, ...], **fields: object) -> bool:
    """Whether it was ours still, and in one of the earlier states."""
    return bool(_changing(type(row), earlier, tuple(fields)).run(row.pk, row.claimed_at, *fields.values()))


@cache
def _changing(model: type[Delivery], earlier: tuple[str, ...], names: tuple[str, ...]) -> Change:
    def build(pk: Any, claimed_at: Any, *values: Any) -> tuple[QuerySet[Any], Changes]:
        mine = model._default_manager.filter(pk=pk, claimed_at=claimed_at, status__in=earlier)
        return mine, dict(zip(names, values, strict=True))

    return Change(build, 2 + len(names))
