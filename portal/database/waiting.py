"""How long is waited for a database that says nothing."""

import threading
import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg

from portal.database import SILENCE_LIMIT
from portal.database.pulse import pulse

T = TypeVar("T")
LOOK_AFTER = 0.5  # seconds of silence; then it is asked whether the database answers anybody

_own = threading.local()


class Connection(psycopg.Connection[Any]):
    """Psycopg's, whose waits end when the database answers nobody."""

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **kwargs: Any) -> T:
        _stop_if_away()
        try:
            return super().wait(_watched(gen), *args, **kwargs)
        except Silent:
            self.pgconn.finish()  # an answer that comes too late is nobody's
            raise

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> Generator[Any, Any, "Connection"]:
        _stop_if_away()
        if hasattr(_own, "seconds"):
            within(_own.seconds)  # each of several hosts has as long
        return _watched(super()._connect_gen(conninfo))


class Silent(psycopg.OperationalError):
    """The database says nothing."""


def within(seconds: float) -> None:
    """This thread waits so long from now on and no longer, and asks nobody. It is the one that finds out."""
    _own.seconds, _own.ends_at = seconds, time.monotonic() + seconds


def _stop_if_away() -> None:
    if pulse.is_away and not hasattr(_own, "ends_at"):
        raise Silent("the database does not answer")


def _watched(gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    """The same; psycopg resumes it ten times a second, with nothing if there is nothing."""
    silent_since = time.monotonic()
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if ready:
                silent_since = time.monotonic()
            else:
                _look(silent_since)
            wanted = gen.send(ready)
    except StopIteration as end:
        result: T = end.value
        return result


def _look(silent_since: float) -> None:
    now = time.monotonic()
    if ends_at := getattr(_own, "ends_at", None):
        if now > ends_at:
            raise Silent("the database does not answer")
        return
    if not pulse.beats:
        return
    if now - silent_since > LOOK_AFTER:
        pulse.ask()
    if pulse.is_away or now - silent_since > SILENCE_LIMIT:
        raise Silent("the database does not answer")
