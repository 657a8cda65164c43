"""Takes what is logged as an error, and has it in the database soon. Whoever logs it waits for nothing and nobody."""

import logging
import os
import threading
from collections.abc import Callable, Iterable

from django.conf import settings

from accounts.faults import words
from accounts.faults.words import Note

WRITE_EVERY = 1.0  # seconds
PLACES_AT_MOST = 500  # that wait for a database that is away
THREAD = "faults"


class Handler(logging.Handler):
    """At the root of all loggers. While the database is away they stay here, folded, until it is back."""

    def __init__(self, level: int = logging.NOTSET, *, writes_by_itself: bool = True) -> None:
        super().__init__(level)
        self._writes_by_itself = writes_by_itself
        self._waiting: dict[str, Note] = {}
        self._changing = threading.Lock()
        self._writer: tuple[int, threading.Thread] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if not settings.ADMINS or threading.current_thread().name == THREAD:
            return  # nobody to tell; or it is about telling
        try:
            self._put(words.note(record))
            if self._writes_by_itself:
                self._see_to_a_writer()
        except Exception:  # as logging's own handlers: what was being done goes on
            self.handleError(record)

    def flush(self) -> None:
        """Also when the process ends."""
        taken = self._take()
        if not taken:
            return
        try:
            _keep(taken)
        except Exception:  # whatever is wrong with the database: they stay
            for note in taken:
                self._put(note)

    def _put(self, note: Note) -> None:
        with self._changing:
            known = self._waiting.get(note.place)
            if known or len(self._waiting) < PLACES_AT_MOST:
                self._waiting[note.place] = note.and_before(known) if known else note

    def _take(self) -> list[Note]:
        with self._changing:
            taken, self._waiting = list(self._waiting.values()), {}
        return taken

    def _see_to_a_writer(self) -> None:
        with self._changing:
            if self._writer and self._writer[0] == os.getpid() and self._writer[1].is_alive():
                return
            thread = threading.Thread(target=self._write, name=THREAD, daemon=True)  # none survives a fork
            self._writer = os.getpid(), thread
        thread.start()

    def _write(self) -> None:
        pause = threading.Event()
        while not pause.wait(WRITE_EVERY):
            self.flush()


def _keep(notes: Iterable[Note]) -> None:
    from django.db import connection  # noqa: PLC0415 (logging is set up before there are apps and models)

    from accounts.faults import faults  # noqa: PLC0415

    keep: Callable[[Iterable[Note]], None] = faults.keep
    try:
        keep(notes)
    finally:
        if threading.current_thread().name == THREAD:
            connection.close()
