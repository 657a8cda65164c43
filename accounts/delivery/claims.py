"""Who sends a message: the worker that has claimed its row, and nobody else."""

from datetime import datetime
from typing import TypeVar

from django.db.models import QuerySet

from accounts.delivery.models import Delivery

Row = TypeVar("Row", bound=Delivery)


class ClaimLost(Exception):
    """Somebody took this worker for dead: the row is in other hands."""


def renew(row: Delivery, now: datetime, **fields: object) -> None:
    """In one transaction with the note that somebody is asked to send it. So whoever finds a claim without such a note
    knows that nobody was asked, and whoever lost the claim asks nobody. Its owner knows it by `now` from then on."""
    if not mine(row).filter(status=Delivery.Status.CLAIMED).update(claimed_at=now, **fields):
        raise ClaimLost


def mine(row: Row) -> QuerySet[Row]:
    return type(row)._default_manager.filter(pk=row.pk, claimed_at=row.claimed_at)
