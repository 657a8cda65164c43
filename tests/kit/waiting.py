import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], timeout: float = 30) -> T:
    """What `condition` returns as soon as it is true of anything; fails after `timeout` seconds."""
    end = time.monotonic() + timeout
    tick = Event()
    while time.monotonic() < end:
        if result := condition():
            return result
        tick.wait(0.02)
    raise AssertionError(f"not within {timeout} seconds: {condition}")
