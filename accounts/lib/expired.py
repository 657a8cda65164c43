"""Rows whose time is over go a few at a time, each few in a transaction of their own: nobody waits long for what it
holds, and what is gone stays gone if the rest fails or takes too long."""

import time
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.lib.batches import BATCH, batches

AT_ONCE = BATCH  # rows in one transaction
BREATH = 0.1  # seconds
LOOKED_FOR = 100_000  # by one statement: what has no index in this order reads the table once for so many


def delete(rows: QuerySet[Any]) -> None:
    """With what hangs on them."""
    in_batches(rows, _delete)


def in_batches(rows: QuerySet[Any], act: Callable[[QuerySet[Any]], object]) -> None:
    """`act` is given some of them, held. What somebody else holds is left to the next time, and what was renewed since
    it was found stays."""
    while True:
        found = list(rows.order_by().values_list("pk", flat=True)[:LOOKED_FOR])
        held = 0
        for number, some in enumerate(batches(found, AT_ONCE)):
            if number:
                breathe()
            held += _hold_and(act, rows.filter(pk__in=some))
        if len(found) < LOOKED_FOR or not held:
            return


def breathe() -> None:
    """Between two batches. Who waits for SQLite's one lock looks for it every now and then, and would hardly ever find
    it free; PostgreSQL's rows wait for nobody."""
    if not connection.features.has_select_for_update:
        time.sleep(BREATH)


def _hold_and(act: Callable[[QuerySet[Any]], object], rows: QuerySet[Any]) -> int:
    with transaction.atomic():
        held = list(rows.order_by().select_for_update(skip_locked=True).values_list("pk", flat=True))
        if held:
            act(rows.model._base_manager.filter(pk__in=held))
    return len(held)


def _delete(rows: QuerySet[Any]) -> None:
    rows.delete()
