"""What goes to syslog goes from a thread of its own: a syslog that is dead, full or slow costs a page nothing."""

import logging
import os
import threading
import time
from logging.handlers import SYSLOG_UDP_PORT, SysLogHandler
from queue import Full, Queue
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

QUEUED = 10_000  # lines; what comes on top of them is dropped
FLUSH_WITHIN = 2  # seconds, when the process ends
COMPLAIN_EVERY = 60  # seconds

logger = logging.getLogger(__name__)


def address(setting: str) -> str | tuple[str, int]:
    """What EVENT_SYSLOG names: a socket of this machine, or another machine."""
    if setting.startswith("/"):
        return setting
    try:
        parts = urlsplit(setting)
        if parts.scheme == "udp" and parts.hostname and not parts.path:
            return parts.hostname, parts.port or SYSLOG_UDP_PORT
    except ValueError:  # a port that is none
        pass
    raise ImproperlyConfigured("EVENT_SYSLOG is a path such as /dev/log, or udp://host:514.")


class SyslogHandler(logging.Handler):
    def __init__(self, address: str | tuple[str, int]) -> None:
        super().__init__()
        self.address = address
        self.lines: Queue[logging.LogRecord] = Queue(QUEUED)
        self._sender: SysLogHandler | None = None
        self._process = 0
        self._complained_at = -COMPLAIN_EVERY * 1.0

    def emit(self, record: logging.LogRecord) -> None:
        self._start()
        try:
            self.lines.put_nowait(record)
        except Full:
            self._complain("its queue is full")

    def _start(self) -> None:
        """In each process its own: a fork takes no thread along."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self.lines = Queue(QUEUED)
            threading.Thread(target=self._send_all, args=(self.lines,), name="syslog", daemon=True).start()

    def _send_all(self, lines: "Queue[logging.LogRecord]") -> None:
        while True:
            record = lines.get()
            try:
                self._send(record)
            except Exception as error:  # the thread must live on; the log itself is in the database
                self._sender = None
                self._complain(type(error).__name__)
            finally:
                lines.task_done()

    def _send(self, record: logging.LogRecord) -> None:
        if self._sender is None:
            self._sender = Sender(self.address, SysLogHandler.LOG_AUTHPRIV)
            self._sender.setFormatter(logging.Formatter("mailkey: %(message)s"))
        self._sender.emit(record)

    def _complain(self, why: str) -> None:
        if time.monotonic() - self._complained_at > COMPLAIN_EVERY:
            self._complained_at = time.monotonic()
            logger.warning("Events do not reach syslog: %s", why)

    def flush(self) -> None:
        """As much as goes in a moment."""
        last = time.monotonic() + FLUSH_WITHIN
        while self._process == os.getpid() and self.lines.unfinished_tasks and time.monotonic() < last:
            time.sleep(0.01)


class Sender(SysLogHandler):
    append_nul = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Not to stderr, for every line."""
        raise  # noqa: PLE0704 (called where an exception is being handled)
