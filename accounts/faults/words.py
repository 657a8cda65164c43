"""What is said of an error that was logged: where and what, never what somebody typed or a variable holds."""

import hashlib
import logging
import os
import re
import traceback
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from django.conf import settings
from django.db import InterfaceError, OperationalError

OURS = ("accounts", "apppasswords", "portal")  # whose messages hold no secret: that is a rule of the house
FRAMES = 30
LONGEST = 200  # characters of a title

# Belt and braces: what looks like a name, a number, a code or what stands behind a "?" is not passed on.
MASKS = (
    (re.compile(r"[^\s<>'\"=,:;/]+@[^\s<>'\",:;/]+"), "…@…"),
    (re.compile(r"\?[^\s'\"]+"), "?…"),
    (re.compile(r"(?<![\w.:-])\+?\d{6,}(?![\w.-])"), "…"),
)


@dataclass(frozen=True)
class Note:
    place: str
    title: str
    example: str
    first_at: datetime
    last_at: datetime
    count: int = 1

    def and_before(self, earlier: "Note") -> "Note":
        return replace(self, count=self.count + earlier.count, first_at=earlier.first_at)


def note(record: logging.LogRecord) -> Note:
    error = record.exc_info[1] if record.exc_info else None
    at = datetime.fromtimestamp(record.created, UTC)
    where = _where(error) if error else f"{_relative(record.pathname)}:{record.lineno}"
    kind = _kind(error) if error else ""
    if isinstance(error, OperationalError | InterfaceError):
        where = "the database"  # whichever page asked it: it is one fault
    said = _said(record)
    title = f"{kind}: {said}" if kind and _is_ours(record) else f"{kind}: {where}" if kind else said
    place = hashlib.sha256("\0".join((record.name, where, kind)).encode()).hexdigest()
    example = "\n".join(filter(None, (f"{record.levelname} {record.name}: {said}", _asked(record), _trace(error))))
    return Note(place, " ".join(title.split())[:LONGEST], example, at, at)


def masked(text: str) -> str:
    for pattern, sign in MASKS:
        text = pattern.sub(sign, text)
    return text


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in OURS


def _said(record: logging.LogRecord) -> str:
    """Of the messages of others only the words that stand in their code: what is filled in may be anything."""
    return masked(record.getMessage() if _is_ours(record) else str(record.msg))


def _asked(record: logging.LogRecord) -> str:
    """The page, as it stands in urls.py: an address itself may hold a token."""
    request = getattr(record, "request", None)
    match = getattr(request, "resolver_match", None)
    return f"{getattr(request, 'method', '')} /{match.route}" if match else ""


def _kind(error: BaseException) -> str:
    cause = error.__cause__
    return f"{type(error).__name__} ({type(cause).__name__})" if cause else type(error).__name__


def _where(error: BaseException) -> str:
    """The innermost line of our own code, or of any."""
    frames = _frames(error.__traceback__)
    ours = [frame for frame in frames if Path(_relative(frame.filename)).parts[0] in OURS]
    frame = next(reversed(ours or frames), None)
    return f"{_relative(frame.filename)}:{frame.lineno}" if frame else ""


def _trace(error: BaseException | None) -> str:
    """Where it was, without its words: they may quote anything."""
    lines = []
    while error is not None:
        lines.append(type(error).__name__)
        lines += [
            f"    {_relative(frame.filename)}:{frame.lineno} in {frame.name}"
            for frame in _frames(error.__traceback__)[-FRAMES:]
        ]
        error = error.__cause__ or error.__context__
    return "\n".join(lines)


def _frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    return traceback.extract_tb(trace)


def _relative(path: str) -> str:
    return path.removeprefix(f"{settings.BASE_DIR}{os.sep}").rpartition(f"site-packages{os.sep}")[2]
