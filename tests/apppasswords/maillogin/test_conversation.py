"""HTTP as mail servers speak it, and as somebody speaks it who means harm."""

import asyncio

import pytest

from apppasswords.maillogin.server import conversation
from apppasswords.maillogin.wire import LARGEST_BODY
from tests.kit.conversations import LAST, Server, get, talk, told


def test_one_answer_is_a_line_and_says_how_long_it_is() -> None:
    said, asked = told(get("/login?a=b", "Connection: close", "X-Name: \xe4"))
    assert said == (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 7\r\nconnection: close\r\n"
        b"auth-user: a@example.edu\r\n\r\n/login\n"
    )
    assert (asked[0].method, asked[0].path, asked[0].headers["x-name"]) == ("GET", "/login", "\xe4")


def test_old_clients_keep_their_connection_only_if_they_ask_for_it() -> None:
    assert told(get(version="1.0"))[0].startswith(b"HTTP/1.0 200 OK\r\n")
    assert told(get("/a", "Connection: close", version="2.0"))[0].startswith(b"HTTP/1.1 200 OK\r\n")
    said, asked = told(get("/a", "Connection: keep-alive", version="1.0") + get("/b", version="1.0"))
    assert len(asked) == said.count(b"200 OK") == 2
    assert said.count(b"connection: keep-alive") == said.count(b"connection: close") == 1


def test_many_questions_ahead_are_answered_in_their_order() -> None:
    many = 3 * conversation.AHEAD
    said, asked = told(b"".join(get(f"/{number}") for number in range(many)) + LAST)
    assert [message.path for message in asked] == [*(f"/{number}" for number in range(many)), "/last"]
    lines = [line for line in said.decode().splitlines() if line.startswith("/")]
    assert lines == [message.path for message in asked]


def test_one_question_is_decided_at_a_time() -> None:
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/later") + get("/next") + LAST)
        while not Server.asked:
            await asyncio.sleep(0.01)
        assert [message.path for message in Server.asked] == ["/later"]
        Server.let_go.set()
        said = await reader.read()
        assert said.index(b"later\n") < said.index(b"/next\n") < said.index(b"/last\n")

    assert len(talk(ask)) == 3


