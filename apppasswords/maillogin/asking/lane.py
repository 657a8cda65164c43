"""What a loop asks PostgreSQL by a connection of its own, one question after the other, and hardly waits for.

Most answers are there sooner than the loop would come round, so it waits for them where it asks: two milliseconds at
most, and after one that took longer it does not wait at all for a while (docs/decisions/0118-decided-at-once.md). A
thread per question would cost as much as the question. Connecting is left to a thread, and whoever comes before that is
done, or where nothing can be asked so (SQLite, a pooler), is sent another way.
"""

import asyncio
import logging
import select
import time
from collections import deque
from collections.abc import Callable
from threading import Thread
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Error, pq
from psycopg.errors import UndefinedFunction

from accounts.lib import prepared
from accounts.lib.prepared import Asking, Row, Steps

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.05  # seconds
HERE = 0.002  # seconds for which the loop waits for the answers of one turn
NOT_HERE_FOR = 0.5  # seconds in which it does not, after they took longer
CONNECT_EVERY = 0.2  # seconds
Result = TypeVar("Result")


class Turn(NamedTuple, Generic[Result]):
    asking: Asking[Result]
    begins_by: float  # of the monotonic clock; or it is refused
    done: Callable[[Result], None]
    failed: Callable[[], None]  # the database does not answer, or not in time; or something else is wrong
    refused: Callable[[], None]  # nothing was asked, and will not be


