"""How long the loop waits for PostgreSQL where it asks: no longer than an answer takes that is soon there."""

import pytest

from apppasswords.maillogin.asking import lane as asked
from tests.kit.lanes import LONG, Asker, run

pytestmark = pytest.mark.usefixtures("on_postgresql")


def test_what_is_soon_there_is_told_at_once() -> None:
    """All that one login asks, before the loop does anything else."""

    async def ask(asker: Asker) -> None:
        asker.ask(1, times=2)
        assert asker.told == [1]
        asker.ask(2)
        assert asker.told == [1, 2]

    run(ask, here=LONG)


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
        asker.lane._here = LONG
        asker.ask(3)
        assert asker.told == [1, 2]
        await asker.until_told(3)

    run(ask, here=0.001)


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


def test_it_waits_as_long_as_is_said() -> None:
    async def ask(asker: Asker) -> None:
        asker.ask(1, milliseconds=100)
        assert asker.told == [1]

    run(ask, here=0.9)
