"""How long the loop waits for PostgreSQL where it asks: no longer than an answer takes that is soon there."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextvars import Context

import pytest
import uvloop
from django.db import connection
from pytest_django import DjangoDbBlocker

from accounts.lib.prepared import Asking, Statement
from apppasswords.maillogin.asking import lane as asked
from apppasswords.maillogin.asking.lane import Lane, Turn
from tests.kit.databases import database

LONG = 60.0  # seconds
NAP = Statement("mailkey_nap", "SELECT %s FROM pg_sleep(%s::float8 / 1000)")


@pytest.fixture
def _on_postgresql(postgresql: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), database(postgresql):
        connection.settings_dict["OPTIONS"]["prepare_threshold"] = 0
        yield


class Asker:
    """Its answers, in the order in which they came."""

    def __init__(self, here: float) -> None:
        self.lane: Lane[int] = Lane(LONG, here)
        self.told: list[int] = []
        self.refused = 0

    def ask(self, name: int, milliseconds: int = 0, times: int = 1) -> None:
        self.lane.take(Turn(_nap(name, milliseconds, times), LONG * 1e9, self.told.append, self._fail, self._refuse))

    def _fail(self) -> None:
        self.told.append(-1)

    def _refuse(self) -> None:
        self.refused += 1

    async def connected(self) -> None:
        """Who comes before there is a connection is sent another way."""
        while not self.told:
            self.ask(0)
            await asyncio.sleep(0.01)
        self.told.clear()

    async def until_told(self, count: int) -> int:
        """How often the loop came round meanwhile."""
        rounds = 0
        while len(self.told) < count:
            await asyncio.sleep(0.001)
            rounds += 1
        return rounds


def _nap(name: int, milliseconds: int, times: int) -> Asking[int]:
    row = None
    for _ in range(times):
        row = yield ((NAP, [name, milliseconds]),)
    assert row
    return int(row[0])


def run(what: Callable[[Asker], Awaitable[None]], here: float) -> None:
    async def main() -> None:
        asker = Asker(here)
        await asker.connected()
        await what(asker)
        asker.lane._lose(Exception("the end"))

    # Not in the context of this thread: in one in which a browser ran it holds the connection of another test.
    Context().run(lambda: uvloop.run(asyncio.wait_for(main(), LONG)))


@pytest.mark.usefixtures("_on_postgresql")
def test_what_is_soon_there_is_told_at_once() -> None:
    """All that one login asks, before the loop does anything else."""

    async def ask(asker: Asker) -> None:
        asker.ask(1, times=2)
        assert asker.told == [1]
        asker.ask(2)
        assert asker.told == [1, 2]

    run(ask, here=LONG)


@pytest.mark.usefixtures("_on_postgresql")
def test_the_loop_goes_on_while_an_answer_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """And for a while it does not even look: a database that hangs costs each loop one short moment. Who comes
    meanwhile is asked about in turn."""
    monkeypatch.setattr(asked, "NOT_HERE_FOR", LONG)

    async def ask(asker: Asker) -> None:
        asker.ask(1, milliseconds=300)
        asker.ask(2)
        assert not asker.told
        assert await asker.until_told(2) > 10
        assert asker.told == [1, 2]
        asker.ask(3)
        assert asker.told == [1, 2]
        await asker.until_told(3)

    run(ask, here=0.001)


@pytest.mark.usefixtures("_on_postgresql")
def test_after_a_while_it_waits_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "NOT_HERE_FOR", 0.0)

    async def ask(asker: Asker) -> None:
        asker.lane._here = 0.001
        asker.ask(1, milliseconds=100)
        assert not asker.told
        await asker.until_told(1)
        asker.lane._here = LONG
        asker.ask(2)
        assert asker.told == [1, 2]

    run(ask, here=LONG)
