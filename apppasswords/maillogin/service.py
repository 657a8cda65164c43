"""The mail login service: what mail servers ask before they let anybody in. Its own processes and port, never public.

It answers (server/request.py) ahead of Django's request handling, which would cost more than the answer. So it looks
after its database connection itself: kept open, statements prepared, an answer within MAIL_ANSWER_WITHIN or "cannot
tell".
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django
from django.conf import settings

# The apps whose tables a login reads or writes, and those that they point to. All of the site would take two thirds
# more memory in each process (docs/decisions/0024-small-mail-processes.md).
settings.INSTALLED_APPS = [
    "accounts.users", "accounts.faults", "accounts.log", "accounts.mailsessions", "accounts.bans",
    "accounts.maillogins", "accounts.owners", "accounts.phones", "accounts.directory", "apppasswords",
    "django.contrib.auth", "django.contrib.contenttypes",
]  # fmt: skip
django.setup()

from django.db import DatabaseError, InterfaceError, connection, connections

from accounts.lib import clock, loglines
from accounts.users.keeper import Asker, MustAsk
from apppasswords.maillogin import decision
from apppasswords.maillogin.afterwards import InTime, Notebook
from apppasswords.maillogin.asking.deadline import Watchdog
from apppasswords.maillogin.decision import CANNOT_TELL, Login, Verdict
from apppasswords.maillogin.wire import Answer

logger = logging.getLogger(__name__)


def prepare(options: dict[str, Any], vendor: str) -> None:
    """What this service needs of its connections; the portal's stay as they are."""
    if vendor == "postgresql":
        milliseconds = int(settings.MAIL_ANSWER_WITHIN * 750)  # before we stop to wait: what it does then, we know
        # Planning takes longer than running: prepare at the first use, in the server.
        options |= {"server_side_binding": True, "prepare_threshold": 0, "connect_timeout": 2}
        options["tcp_user_timeout"] = 5000  # milliseconds; a machine that is gone says nothing at all
        # For what hangs in the server, such as a locked table. A server that hangs itself is the watchdog's.
        # And every statement here is a look-up: one that was planned while a table was empty must use its index too.
        options["options"] = (
            f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
            " -c enable_seqscan=off -c jit=off -c plan_cache_mode=force_generic_plan"
        )
    else:
        options["timeout"] = settings.MAIL_ANSWER_WITHIN / 2


for _alias in connections:
    _settings = connections.settings[_alias]
    _settings["CONN_MAX_AGE"] = None
    prepare(_settings.setdefault("OPTIONS", {}), connections[_alias].vendor)

watchdog = Watchdog(settings.MAIL_ANSWER_WITHIN)
notebook = Notebook()
noting = threading.Lock()
_noted = threading.Event()  # something that may have to be written
PAUSE = 0.2  # seconds
LOOK_EVERY = 1.0  # seconds, while nothing is noted: each time that a thread is woken costs as much as a login
PLACES_EVERY = 0.2  # seconds; what the next wrong password is judged by
WRITE_EVERY = 2.0  # seconds; what a process that is killed has not written is lost


class Pause:
    """After a wait in vain, what queued behind it is answered at once: or each would wait in vain too, in turn."""

    def __init__(self) -> None:
        self._ends_at = 0.0

    def is_on(self) -> bool:
        return time.monotonic() < self._ends_at

    def begin_if_long(self, since: float) -> None:
        if time.monotonic() - since > settings.MAIL_ANSWER_WITHIN / 4:
            self._ends_at = time.monotonic() + PAUSE


pause = Pause()


def decide(login: Login, asker: Asker = Asker.MAIL_LOGIN) -> Verdict:
    """Whatever is wrong with us is "cannot tell", which is no failure of anybody. Raises MustAsk if `asker` says so."""
    loglines.begin(login.session)  # what is logged here is found by the mail server's own name for it
    if pause.is_on():
        return CANNOT_TELL
    start = time.monotonic()
    try:
        with watchdog.in_time():
            verdict = decision.verify(login, asker)
    except MustAsk:
        raise
    except (DatabaseError, InterfaceError) as error:
        pause.begin_if_long(start)
        logger.warning("The database does not answer: %s", type(error).__name__)
        return CANNOT_TELL
    except Exception:
        pause.begin_if_long(start)
        logger.exception("A login could not be decided")
        return CANNOT_TELL
    note(verdict)
    return verdict


def note(verdict: Verdict) -> None:
    """It is written after the answer, by the thread below."""
    with noting:
        notebook.note(verdict)
    if not _noted.is_set():
        _noted.set()


NOT_READY = Answer(503, "the database does not answer in time")


def readiness() -> Answer:
    try:
        with watchdog.in_time(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return NOT_READY
    return Answer(200, "ok")


def _look_at_the_clock() -> None:
    """The portal asks the database for the time with each page; here connections stay for days."""
    if connection.vendor == "postgresql" and clock.wants_measuring():
        with suppress(DatabaseError, InterfaceError), watchdog.in_time():
            connection.is_usable()


def _write_notes(ended: threading.Event) -> None:
    written_at = time.monotonic()
    while not ended.is_set():
        are_some = _noted.wait(LOOK_EVERY)
        _look_at_the_clock()
        if not are_some or ended.wait(PLACES_EVERY):
            continue
        _try("From where logins came is not noted", notebook.write_places)
        if time.monotonic() > written_at + WRITE_EVERY:
            written_at = time.monotonic()
            _noted.clear()
            _try("Mail logins are not counted yet", notebook.write)
            _try("A mistake of a mail program is not noted", notebook.write_mistakes)
            if notebook.has_notes() or notebook.has_mistakes():
                _noted.set()
    try:
        notebook.write_places()
        notebook.write()  # what is left; without the watchdog, which connects in threads that have ended by now
    except Exception as error:
        logger.warning("The last mail logins are not counted: %s", type(error).__name__)
    connections.close_all()


def _try(fails: str, write: Callable[[InTime], None]) -> None:
    """The thread must live on, and so do the counts; a page that waits for a mail program says less then."""
    try:
        write(watchdog.in_time)
    except Exception as error:
        logger.warning("%s: %s", fails, type(error).__name__)


def _wait_for_the_end(ended: threading.Event) -> None:
    threading.main_thread().join()
    ended.set()
    _noted.set()


with suppress(DatabaseError), watchdog.in_time():
    pass  # the first connection of a process loads much: better now than while somebody waits
connections.close_all()
_ended = threading.Event()
# Not a daemon: the process waits for what it writes last.
threading.Thread(target=_write_notes, args=(_ended,), name="notes").start()
threading.Thread(target=_wait_for_the_end, args=(_ended,), name="end").start()
