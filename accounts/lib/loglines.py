"""A line of the log: its time with its zone, and which request it belongs to."""

import copy
import logging
import re
import secrets
from contextvars import ContextVar
from datetime import UTC, datetime

from django.db import InterfaceError, OperationalError

GIVEN = re.compile(r"[A-Za-z0-9._/+=-]{1,64}")  # by a proxy or a mail server; nothing else of theirs is written down

LONGEST = 64
NOBODYS = "-"

request_id: ContextVar[str] = ContextVar("request_id", default=NOBODYS)


def begin(given: str) -> str:
    """What is logged from now on belongs to this request."""
    name = given if GIVEN.fullmatch(given) else secrets.token_hex(8)
    request_id.set(name)
    return name


def current() -> str:
    """For what goes on elsewhere, and later."""
    return "" if request_id.get() == NOBODYS else request_id.get()


def go_on(name: str) -> None:
    """What is logged from now on belongs to the request that asked for it; none: to nobody's."""
    request_id.set(name or NOBODYS)


class Lines(logging.Formatter):
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 (logging's name)
        return datetime.fromtimestamp(record.created, UTC).astimezone().isoformat(timespec="milliseconds")

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)  # other handlers have their own way
        record.request_id = request_id.get()
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, OperationalError | InterfaceError):
            return super().format(record)
        # The database is away: where it was missed is a hundred lines each time, and says nothing.
        record.exc_info = record.exc_text = None
        why = str(error).strip().partition("\n")[0]
        return f"{super().format(record)} ({type(error).__name__}: {why})"
