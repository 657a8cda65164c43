"""When something is committed."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def at_once() -> Iterator[None]:
    """One statement, that must hold before anything is compared: it commits itself, without the two round trips of a
    transaction around it. In a transaction of its caller it would not hold, and is refused."""
    if connection.in_atomic_block:
        with transaction.atomic(durable=True):
            yield
    else:
        yield
