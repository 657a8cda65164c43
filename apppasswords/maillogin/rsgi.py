"""The mail login service as it is started: answers in time, and refusals that tell nothing by when they come.

    granian --interface rsgi --host 127.0.0.1 --port 8001 apppasswords.maillogin.rsgi:application

A thread decides one login after the other (apppasswords/maillogin/wsgi.py); this loop takes requests in meanwhile. So
it is known how long each has waited: whoever would wait too long is told "cannot tell" and never decided. A refusal
leaves a fixed time after it was asked for, whatever it took to find out, and holds no thread until then.

Where a directory has to be asked first, that is left to other threads: while it hangs, nobody else waits for it.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from io import BytesIO
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from django.conf import settings

from apppasswords.maillogin import wsgi  # it sets Django up

# isort: split
from accounts.lib import deadlines, pace
from accounts.users.keeper import Asker, MustAsk
from apppasswords.maillogin import wire
from apppasswords.maillogin.decision import CANNOT_TELL, Login, Outcome, Verdict
from apppasswords.maillogin.wire import Answer

QUEUED = 0.5  # seconds at most in the queue; so there is time left to decide who comes out of it
PATIENCE = 0.95  # seconds in all; then whoever asked is told within a second
DIRECTORY = 0.8  # seconds after it came, until which a directory may answer: what it said is still to be written down
ASKERS = 8  # threads that wait for a directory


Decide = Callable[[Login], Verdict]
IsReady = Callable[[], bool]


class Decided(NamedTuple):
    answer: Answer
    is_refusal: bool


class Request:
    """One request, on its way from the loop to the thread and back. `respond` writes the answer to what it is given to
    decide with, whether the database answers among it; it may be called anew."""

    def __init__(self, respond: Callable[[Decide, IsReady], Answer], came_at: float) -> None:
        self._respond, self._came_at = respond, came_at
        self._loop = asyncio.get_running_loop()
        self._decided: asyncio.Future[Decided] = self._loop.create_future()

    # --- In the loop

    async def answer(self) -> Answer:
        waiting.put(self)
        late = self._loop.call_later(max(self._came_at + PATIENCE - time.monotonic(), 0), self._give_up)
        decided = await self._decided
        late.cancel()
        if decided.is_refusal:
            leaves_at = pace.leaves_at(self._came_at, settings.MAIL_REFUSED_AFTER)
            await asyncio.sleep(leaves_at - time.monotonic())
        return decided.answer

    def _give_up(self) -> None:
        if not self._decided.done():
            self._decided.set_result(
                Decided(self._respond(lambda _login: CANNOT_TELL, lambda: False), is_refusal=False)
            )

    def _tell(self, decided: Decided) -> None:
        if not self._decided.done():  # or it came too late
            self._decided.set_result(decided)

    # --- In the thread

    def decide(self, asker: Asker = Asker.MAIL_LOGIN) -> None:
        if time.monotonic() > self._came_at + QUEUED:  # nobody's failure is counted that nobody is told of
            self._loop.call_soon_threadsafe(self._give_up)
            return
        outcomes: list[Outcome] = []

        def decide(login: Login) -> Verdict:
            verdict = wsgi.decide(login, asker)
            outcomes.append(verdict.outcome)
            return verdict

        try:
            with deadlines.until(self._came_at + DIRECTORY):
                answer = self._respond(decide, wsgi.can_decide)
        except MustAsk:
            to_ask.put(self)
            return
        self._loop.call_soon_threadsafe(self._tell, Decided(answer, outcomes == [Outcome.NO]))


waiting: "SimpleQueue[Request]" = SimpleQueue()
to_ask: "SimpleQueue[Request]" = SimpleQueue()


async def application(scope: Any, protocol: Any) -> None:
    came_at = time.monotonic()
    environ = {"PATH_INFO": scope.path, "REQUEST_METHOD": scope.method}
    for name in scope.headers.keys():  # noqa: SIM118 - of what is not ASCII there is the name only
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = scope.headers.get(name) or ""
    environ["CONTENT_LENGTH"] = environ.get("HTTP_CONTENT_LENGTH", "")
    if scope.path == "/health/live":
        answer = wsgi.respond(environ)
    else:
        respond = partial(_respond, environ, await _body(protocol))
        answer = await Request(respond, came_at).answer()
    text = f"{answer.text}\n".encode("ascii", "replace")
    protocol.response_bytes(answer.status, [("content-type", "text/plain"), *answer.headers.items()], text)


def _respond(environ: dict[str, Any], body: bytes, decided: Decide, is_ready: IsReady) -> Answer:
    return wsgi.respond(environ | {"wsgi.input": BytesIO(body)}, decided, is_ready)


async def _body(protocol: Any) -> bytes:
    """As much of it as shows that it is too large."""
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


Thread(target=_decide_each, name="decisions", daemon=True).start()
if settings.LDAP_URLS:
    for _ in range(ASKERS):
        Thread(target=_ask_for_each, name="directory", daemon=True).start()