@pytest.mark.parametrize("size", [0, 5, LARGEST_BODY, LARGEST_BODY + 1, 200_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_of_a_body_so_much_is_kept_that_it_shows_as_too_large(size: int, chunked: bool) -> None:
    body = b"x" * size
    if chunked:
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part) + b"0\r\n\r\n"
    header = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    _said, asked = told(get("/login", header, method="POST") + body + LAST)
    assert [message.path for message in asked] == ["/login", "/last"]
    kept = len(asked[0].body)
    assert kept == size if size <= LARGEST_BODY else LARGEST_BODY < kept <= size
    assert asked[1].body == b""


@pytest.mark.parametrize(
    "request_",
    [
        b"EHLO mail.example.edu\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        get("/login", "Content-Length: 5", "Content-Length: 6"),
        get("/login", "Content-Length: 5, 5", method="POST"),
        get("/login", "Content-Length: +5", method="POST"),
        get("/login", "Content-Length: -1", method="POST"),
        get("/login", "Content-Length: 0x5", method="POST"),
        get("/login", "Content-Length: 99999999999999999999999", method="POST"),
        get("/login", "Content-Length : 5", method="POST"),
        get("/login", "Content-Length: 5", "Transfer-Encoding: chunked", method="POST"),
        get("/login", "Transfer-Encoding: chunked", "Content-Length: 5", method="POST"),
        get("/login", "Transfer-Encoding : chunked", method="POST"),
        get("/login", "Transfer-Encoding: chunked, identity", method="POST"),
        get("/login", "Transfer-Encoding: xchunked", method="POST"),
        get("/login", "Transfer-Encoding: chunked", method="POST") + b"zz\r\n",
        get("/login", "Transfer-Encoding: chunked", method="POST") + b"-1\r\n",
        get("/login", "Transfer-Encoding: chunked", method="POST") + b"1\r\nab\r\n0\r\n\r\n",
        get("/login", "Transfer-Encoding: chunked", method="POST") + b"ffffffffffffffffff\r\n",
        get("/login", "Transfer-Encoding: chunked", method="POST") + b"1\nab\n0\n\n",
        get("/login", "Broken\x00: x"),
        get("/login", "X: \x00"),
        get("/log\x00in"),
        get("/login", "X: a\r b"),
        get("/login", "X: a\n\tb"),
        get("/login", "no colon"),
        get("/login", version="1.2"),
        get("/login").replace(b"\r\n", b"\n"),
        get("/login").replace(b"\r\n", b"\r"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_asked_of_nobody(request_: bytes) -> None:
    """Two readings of one request are how a second one is smuggled in. It stands behind it here."""
    said, asked = told(request_ + get("/smuggled"))
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1") == 1
    assert not asked


def test_an_address_with_a_host_is_a_path_that_nothing_has() -> None:
    said, asked = told(get("http://mail.example.edu/login", "Connection: close"))
    assert said.startswith(b"HTTP/1.1 200 ")
    assert [message.path for message in asked] == ["http://mail.example.edu/login"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get("/login", f"X: {'x' * conversation.LARGEST_HEAD}")[:-2], 431),
        (get("/" + "x" * 2 * conversation.LARGEST_HEAD)[:-2], 431),
        (get("/login", "Content-Length: 9999999", method="POST") + bytes(conversation.LARGEST + 100_000), 413),
    ],
)
def test_what_has_no_end_is_read_no_further(request_: bytes, status: int) -> None:
    said, asked = told(request_)
    assert said[:12] in (b"", b"HTTP/1.1 %d" % status)
    assert not asked


def test_after_what_is_not_understood_nothing_is() -> None:
    """What came before is answered."""

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/later") + get("/next") + b"?\r\n\r\n" + get("/smuggled"))
        while not Server.asked:
            await asyncio.sleep(0.01)
        Server.let_go.set()
        said = await reader.read()
        assert [line for line in said.splitlines() if line.startswith(b"HTTP/1.1")] == [
            b"HTTP/1.1 503 Service Unavailable", b"HTTP/1.1 200 OK", b"HTTP/1.1 400 Bad Request",
        ]  # fmt: skip
        assert said.count(b"connection: close") == 1

    assert [message.path for message in talk(ask)] == ["/later", "/next"]


@pytest.mark.parametrize("header", ["Connection: close", "Connection: Upgrade\r\nUpgrade: h2c"])
def test_behind_the_last_request_nothing_is_read(header: str) -> None:
    said, asked = told(get("/a", header) + get("/smuggled"))
    assert said.count(b"HTTP/1.1") == said.count(b"connection: close") == 1
    assert [message.path for message in asked] == ["/a"]


def test_what_stands_behind_a_body_is_no_header() -> None:
    body = b"1\r\na\r\n0\r\nAuthorization: Bearer right\r\n\r\n"
    _said, asked = told(get("/login", "Transfer-Encoding: chunked", method="POST") + body + LAST)
    assert [message.path for message in asked] == ["/login", "/last"]
    assert not any("authorization" in message.headers for message in asked)


def test_a_header_that_comes_twice_is_no_other_one() -> None:
    """Neither hides the other: of two tokens none is right."""
    _said, asked = told(get("/a", "Authorization: Bearer right", "authorization: Bearer wrong", "Connection: close"))
    assert asked[0].headers["authorization"] == "Bearer right, Bearer wrong"


def test_a_head_has_no_body() -> None:
    said, _asked = told(get("/a", "Connection: close", method="HEAD"))
    assert b"content-length: 3\r\n" in said
    assert said.endswith(b"\r\n\r\n")


def test_who_waits_for_it_is_told_to_go_on() -> None:
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        headers = ("Expect: 100-continue", "Content-Length: 2", "Connection: close")
        writer.write(get("/login", *headers, method="POST"))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ab")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")

    assert talk(ask)[0].body == b"ab"


def test_many_questions_of_one_do_not_keep_another_waiting() -> None:
    """Of each connection one is asked in a round of the loop."""

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_connection(*writer.get_extra_info("peername"))
        other_writer.write(get("/first"))
        await other_reader.readuntil(b"/first\n")
        writer.write(get("/many") * 1000 + LAST)
        while not Server.asked[-1].path.startswith("/many"):
            await asyncio.sleep(0)
        other_writer.write(get("/other"))
        await other_reader.readuntil(b"/other\n")
        other_writer.close()
        await reader.read()

    paths = [message.path for message in talk(ask)]
    assert len(paths) == 1003
    assert paths.index("/other") < 500


def test_a_fault_of_ours_is_told(caplog: pytest.LogCaptureFixture) -> None:
    said, asked = told(get("/fault") + LAST)
    assert said.startswith(b"HTTP/1.1 500 ")
    assert b"/last\n" in said
    assert len(asked) == 2
    assert "ValueError" in caplog.text


def test_what_fails_after_its_answer_is_not_answered_twice(caplog: pytest.LogCaptureFixture) -> None:
    """The second one would be taken for the answer to what is asked next."""
    said, asked = told(get("/fails") + LAST)
    assert said.count(b"HTTP/1.1 200 ") == said.count(b"HTTP/1.1 ") == len(asked) == 2
    assert "ValueError" in caplog.text
