"""When events get their places in the chain: right after the commit, by who recorded them; in a process that answers
people by a thread of its own, which seals what came within a second together."""

import logging
import time
from collections.abc import Callable
from threading import Event, Thread

from django.db import DatabaseError, connection

from accounts.log import chain

logger = logging.getLogger(__name__)

GATHERS = 1.0  # seconds

_threads: list[Thread] = []
_recorded = Event()


def begin() -> None:
    """Nobody whom this process answers waits for the chain from now on."""
    _threads.append(Thread(target=_go_on, name="sealer", daemon=True))
    _threads[-1].start()


def soon() -> None:
    """After the commit of what recorded an event."""
    if _threads:
        _recorded.set()
    else:
        _seal(chain.seal)


def _go_on() -> None:
    while True:
        _recorded.wait()
        time.sleep(GATHERS)
        gather()
        connection.close()


def gather() -> None:
    """Again in the next round, if another process was at it: it may have taken its share before ours was committed."""
    _recorded.clear()
    if not _seal(chain.seal_all):
        _recorded.set()


def _seal(act: Callable[[], int | None]) -> bool:
    """False: another process is at it. What goes wrong is nothing to whoever did what is recorded: the sweep is seconds
    away."""
    try:
        return act() is not None
    except DatabaseError as error:
        logger.warning("Events are left to the sweep: %s", type(error).__name__)
    except Exception:  # a fault of ours: the event is recorded, and nobody's page may fail for it
        logger.exception("Events are left to the sweep")
    return True
