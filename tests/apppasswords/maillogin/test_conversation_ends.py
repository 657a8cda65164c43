"""How a connection of the mail login's HTTP ends: nobody who is owed an answer is hung up on, and nobody else stays."""

import asyncio
import socket
import time
from contextlib import suppress

import pytest

from apppasswords.maillogin.server import conversation
from tests.kit.conversations import LAST, Server, get, talk


@pytest.mark.parametrize("begun", [b"", b"GET / HT", get("/login", "Content-Length: 5", method="POST") + b"ab"])
def test_who_says_nothing_holds_no_connection(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    for name in ("SENT_WITHIN", "IDLE", "LOOKED_EVERY"):
        monkeypatch.setattr(conversation, name, 0.05)

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        assert not await reader.read()
        assert not Server.all

    assert not talk(ask)


def test_who_waits_for_an_answer_is_not_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SENT_WITHIN", "IDLE", "LOOKED_EVERY"):
        monkeypatch.setattr(conversation, name, 0.01)

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/later"))
        while not Server.asked:
            await asyncio.sleep(0.01)
        overdue = Server.looks + 10
        while Server.looks < overdue:
            await asyncio.sleep(0.01)
        Server.let_go.set()
        assert await reader.readuntil(b"later\n")

    talk(ask)


def test_at_the_end_what_was_asked_is_answered() -> None:
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/later"))
        while not Server.asked:
            await asyncio.sleep(0.01)
        ending = asyncio.ensure_future(Server.end())
        Server.let_go.set()
        assert b"connection: close" in await reader.read()
        await ending
        assert not Server.all

    talk(ask)


def test_at_the_end_who_asks_nothing_is_let_go() -> None:
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/a"))
        await reader.readuntil(b"/a\n")
        await Server.end()
        assert await reader.read() == b""

    talk(ask)


def test_at_the_end_who_has_begun_to_ask_may_finish() -> None:
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = get("/login", "Content-Length: 2", method="POST")
        writer.write(request)
        while not any(each._is_in_body for each in Server.all):
            await asyncio.sleep(0.01)
        ending = asyncio.ensure_future(Server.end())
        await asyncio.sleep(0)  # it has begun
        writer.write(b"ab")
        assert (await reader.read()).endswith(b"/login\n")
        await ending

    assert len(talk(ask)) == 1


def test_the_end_does_not_wait_for_who_never_finishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "ENDS_WITHIN", 0.1)
    monkeypatch.setattr(conversation, "SENT_WITHIN", 1e9)

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HT")
        while not any(each._size for each in Server.all):
            await asyncio.sleep(0.01)
        await Server.end()
        assert await reader.read() == b""

    talk(ask)


def test_who_comes_while_a_process_ends_is_answered_and_let_go() -> None:
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/later"))
        while not Server.asked:
            await asyncio.sleep(0.01)
        address, port = writer.get_extra_info("peername")
        ending = asyncio.ensure_future(Server.end())
        await asyncio.sleep(0)
        late_reader, late_writer = await asyncio.open_connection(address, port)
        late_writer.write(get("/late"))
        assert (await late_reader.read()).endswith(b"/late\n")
        Server.let_go.set()
        await ending
        await reader.read()
        late_writer.close()

    assert [message.path for message in talk(ask)] == ["/later", "/late"]


def test_who_says_no_more_is_answered_what_was_asked() -> None:
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/later") + get("/next"))
        writer.write_eof()
        while not Server.asked:
            await asyncio.sleep(0.01)
        Server.let_go.set()
        said = await reader.read()
        assert said.index(b"later\n") < said.index(b"connection: close") < said.index(b"/next\n")
        while Server.all:
            await asyncio.sleep(0.01)

    talk(ask)


@pytest.mark.parametrize("begun", [b"", b"GET / HT", get("/login", "Content-Length: 5", method="POST") + b"ab"])
def test_who_says_no_more_and_has_asked_nothing_is_let_go(begun: bytes) -> None:
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        writer.write_eof()
        assert await reader.read() == b""
        assert not Server.all

    assert not talk(ask)


def test_who_hangs_up_is_forgotten_with_all_that_came_ahead() -> None:
    async def ask(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/later") + get("/next"))
        while not Server.asked:
            await asyncio.sleep(0.01)
        line = writer.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
        (answers,) = Server.all
        assert isinstance(answers, Server)
        writer.transport.abort()
        while Server.all:
            await asyncio.sleep(0.01)
        Server.let_go.set()
        await answers._task
        await asyncio.sleep(0)  # when what is next would be asked

    assert [message.path for message in talk(ask)] == ["/later"]


def test_who_asks_and_does_not_read_is_hung_up_on() -> None:
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        with suppress(ConnectionError):
            while not writer.transport.is_closing() and len(Server.asked) < 1_000_000:
                writer.write(get("/a" * 100) * 100)
                await writer.drain()
                if Server.asked and not Server.all:
                    break
        writer.transport.abort()
        assert not Server.all

    talk(ask)


def test_one_look_at_all_of_them_however_many_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "LOOKED_EVERY", 0.05)

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(LAST)
        await reader.read()
        for _ in range(30):
            other_reader, other_writer = await asyncio.open_connection(*writer.get_extra_info("peername"))
            other_writer.write(LAST)
            await other_reader.read()
            other_writer.close()
        _reader, stays = await asyncio.open_connection(*writer.get_extra_info("peername"))
        first, began = Server.looks, time.monotonic()
        while Server.looks < first + 5:
            await asyncio.sleep(0.01)
        assert time.monotonic() - began > 3.9 * 0.05, "a busy machine looks later, never more often"
        stays.close()

    talk(ask)
