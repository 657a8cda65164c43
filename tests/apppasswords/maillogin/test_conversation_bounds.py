"""How much of a conversation is read, and for how long it may last: to the byte, and to the second."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace

import pytest

from apppasswords.maillogin.server import conversation
from apppasswords.maillogin.server.conversation import AHEAD, ENDS_WITHIN, IDLE, LARGEST, LARGEST_HEAD, SENT_WITHIN
from apppasswords.maillogin.wire import LARGEST_BODY
from tests.kit.conversations import Server, get

CHUNKED = get("/login", "Transfer-Encoding: chunked", method="POST")


class Line(asyncio.Transport):
    """To a mail server, as the loop would have it."""

    def __init__(self) -> None:
        super().__init__()
        self.said, self.pauses, self.resumes, self.is_over = b"", 0, 0, False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.said += data

    def pause_reading(self) -> None:
        self.pauses += 1

    def resume_reading(self) -> None:
        self.resumes += 1

    def abort(self) -> None:
        self.is_over = True

    close = abort

    def is_closing(self) -> bool:
        return self.is_over


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Its `at` is the time."""
    now = SimpleNamespace(at=1000.0)
    monkeypatch.setattr(conversation, "time", SimpleNamespace(monotonic=lambda: now.at))
    yield now
    Server.all.clear()


def talk(what: Callable[[Server, Line], Awaitable[None]]) -> None:
    async def both() -> None:
        Server.asked, Server.let_go = [], asyncio.Event()
        Server.all.clear()
        conversation.Conversation._is_looking = False
        server, line = Server(), Line()
        server.connection_made(line)
        await what(server, line)

    asyncio.run(both())


async def turn(times: int = 5) -> None:
    """The loop goes round."""
    for _ in range(times):
        await asyncio.sleep(0)


def chunk(size: int) -> bytes:
    return b"%x\r\n%s\r\n" % (size, b"x" * size)


# --- How much ---------------------------------------------------------------------------------------------------------


def test_a_head_may_be_as_large_as_it_may_be() -> None:
    async def ask(server: Server, line: Line) -> None:
        server.data_received(get("/first"))
        said = line.said
        head = b"GET /a HTTP/1.1\r\nX: "
        server.data_received(head + b"x" * (LARGEST_HEAD - len(head)))
        assert line.said == said
        server.data_received(b"x")
        assert line.said.removeprefix(said).startswith(b"HTTP/1.1 431 ")
        assert (line.is_over, line.pauses) == (True, 1)
        assert len(server.asked) == 1

    talk(ask)


def test_a_request_may_be_as_large_as_it_may_be() -> None:
    async def ask(server: Server, line: Line) -> None:
        head = get("/login", f"Content-Length: {2 * LARGEST}", method="POST")
        server.data_received(head)
        server.data_received(b"x" * (LARGEST - len(head)))
        assert not line.said
        server.data_received(b"x")
        assert line.said.startswith(b"HTTP/1.1 413 ")
        assert not server.asked

    talk(ask)


def test_a_body_is_not_cut_to_what_is_allowed() -> None:
    async def ask(server: Server, line: Line) -> None:
        server.data_received(CHUNKED + chunk(LARGEST_BODY) + chunk(1) + chunk(1) + b"0\r\n\r\n")
        assert len(server.asked[0].body) == LARGEST_BODY + 1, "enough to show that it is too large"

    talk(ask)


def test_so_many_may_wait_and_the_rest_is_left_to_the_network() -> None:
    async def ask(server: Server, line: Line) -> None:
        server.data_received(get("/later"))
        for round_ in (1, 2):
            server.data_received(get("/a") * (AHEAD - 1))
            assert (line.pauses, line.resumes) == (round_ - 1, round_ - 1)
            server.data_received(get("/later"))
            assert (line.pauses, line.resumes) == (round_, round_ - 1)
            server.data_received(get("/later"))  # was on its way
            assert (line.pauses, line.resumes) == (round_, round_ - 1)
            await let_go(server)
            assert server.asked[-1].path == "/later"
            assert (line.pauses, line.resumes) == (round_, round_ - 1), "one is left"
            await let_go(server)
            assert (line.pauses, line.resumes) == (round_, round_)
        assert len(server.asked) == 1 + 2 * (AHEAD + 1)

    talk(ask)


async def let_go(server: Server) -> None:
    """Whoever waits is answered, and those behind, up to the next one that waits."""
    await turn()
    server.let_go.set()
    server.let_go.clear()
    await turn(2 * AHEAD)


def test_behind_what_is_not_understood_nothing_is_read() -> None:
    async def ask(server: Server, line: Line) -> None:
        server.data_received(get("/later") + b"?\r\n\r\n")
        assert line.pauses == 1
        await let_go(server)
        assert (line.pauses, line.resumes, line.is_over) == (1, 0, True)

    talk(ask)


def test_who_says_no_more_is_kept_as_long_as_an_answer_is_owed() -> None:
    async def ask(server: Server, _line: Line) -> None:
        assert server.eof_received() is False
        server, _line = Server(), Line()
        server.connection_made(_line)
        server.data_received(get("/later"))
        assert server.eof_received() is True
        server.data_received(get("/smuggled"))
        await let_go(server)
        assert [message.path for message in server.asked] == ["/later"]

    talk(ask)


# --- For how long -----------------------------------------------------------------------------------------------------


def looked(server: Server) -> None:
    type(server)._look()


def lasts(server: Server, line: Line, now: SimpleNamespace, seconds: float) -> None:
    """So long, and no longer."""
    now.at += seconds
    looked(server)
    assert not line.is_over
    now.at += 0.001
    looked(server)
    assert line.is_over


@pytest.mark.parametrize(
    ("begun", "seconds"), [(b"", IDLE), (b"GET / HT", SENT_WITHIN), (get("/a"), IDLE), (get("/a") * 2, IDLE)]
)
def test_a_connection_that_says_nothing_lasts_so_long(now: SimpleNamespace, begun: bytes, seconds: float) -> None:
    async def ask(server: Server, line: Line) -> None:
        if begun:
            server.data_received(begun)
        await turn()
        lasts(server, line, now, seconds)

    talk(ask)


def test_who_waits_for_an_answer_waits_as_long_as_it_takes(now: SimpleNamespace) -> None:
    """And may go on asking then."""

    async def ask(server: Server, line: Line) -> None:
        server.data_received(get("/later"))
        now.at += 2 * IDLE
        looked(server)
        assert not line.is_over
        await let_go(server)
        lasts(server, line, now, SENT_WITHIN)

    talk(ask)


def test_at_the_end_a_request_that_has_begun_has_so_long_to_come(now: SimpleNamespace) -> None:
    async def ask(server: Server, line: Line) -> None:
        server.data_received(b"GET / HT")
        ending = asyncio.ensure_future(Server.end())
        await turn()
        now.at += ENDS_WITHIN
        await asyncio.sleep(0.1)  # it looks every 20 ms
        assert not line.is_over
        now.at += 0.001
        while not line.is_over:
            await asyncio.sleep(0.01)
        server.connection_lost(None)
        await ending

    talk(ask)
