"""Whose answer it is that PostgreSQL gives, and what becomes of those in line when it gives none."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from psycopg.errors import UndefinedFunction

from accounts.lib.prepared import Asking, Statement
from apppasswords.maillogin.asking import lane as asked
from tests.kit.lanes import LONG, NAP, SHORT, Asker, run

pytestmark = pytest.mark.usefixtures("on_postgresql")

TWICE = Statement("mailkey_twice", "SELECT %s * 2")
NONE = Statement("mailkey_none", "SELECT %s WHERE false")
ZERO = Statement("mailkey_zero", "SELECT 1 / %s")
SHOW = Statement("mailkey_show", "SELECT current_setting(%s)")
LISTEN = Statement("mailkey_listen", "LISTEN mailkey_lane")
UNKNOWN = Statement("mailkey_unknown", "SELECT mailkey_unknown(%s)")


def ask(*steps: tuple[Statement, list[Any]]) -> Asking[object]:
    """The first row of the last step."""
    row = yield steps
    return row and row[0]


def then(first: tuple[Statement, list[Any]], second: tuple[Statement, list[Any]]) -> Asking[object]:
    one = yield (first,)
    two = yield (second,)
    return (one and one[0], two and two[0])


def or_else(statement: Statement, name: int) -> Asking[object]:
    try:
        row = yield ((statement, [name]),)
    except UndefinedFunction:
        row = yield ((NAP, [name, 0]),)
    return row and int(row[0])


def execute(sql: str) -> Any:
    """The first row, if there is one; by a connection of its own."""
    own = connections.create_connection("default")
    try:
        with own.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone() if cursor.description else None
    finally:
        own.close()


@pytest.fixture
def unknown(on_postgresql: None) -> Iterator[Callable[[], None]]:
    """Makes what is not there yet; nor is it there where a run before was ended in the middle."""
    drop = "DROP FUNCTION IF EXISTS mailkey_unknown(bigint)"
    execute(drop)
    yield lambda: execute("CREATE FUNCTION mailkey_unknown(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT $1'")
    execute(drop)


# --- Whose it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("here", [SHORT, LONG])
def test_each_is_told_what_it_asked(here: float) -> None:
    async def talk(asker: Asker) -> None:
        asker.ask(1, milliseconds=50)
        asker.ask_by(then((TWICE, [1]), (TWICE, [2])))
        asker.ask_by(ask((NONE, [3])))
        asker.ask_by(ask((TWICE, [4]), (TWICE, [5])))
        asker.ask_by(then((TWICE, [6]), (NONE, [7])))
        asker.ask_by(then((NAP, [8, 50]), (TWICE, [9])))
        await asker.until_told(6)
        assert asker.told == [1, (2, 4), None, 10, (12, None), (8, 18)]
        assert (asker.failed, asker.refused) == ([], [])

    run(talk, here)


def test_who_comes_later_waits_behind_who_came_before() -> None:
    async def talk(asker: Asker) -> None:
        asker.ask(1, milliseconds=50, times=2)
        asker.ask(2, milliseconds=1)
        await asker.until_told(1)
        asker.ask(3)
        await asker.until_told(3)
        assert asker.told == [1, 2, 3]

    run(talk, SHORT)


def test_who_asks_for_what_is_not_there_is_told_and_asks_another_way(unknown: Callable[[], None]) -> None:
    """And the next one finds it, once it is there."""

    async def talk(asker: Asker) -> None:
        asker.ask_by(or_else(UNKNOWN, 1))
        asker.ask_by(ask((TWICE, [1])))
        await asker.until_told(2)
        assert asker.told == [1, 2]
        await asyncio.to_thread(unknown)
        asker.ask_by(ask((UNKNOWN, [3])))
        await asker.until_told(3)
        assert asker.told == [1, 2, 3]
        assert (asker.failed, asker.refused) == ([], [])

    run(talk, SHORT)


def test_what_a_database_says_of_itself_is_no_answer() -> None:
    async def talk(asker: Asker) -> None:
        asker.ask_by(ask((LISTEN, [])))
        await asker.until_told(1)
        await asyncio.to_thread(execute, "NOTIFY mailkey_lane")
        await asyncio.sleep(0.05)  # it comes in
        asker.ask(2)
        await asker.until_told(2)
        assert (asker.told, asker.failed, asker.refused) == ([None, 2], [], [])

    run(talk, SHORT)


def test_who_asks_does_not_wait_for_a_disk() -> None:
    async def talk(asker: Asker) -> None:
        asker.ask_by(ask((SHOW, ["synchronous_commit"])))
        await asker.until_told(1)
        assert asker.told == ["off"]

    run(talk, SHORT)


# --- No answer --------------------------------------------------------------------------------------------------------


def test_a_fault_of_who_asks_is_his_alone(caplog: pytest.LogCaptureFixture) -> None:
    def wrong() -> Asking[object]:
        yield ((TWICE, [1]),)
        raise ValueError

    async def talk(asker: Asker) -> None:
        asker.ask_by(wrong(), 1)
        asker.ask(2)
        await asker.until_told(1)
        assert (asker.told, asker.failed, asker.refused) == ([2], [1], [])

    run(talk, SHORT)
    assert "ValueError" in caplog.text


def test_who_is_asked_about_when_the_connection_ends_has_failed_and_those_behind_go_another_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def talk(asker: Asker) -> None:
        asker.ask(1, milliseconds=10_000)
        asker.ask(2)
        asker.ask(3)
        await asyncio.to_thread(execute, f"SELECT pg_terminate_backend({asker.lane._raw.info.backend_pid})")
        await asker.until_failed(1)
        assert (asker.told, asker.failed, asker.refused) == ([], [1], [2, 3])
        await asker.connected()
        asker.ask(4)
        await asker.until_told(1)
        assert (asker.told, asker.failed, asker.refused) == ([4], [1], [])

    run(talk, SHORT)
    assert "does not answer" in caplog.text


def test_so_it_is_where_the_database_says_that_something_is_wrong() -> None:
    async def talk(asker: Asker) -> None:
        asker.ask_by(ask((ZERO, [0])), 1)
        asker.ask(2)
        await asker.until_failed(1)
        assert (asker.told, asker.failed, asker.refused) == ([], [1], [2])
        await asker.connected()
        asker.ask_by(ask((ZERO, [1])))
        await asker.until_told(1)
        assert asker.told == [1]

    run(talk, SHORT)


def test_who_does_not_take_that_something_is_not_there_has_failed() -> None:
    async def talk(asker: Asker) -> None:
        asker.ask_by(ask((UNKNOWN, [1])), 1)
        asker.ask(2)
        await asker.until_failed(1)
        assert (asker.told, asker.failed, asker.refused) == ([], [1], [2])

    run(talk, SHORT)


def test_so_it_is_where_an_answer_does_not_come_in_time() -> None:
    async def talk(asker: Asker) -> None:
        await asyncio.sleep(2 * asked.LOOK_EVERY)  # it has been looked at before
        descriptor, raw = asker.lane._descriptor, asker.lane._raw
        asker.ask(1, milliseconds=10_000)
        asker.ask(2)
        await asker.until_failed(1)
        assert (asker.told, asker.failed, asker.refused) == ([], [1], [2])
        assert raw.closed, "or an answer came to who asks next"
        assert not asyncio.get_running_loop().remove_reader(descriptor)

    run(talk, SHORT, within=0.01)


def test_a_connection_that_ends_between_two_questions_is_noticed() -> None:
    async def talk(asker: Asker) -> None:
        asker.ask_by(ask((NAP, [1, 50])), 1, done=lambda _answer: asker.lane._lose(Exception("ended")))
        asker.ask(2)
        assert not asker.refused
        while not asker.refused:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0)  # when the next one would be asked
        assert (asker.told, asker.failed, asker.refused) == ([], [], [2])

    run(talk, SHORT)


def test_a_connection_by_which_nothing_is_asked_stays() -> None:
    """Nor does it count for how long the question before took."""

    async def talk(asker: Asker) -> None:
        held = asker.lane._connection
        asker.ask(1)
        await asker.until_told(1)
        await asyncio.sleep(4 * asked.LOOK_EVERY)
        assert asker.lane._connection is held
        asker.ask(2)
        await asker.until_told(2)
        assert asker.failed == asker.refused == []

    run(talk, SHORT, within=0.1)


def test_who_has_waited_too_long_is_sent_another_way_and_nothing_is_asked() -> None:
    begun = []

    def beginning() -> Asking[object]:
        begun.append(2)
        row = yield ((TWICE, [2]),)
        return row

    async def talk(asker: Asker) -> None:
        asker.ask(1, milliseconds=50)
        asker.ask_by(beginning(), 2, begins_by=0)
        asker.ask(3)
        await asker.until_told(2)
        assert (asker.told, asker.failed, asker.refused) == ([1, 3], [], [2])
        assert not begun

    run(talk, SHORT)
