"""An answer that does not come is noticed, whenever its time is over and whatever was asked before."""

import asyncio

import pytest

from apppasswords.maillogin.asking import lane as asked
from apppasswords.maillogin.asking.lane import Lane
from tests.kit.lanes import SHORT, Asker, run

pytestmark = pytest.mark.usefixtures("on_postgresql")

NEVER = 20_000  # milliseconds


def test_it_may_take_longer_than_until_the_first_look() -> None:
    async def talk(asker: Asker) -> None:
        asker.ask(1, NEVER)
        await asyncio.wait_for(asker.until_failed(1), 5)

    run(talk, SHORT, within=2.5 * asked.LOOK_EVERY)


def test_it_is_noticed_again_after_a_while_in_which_nobody_asked() -> None:
    async def talk(asker: Asker) -> None:
        asker.ask(1)
        await asker.until_told(1)
        await asyncio.sleep(3 * asked.LOOK_EVERY)  # nothing is looked at any more
        asker.ask(2, NEVER)
        await asyncio.wait_for(asker.until_failed(2), 5)

    run(talk, SHORT, within=2.5 * asked.LOOK_EVERY)


def test_however_many_ask_it_is_looked_once_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look wakes the loop."""
    looks, look = [], Lane._watch

    def counted(lane: Lane[object], *connection: object) -> None:
        looks.append(1)
        look(lane, *connection)  # type: ignore[arg-type]

    monkeypatch.setattr(Lane, "_watch", counted)

    async def talk(asker: Asker) -> None:
        for name in range(100):
            asker.ask(name)
        asker.ask(100, milliseconds=int(3000 * asked.LOOK_EVERY))
        await asker.until_told(101)

    run(talk, SHORT)
    assert 0 < len(looks) < 20
