"""The mail login service as it is started: answers in time, and refusals that tell nothing by when they come.

    python -m portal.serving protocol apppasswords.maillogin.server.request:MailServer 127.0.0.1:8001

Most logins are decided in this loop, at once (quick.py): it waits two milliseconds at most for PostgreSQL, and then
goes on with what else comes (asking/lane.py). A thread decides the others, one after the other (service.py). So it is
known how long each has waited: whoever would wait too long is told "cannot tell" and never decided. A refusal leaves a
fixed time after it was asked for, whatever it took to find out, and holds no thread until then.

Where a directory has to be asked first, that is left to other threads: while it hangs, nobody else waits for it.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

from django.conf import settings

from apppasswords.maillogin import service  # it sets Django up

# isort: split
from accounts.lib import deadlines, pace
from accounts.log import sealer
from accounts.users.keeper import Asker, MustAsk
from apppasswords.maillogin import quick, wire
from apppasswords.maillogin.asking.lane import Lane, Turn
from apppasswords.maillogin.decision import CANNOT_TELL, Outcome, Verdict
from apppasswords.maillogin.server.conversation import Conversation, Message
from apppasswords.maillogin.wire import Answer, Asked

QUEUED = 0.5  # seconds at most in the queue; so there is time left to decide who comes out of it
PATIENCE = 0.95  # seconds in all; then whoever asked is told within a second
DIRECTORY = 0.8  # seconds after it came, until which a directory may answer: what it said is still to be written down
ASKERS = 8  # threads that wait for a directory
SWITCHES = 0.0005  # seconds for which a thread computes while the loop wants to go on; Python's 5 ms would be felt


class Decided(NamedTuple):
    answer: Answer
    is_refusal: bool


class Request:
    """One request, on its way to whoever decides it and back. Without a login: whether logins can be decided."""

    def __init__(self, asked: Asked | None, came_at: float, answer: Callable[[Answer], None]) -> None:
        self._asked, self._came_at, self._answer = asked, came_at, answer
        self._loop = asyncio.get_running_loop()
        self._late: asyncio.TimerHandle | None = None
        self._is_decided = False

    # --- In the loop

    def begin(self) -> None:
        self._wait_for_its_turn()
        if not self._is_decided:
            self._late = self._loop.call_later(max(self._came_at + PATIENCE - time.monotonic(), 0), self._give_up)

    def _wait_for_its_turn(self) -> None:
        if self._asked and not service.pause.is_on():
            asking, begins_by = quick.decide(self._asked.login), self._came_at + QUEUED
            lane.take(Turn(asking, begins_by, self._tell_verdict, self._fail, self._leave_to_thread))
        else:
            self._leave_to_thread()

    def _leave_to_thread(self) -> None:
        waiting.put(self)

    def _tell_verdict(self, verdict: Verdict | None) -> None:
        if verdict is None:
            self._leave_to_thread()
        else:
            service.note(verdict)
            self._tell(self._written(verdict))

    def _fail(self) -> None:
        service.pause.begin_if_long(self._came_at)
        self._give_up()

    def _give_up(self) -> None:
        self._tell(Decided(service.NOT_READY, is_refusal=False) if self._asked is None else self._written(CANNOT_TELL))

    def _written(self, verdict: Verdict) -> Decided:
        assert self._asked  # noqa: S101 (a verdict is on a login)
        return Decided(self._asked.write(verdict, self._asked.login), verdict.outcome is Outcome.NO)

    def _tell(self, decided: Decided) -> None:
        if self._is_decided:
            return  # it came too late
        self._is_decided = True
        if self._late:
            self._late.cancel()
        waits = 0.0
        if decided.is_refusal:
            waits = pace.leaves_at(self._came_at, settings.MAIL_REFUSED_AFTER) - time.monotonic()
        if waits > 0:
            self._loop.call_later(waits, self._answer, decided.answer)
        else:
            self._answer(decided.answer)

    # --- In the thread

    def decide(self, asker: Asker = Asker.MAIL_LOGIN) -> None:
        if time.monotonic() > self._came_at + QUEUED:  # nobody's failure is counted that nobody is told of
            self._loop.call_soon_threadsafe(self._give_up)
            return
        try:
            with deadlines.until(self._came_at + DIRECTORY):
                decided = self._decide(asker)
        except MustAsk:
            to_ask.put(self)
            return
        self._loop.call_soon_threadsafe(self._tell, decided)

    def _decide(self, asker: Asker) -> Decided:
        if self._asked is None:
            return Decided(service.readiness(), is_refusal=False)
        return self._written(service.decide(self._asked.login, asker))


async def answer(asked: Asked | None, came_at: float) -> Answer:
    """For who waits for it in a task."""
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    Request(asked, came_at, lambda given: None if answered.done() else answered.set_result(given)).begin()
    return await answered


waiting: "SimpleQueue[Request]" = SimpleQueue()
to_ask: "SimpleQueue[Request]" = SimpleQueue()
lane: Lane[Verdict | None] = Lane(settings.MAIL_ANSWER_WITHIN)


class MailServer(Conversation):
    """A connection of one, which asks."""

    def ask(self, message: Message) -> None:
        headers = message.headers
        token = headers.get("authorization", "")
        found = wire.read(message.method, message.path, token, lambda: _titled(headers), message.body)
        if isinstance(found, Answer):
            self.answer(message, found)
        else:
            Request(found, message.came_at, partial(self.answer, message)).begin()


def _titled(headers: dict[str, str]) -> dict[str, str]:
    return {wire.title(name): value for name, value in headers.items()}


def _decide_each() -> None:
    while True:
        waiting.get().decide(Asker.MAIL_LOGIN_KNOWN)


def _ask_for_each() -> None:
    while True:
        to_ask.get().decide()


sys.setswitchinterval(SWITCHES)
sealer.begin()
Thread(target=_decide_each, name="decisions", daemon=True).start()
for _ in range(ASKERS if settings.LDAP_URLS else 0):
    Thread(target=_ask_for_each, name="directory", daemon=True).start()
