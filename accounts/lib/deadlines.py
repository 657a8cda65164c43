"""Until when somebody waits for an answer, for what is asked far below."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Of the monotonic clock."""
    token = _ends_at.set(moment)
    try:
        yield
    finally:
        _ends_at.reset(token)


def seconds_left(most: float) -> float:
    ends_at = _ends_at.get()
    return most if ends_at is None else max(min(most, ends_at - time.monotonic()), 0)
