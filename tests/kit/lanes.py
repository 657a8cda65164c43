"""Somebody who asks PostgreSQL by a lane (apppasswords/maillogin/asking/lane.py), on a loop."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from functools import partial

import uvloop

from accounts.lib.prepared import Asking, Statement
from apppasswords.maillogin.asking.lane import Lane, Turn

LONG = 60.0  # seconds
SHORT = 0.0001  # seconds: nothing is there so soon
NAP = Statement("mailkey_nap", "SELECT %s FROM pg_sleep(%s::float8 / 1000)")


class Asker:
    """What became of each question, in the order in which it did."""

    def __init__(self, here: float, within: float = LONG) -> None:
        self.lane: Lane[object] = Lane(within, here)
        self.told: list[object] = []
        self.failed: list[int] = []
        self.refused: list[int] = []

    def ask(self, name: int, milliseconds: int = 0, times: int = 1) -> None:
        self.ask_by(_nap(name, milliseconds, times), name)

    def ask_by(
        self,
        asking: Asking[object],
        name: int = 0,
        begins_by: float = LONG * 1e9,
        done: Callable[[object], None] | None = None,
    ) -> None:
        failed, refused = partial(self.failed.append, name), partial(self.refused.append, name)
        self.lane.take(Turn(asking, begins_by, done or self.told.append, failed, refused))

    async def connected(self) -> None:
        """Who comes before there is a connection is sent another way."""
        while self.lane._connection is None:
            self.ask(0)
            await asyncio.sleep(0.01)
        self.told.clear()
        self.refused.clear()

    async def until_told(self, count: int) -> int:
        """How often the loop came round meanwhile."""
        rounds = 0
        while len(self.told) < count:
            await asyncio.sleep(0.001)
            rounds += 1
        return rounds

    async def until_failed(self, name: int) -> None:
        while name not in self.failed:
            await asyncio.sleep(0.001)


def _nap(name: int, milliseconds: int, times: int) -> Asking[object]:
    row = None
    for _ in range(times):
        row = yield ((NAP, [name, milliseconds]),)
    assert row
    return int(row[0])


def run(what: Callable[[Asker], Awaitable[None]], here: float, within: float = LONG, *, connects: bool = True) -> None:
    async def main() -> None:
        asker = Asker(here, within)
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))
        try:
            if connects:
                await asker.connected()
            await what(asker)
        finally:
            if asker.lane._connection:
                asker.lane._lose(Exception("the end"))
        assert not faults, "of the loop's own"

    # Not in the context of this thread: in one in which a browser ran it holds the connection of another test.
    Context().run(lambda: uvloop.run(asyncio.wait_for(main(), LONG / 2)))