class Lane(Generic[Result]):
    """All of it is the loop's, except what is said to be a thread's."""

    def __init__(self, within: float, here: float = HERE) -> None:
        self._within, self._here = within, here  # seconds for each question; in the loop, for those of a turn
        self._turns: deque[Turn[Result]] = deque()
        self._turn: Turn[Result] | None = None
        self._row: Row | None = None
        self._missing: UndefinedFunction | None = None
        self._prepares: set[bytes] = set()  # the steps of the turn that are prepared with it
        self._overdue_at = 0.0
        self._connection: BaseDatabaseWrapper | None = None
        self._descriptor = -1
        self._looking = select.poll()
        self._waits_here_from = 0.0
        self._connects_at = 0.0
        self._is_connecting = self._is_watched = False

    def take(self, turn: Turn[Result]) -> None:
        if self._connection is None:
            self._connect()
            turn.refused()
        elif self._turn is None and not self._turns:
            self._begin(turn)
        else:
            self._turns.append(turn)

    # --- Asking

    def _begin(self, turn: Turn[Result]) -> None:
        self._turn = turn
        self._go_on(None)
        if time.monotonic() > self._waits_here_from:
            self._wait_here(turn)

    def _wait_here(self, turn: Turn[Result]) -> None:
        ends_at = time.monotonic() + self._here
        while self._turn is turn:
            left = ends_at - time.monotonic()
            if left <= 0 or not self._looking.poll(left * 1000):
                self._waits_here_from = time.monotonic() + NOT_HERE_FOR
                return
            self._read()

    def _go_on(self, row: Row | None) -> None:
        turn = self._turn
        assert turn  # noqa: S101 (somebody has asked)
        missing, self._missing = self._missing, None
        try:
            self._send(turn.asking.throw(missing) if missing else turn.asking.send(row))
        except StopIteration as end:
            self._end()
            turn.done(end.value)
        except Error as error:
            self._lose(error)
        except Exception:
            logger.exception("A login could not be decided")
            self._end()
            turn.failed()

    def _end(self) -> None:
        self._turn = None
        if self._turns:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        if not self._turns or self._turn or self._connection is None:
            return
        turn = self._turns.popleft()
        if time.monotonic() > turn.begins_by:
            self._end()
            turn.refused()
        else:
            self._begin(turn)

    def _send(self, steps: Steps) -> None:
        """One round trip. Up to the synchronisation it is one transaction, and each step still sees what was committed
        before it."""
        raw, known = self._raw, self._known
        self._prepares = {statement.name for statement, _values in steps} - known
        for statement, values in steps:
            if statement.name not in known:
                raw.pgconn.send_prepare(statement.name, statement.numbered, prepared.types(values))
                known.add(statement.name)
            raw.pgconn.send_query_prepared(statement.name, [str(value).encode() for value in values])
        raw.pgconn.pipeline_sync()
        self._row, self._overdue_at = None, time.monotonic() + self._within
        if not self._is_watched:
            self._is_watched = True
            asyncio.get_running_loop().call_later(LOOK_EVERY, self._watch, self._connection)

    def _read(self) -> None:
        """Something has come in: an answer, a part of one, or good-bye."""
        line = self._raw.pgconn
        try:
            line.consume_input()
            while self._turn and not line.is_busy():
                result = line.get_result()
                if result is None:
                    continue  # between two steps
                if result.status == pq.ExecStatus.PIPELINE_SYNC:
                    self._go_on(self._row)
                    return
                self._take(result)
        except Error as error:
            self._lose(error)

    def _take(self, result: pq.abc.PGresult) -> None:
        if self._missing:
            return  # what stands behind it is not done either
        try:
            self._row = prepared.first(self._raw, result)
        except UndefinedFunction as error:  # whoever asks for it knows another way
            self._missing = error
            self._known.difference_update(self._prepares)

    # --- The connection

    @property
    def _raw(self) -> Any:
        assert self._connection  # noqa: S101 (it is only asked for while there is one)
        return self._connection.connection

    @property
    def _known(self) -> set[bytes]:
        """Names of what is prepared; as long as the connection lives."""
        known: set[bytes] = vars(self._raw).setdefault("prepared_here", set())
        return known

    def _connect(self) -> None:
        if self._is_connecting or time.monotonic() < self._connects_at or not _may_pipeline():
            return
        self._is_connecting = True
        Thread(target=self._connect_here, args=(asyncio.get_running_loop(),), name="lane", daemon=True).start()

    def _connect_here(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread."""
        connection = connections.create_connection("default")
        connection.inc_thread_sharing()
        try:
            connection.ensure_connection()
            line = connection.connection.pgconn
            line.exec_(b"SET synchronous_commit = off")  # who asks next does not wait for the disk of the one before
            line.enter_pipeline_mode()
        except Exception as error:  # the thread ends; the next login tries again
            logger.warning("No connection for the quick way: %s", type(error).__name__)
            loop.call_soon_threadsafe(self._connected, loop, None)
        else:
            loop.call_soon_threadsafe(self._connected, loop, connection)

    def _connected(self, loop: asyncio.AbstractEventLoop, connection: BaseDatabaseWrapper | None) -> None:
        self._is_connecting, self._connects_at = False, time.monotonic() + CONNECT_EVERY
        self._connection = connection
        if connection:
            self._descriptor = connection.connection.fileno()
            loop.add_reader(self._descriptor, self._read)
            self._looking = select.poll()  # select() itself fails for descriptors above 1023
            self._looking.register(self._descriptor, select.POLLIN)

    def _watch(self, connection: BaseDatabaseWrapper | None) -> None:
        """As long as there is something to wait for."""
        if self._connection is not connection:
            return
        if self._turn and time.monotonic() > self._overdue_at:
            self._lose(DatabaseError("no answer in time"))
        elif self._turn:
            asyncio.get_running_loop().call_later(LOOK_EVERY, self._watch, connection)
        else:
            self._is_watched = False

    def _lose(self, error: Exception) -> None:
        """Whoever is being answered is told; those behind go another way. The next one connects anew."""
        logger.warning("The database does not answer: %s", type(error).__name__)
        raw, turn, turns = self._raw, self._turn, list(self._turns)
        self._connection = self._turn = self._missing = None
        self._is_watched = False
        self._turns.clear()
        asyncio.get_running_loop().remove_reader(self._descriptor)
        raw.pgconn.finish()
        if turn:
            turn.failed()
        for behind in turns:
            behind.refused()


def _may_pipeline() -> bool:
    connection = connections["default"]
    return (
        connection.vendor == "postgresql" and connection.settings_dict["OPTIONS"].get("prepare_threshold") is not None
    )
