"""Rows whose time is over go a few at a time, each few in a transaction of their own: nobody waits long for what it
holds, and what is gone stays gone if the rest fails or takes too long."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.lib.batches import BATCH, batches

AT_ONCE = BATCH  # rows in one transaction
LOOKED_FOR = 100_000  # by one statement: what has no index in this order reads the table once for so many


def delete(rows: QuerySet[Any]) -> None:
    """With what hangs on them."""
    in_batches(rows, _delete)


def in_batches(rows: QuerySet[Any], act: Callable[[QuerySet[Any]], object]) -> None:
    """`act` is given some of them, held. What somebody else holds is left to the next time, and what was renewed since
    it was found stays."""
    while True:
        found = list(rows.order_by().values_list("pk", flat=True)[:LOOKED_FOR])
        held = sum(_hold_and(act, rows.filter(pk__in=some)) for some in batches(found, AT_ONCE))
        if len(found) < LOOKED_FOR or not held:
            return


def _hold_and(act: Callable[[QuerySet[Any]], object], rows: QuerySet[Any]) -> int:
    with transaction.atomic():
        held = list(rows.order_by().select_for_update(skip_locked=True).values_list("pk", flat=True))
        if held:
            act(rows.model._base_manager.filter(pk__in=held))
    return len(held)


def _delete(rows: QuerySet[Any]) -> None:
    rows.delete()
