"""A database connection that answers in time, for a service that says "cannot tell" when its database does not.

A time-out in the server is no help against a server that hangs, and libpq waits at least two seconds to connect. So a
thread looks after all connections and shuts the socket of one whose answer is overdue, which ends the wait with an
error; and connecting happens in a thread of its own, which a request waits for only as long as it may.
"""

import select
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from weakref import WeakSet

from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

LOOK_EVERY = 0.05  # seconds


class Line:
    """The default connection of one thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.overdue_at: float | None = None
        self.was_cut = False
        self.connecting: Future[None] | None = None
        self.descriptor = -1

    def cut_if_overdue(self, now: float) -> bool:
        """Whether anything is awaited on it."""
        with self.lock:
            if self.overdue_at is not None and now > self.overdue_at and not self.was_cut:
                self.was_cut = True
                _shut(self.descriptor)
            return self.overdue_at is not None


def _shut(descriptor: int) -> None:
    try:
        with socket.socket(fileno=descriptor) as line:
            try:
                line.shutdown(socket.SHUT_RDWR)
            finally:
                line.detach()  # libpq closes it itself
    except OSError:
        pass  # it was gone already, which is as good


class Watchdog:
    def __init__(self, within: float) -> None:
        self.within = within  # seconds
        self._local = threading.local()
        self._lines: WeakSet[Line] = WeakSet()  # of threads that live
        self._adding = threading.Lock()
        self._is_used = threading.Event()
        self._connectors = ThreadPoolExecutor(max_workers=8, thread_name_prefix="connect")
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _watch(self) -> None:
        """Every look wakes a thread, which costs as much as a login: none while nobody waits."""
        while self._is_used.wait():
            self._is_used.clear()
            while self._look():
                time.sleep(LOOK_EVERY)

    def _look(self) -> bool:
        now = time.monotonic()
        with self._adding:
            lines = list(self._lines)
        return sum(line.cut_if_overdue(now) for line in lines) > 0  # each of them

    def _line(self) -> Line:
        line: Line | None = getattr(self._local, "line", None)
        if line is None:
            line = self._local.line = Line()
            with self._adding:
                self._lines.add(line)
        return line

    @contextmanager
    def in_time(self) -> Iterator[None]:
        """The body's statements end within `within` seconds, or with Django's OperationalError."""
        connection = connections["default"]
        if connection.vendor != "postgresql":
            yield  # SQLite has its own time-out, and nothing to hang on
            return
        line, overdue_at = self._line(), time.monotonic() + self.within
        self._connect(connection, line, overdue_at)
        line.descriptor = connection.connection.fileno()
        line.overdue_at = overdue_at
        self._is_used.set()
        try:
            yield
        except Exception:
            self._end(line)
            connection.close()
            raise
        else:
            if self._end(line):
                connection.close()

    @staticmethod
    def _end(line: Line) -> bool:
        with line.lock:
            line.overdue_at = None
            was_cut, line.was_cut = line.was_cut, False
        return was_cut

    def _connect(self, connection: BaseDatabaseWrapper, line: Line, overdue_at: float) -> None:
        if line.connecting is None:
            if connection.connection is not None:
                if not _has_ended(connection.connection.fileno()):
                    return
                connection.close()
            connection.inc_thread_sharing()
            line.connecting = self._connectors.submit(connection.ensure_connection)
        try:
            line.connecting.result(max(overdue_at - time.monotonic(), 0))
        except FutureTimeoutError:
            raise OperationalError("still connecting") from None
        except Exception:
            self._connected(connection, line)
            raise
        self._connected(connection, line)

    @staticmethod
    def _connected(connection: BaseDatabaseWrapper, line: Line) -> None:
        line.connecting = None
        connection.dec_thread_sharing()


def _has_ended(descriptor: int) -> bool:
    """An idle connection has nothing to read, unless the server said good-bye."""
    looking = select.poll()  # select() itself fails for descriptors above 1023, which a busy service has
    looking.register(descriptor, select.POLLIN)
    return bool(looking.poll(0))
