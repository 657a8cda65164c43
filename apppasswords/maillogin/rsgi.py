"""The mail login service as it is started: answers in time, and refusals that tell nothing by when they come.

    granian --interface rsgi --host 127.0.0.1 --port 8001 apppasswords.maillogin.rsgi:application

Most logins are decided in this loop, by statements that it does not wait for (quick.py, asking/lane.py). A thread
decides the others, one after the other (service.py); the loop takes requests in meanwhile. So it is known how long each
has waited: whoever would wait too long is told "cannot tell" and never decided. A refusal leaves a fixed time after it
was asked for, whatever it took to find out, and holds no thread until then.

Where a directory has to be asked first, that is left to other threads: while it hangs, nobody else waits for it.
"""

import asyncio
import sys
import time
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from django.conf import settings

from apppasswords.maillogin import service  # it sets Django up

# isort: split
from accounts.lib import deadlines, pace
from accounts.log import sealer
from accounts.users.keeper import Asker, MustAsk
from apppasswords.maillogin import quick, wire
from apppasswords.maillogin.asking.lane import Lane, Turn
from apppasswords.maillogin.decision import CANNOT_TELL, Outcome, Verdict
from apppasswords.maillogin.wire import Answer, Asked

QUEUED = 0.5  # seconds at most in the queue; so there is time left to decide who comes out of it
PATIENCE = 0.95  # seconds in all; then whoever asked is told within a second
DIRECTORY = 0.8  # seconds after it came, until which a directory may answer: what it said is still to be written down
ASKERS = 8  # threads that wait for a directory


class Decided(NamedTuple):
    answer: Answer
    is_refusal: bool


class Request:
    """One request, on its way to whoever decides it and back. Without a login: whether logins can be decided."""

    def __init__(self, asked: Asked | None, came_at: float) -> None:
        self._asked, self._came_at = asked, came_at
        self._loop = asyncio.get_running_loop()
        self._decided: asyncio.Future[Decided] = self._loop.create_future()

    # --- In the loop

    async def answer(self) -> Answer:
        self._wait_for_its_turn()
        late = self._loop.call_later(max(self._came_at + PATIENCE - time.monotonic(), 0), self._give_up)
        decided = self._decided.result() if self._decided.done() else await self._decided
        late.cancel()
        if decided.is_refusal:
            leaves_at = pace.leaves_at(self._came_at, settings.MAIL_REFUSED_AFTER)
            await asyncio.sleep(leaves_at - time.monotonic())
        return decided.answer

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
        if not self._decided.done():  # or it came too late
            self._decided.set_result(decided)

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


waiting: "SimpleQueue[Request]" = SimpleQueue()
to_ask: "SimpleQueue[Request]" = SimpleQueue()
lane: Lane[Verdict | None] = Lane(settings.MAIL_ANSWER_WITHIN)


async def application(scope: Any, protocol: Any) -> None:
    came_at = time.monotonic()
    headers, body = scope.headers, await _body(scope, protocol)
    asked = wire.read(scope.method, scope.path, headers.get("authorization") or "", lambda: _named(headers), body)
    answer = asked if isinstance(asked, Answer) else await Request(asked, came_at).answer()
    text = f"{answer.text}\n".encode("ascii", "replace")
    protocol.response_bytes(answer.status, [("content-type", "text/plain"), *answer.headers.items()], text)


def _named(headers: Any) -> dict[str, str]:
    """Of what is not ASCII there is the name only."""
    return {wire.title(name): headers.get(name) or "" for name in headers.keys()}  # noqa: SIM118


async def _body(scope: Any, protocol: Any) -> bytes:
    """As much of it as shows that it is too large."""
    length = scope.headers.get("content-length") or ""
    if length.isdigit() and len(length) < 6 and int(length) <= wire.LARGEST_BODY:
        whole: bytes = await protocol()
        return whole
    body = b""
    async for part in protocol:
        body += part
        if len(body) > wire.LARGEST_BODY:
            break
    return body


def _decide_each() -> None:
    while True:
        waiting.get().decide(Asker.MAIL_LOGIN_KNOWN)


def _ask_for_each() -> None:
    while True:
        to_ask.get().decide()


sys.setswitchinterval(0.0005)  # seconds; Python's 5 ms each would be felt: the loop comes in several times a login
sealer.begin()
Thread(target=_decide_each, name="decisions", daemon=True).start()
for _ in range(ASKERS if settings.LDAP_URLS else 0):
    Thread(target=_ask_for_each, name="directory", daemon=True).start()
