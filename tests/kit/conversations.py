"""The mail login's HTTP with a server that decides nothing, and somebody who talks to it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import uvloop

from apppasswords.maillogin.server import conversation
from apppasswords.maillogin.server.conversation import Conversation, Message
from apppasswords.maillogin.wire import Answer


class Server(Conversation):
    """Says what it was asked. /later waits until it is let go, /fault fails before it answers, /fails after it has."""

    asked: list[Message]
    let_go: asyncio.Event
    looks = 0

    @classmethod
    def _look(cls) -> None:
        cls.looks += 1
        super()._look()

    def ask(self, message: Message) -> None:
        self.asked.append(message)
        if message.path == "/fault":
            raise ValueError
        if message.path == "/later":
            self._task = asyncio.get_running_loop().create_task(self._answer_later(message))
        else:
            self.answer(message, Answer(200, message.path, {"Auth-User": "a@example.edu"}))
        if message.path == "/fails":
            raise ValueError

    async def _answer_later(self, message: Message) -> None:
        await self.let_go.wait()
        self.answer(message, Answer(503, "later"))


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def talk(what: Talk) -> list[Message]:
    """With a server, over a connection; what the server was asked."""
    Server.asked, Server.all = [], set()
    conversation.Conversation._is_looking = False

    async def both() -> None:
        Server.let_go = asyncio.Event()
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            await asyncio.wait_for(what(reader, writer), 30)
        finally:
            writer.close()
            server.close()
            for each in list(Server.all):  # of what failed; looked at again and again, they would hold the loop
                each._transport.abort()
            while Server.all:
                await asyncio.sleep(0.01)

    uvloop.run(both())
    return Server.asked


def told(request: bytes) -> tuple[bytes, list[Message]]:
    """All that is said until the connection ends."""
    said = b""

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal said
        writer.write(request)
        with suppress(ConnectionError):  # who sends on is not read, and may miss the answer
            while part := await reader.read(65536):
                said += part

    asked = talk(ask)
    return said, asked


def get(path: str = "/a", *headers: str, version: str = "1.1", method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: x", *headers, "", ""]).encode("latin-1")


LAST = get("/last", "Connection: close")
