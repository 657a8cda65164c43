"""A question to the directory, answered in time or not at all.

Neither a name server nor the TLS of a frozen machine keeps to a time-out of libldap. So the question is put in a thread
of its own; whoever waits for it goes on when the time is up, to the next server. All threads of one may hang: then
nobody waits for it.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import cache
from threading import BoundedSemaphore
from typing import TypeVar

from django.conf import settings

from accounts.directory.asking.answers import Answer, Away
from accounts.directory.asking.servers import Servers
from accounts.lib import deadlines

logger = logging.getLogger(__name__)

T = TypeVar("T")
AT_ONCE = 16  # of a process, for each server: what hangs at one keeps nobody from another
CHANGED_WITHIN = 5.0  # seconds; nobody does it twice a day
LEAST = 0.05  # seconds; with less it is not begun


@cache
def _places(url: str) -> BoundedSemaphore:
    return BoundedSemaphore(AT_ONCE)


@cache
def _threads(url: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="directory")


@cache
def _servers(*urls: str) -> Servers:
    return Servers(list(urls))


def silent() -> list[str]:
    """Servers that did not answer this process when it asked last."""
    return _servers(*settings.LDAP_URLS).silent()


def compare(address: str, password: str) -> Answer:
    """Raises Away."""
    from accounts.directory.asking import client  # noqa: PLC0415 - it needs a package that need not be installed

    return _in_time(lambda url, ends_at: client.compare(url, address, password, ends_at))


def change(address: str, old: str, new: str) -> bool:
    """Whether the directory takes the new one. Raises Away, and then nobody knows which one it is."""
    from accounts.directory.asking import client  # noqa: PLC0415 - the same

    return _in_time(lambda url, ends_at: client.change(url, address, old, new, ends_at), CHANGED_WITHIN)


def look_up(address: str) -> bool:
    """Whether there is exactly one entry. Raises Away."""
    from accounts.directory.asking import client  # noqa: PLC0415 - the same

    return _in_time(lambda url, ends_at: client.look_up(url, address, ends_at))


def _in_time(ask: Callable[[str, float], T], most: float | None = None) -> T:
    """A server that does not answer leaves the next one half of the time."""
    servers, why = _servers(*settings.LDAP_URLS), "it did not answer a moment ago"
    ends_at = time.monotonic() + deadlines.seconds_left(most or settings.LDAP_ANSWER_WITHIN)
    for url in servers.in_turn():
        now = time.monotonic()
        share = ends_at if url == settings.LDAP_URLS[-1] else now + (ends_at - now) / 2
        if share - now < LEAST:
            why = "no time is left"
            break
        if not _places(url).acquire(blocking=False):
            why = "too many wait for it"
            continue
        try:
            answer = _answer(ask, url, share)
        except Away as error:
            why = str(error)
            if servers.note_silence(url):
                logger.warning("The directory %s does not answer: %s", url, why)
        else:
            servers.note_answer(url)
            return answer
    raise Away(why)


def _answer(ask: Callable[[str, float], T], url: str, ends_at: float) -> T:
    waiting = _threads(url).submit(ask, url, ends_at)
    waiting.add_done_callback(lambda _waiting: _places(url).release())
    try:
        return waiting.result(ends_at - time.monotonic())
    except FutureTimeoutError:
        raise Away("no answer in time") from None
