"""HTTP/1 as mail servers speak it, on a loop: httptools reads, and an answer is one write.

A framework's tasks, scopes and streams would cost more than the answer (docs/decisions/0118-decided-at-once.md).
"""

import asyncio
import logging
import time
from abc import abstractmethod
from collections import deque
from http import HTTPStatus
from typing import ClassVar, NamedTuple, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from apppasswords.maillogin import wire
from apppasswords.maillogin.wire import Answer

logger = logging.getLogger(__name__)

LARGEST_HEAD = 64 * 1024  # bytes
LARGEST = 1024 * 1024  # bytes of a request, of which wire.LARGEST_BODY are read
SENT_WITHIN = 10.0  # seconds from its first byte, for a request to be whole
IDLE = 300.0  # seconds without a request, after which a connection is closed
LOOKED_EVERY = 2.0  # seconds
ENDS_WITHIN = 1.0  # seconds, for a request that has begun when the process is to end
AHEAD = 32  # requests that came before the answer to an earlier one; more are left to the network

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
STATUS = {status.value: f"{status.value} {status.phrase}\r\ncontent-type: text/plain\r\n" for status in HTTPStatus}


class Message(NamedTuple):
    came_at: float  # when it was whole, of the monotonic clock
    method: str
    path: str
    version: str
    stays: bool  # the connection, after the answer
    headers: dict[str, str]  # names in lower case; bytes as latin-1
    body: bytes


NOT_UNDERSTOOD = Message(0, "", "", "1.1", stays=False, headers={}, body=b"")


class Conversation(asyncio.Protocol):
    """One connection. Its messages are answered one after the other."""

    all: ClassVar[set["Conversation"]] = set()
    _is_looking: ClassVar[bool] = False

    @abstractmethod
    def ask(self, message: Message) -> None:
        """Leads to answer(message, ...), now or later."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._parser = cast(asyncio.Transport, transport), HttpRequestParser(self)
        self._ahead: deque[Message | Answer] = deque()  # an answer: what came was no message, and is the last
        self._is_answering = self._is_paused = self._is_deaf = self._ends = False
        self._overdue_at = time.monotonic() + IDLE
        self._begin()
        self.all.add(self)
        if not Conversation._is_looking:
            Conversation._is_looking = True
            asyncio.get_running_loop().call_later(LOOKED_EVERY, self._look)

    def connection_lost(self, _error: Exception | None) -> None:
        self.all.discard(self)

    @classmethod
    def _look(cls) -> None:
        now = time.monotonic()
        for each in [each for each in cls.all if now > each._overdue_at and not each._is_answering]:
            each._transport.abort()
        Conversation._is_looking = bool(cls.all)
        if cls.all:
            asyncio.get_running_loop().call_later(LOOKED_EVERY, cls._look)

    @classmethod
    async def end(cls) -> None:
        """All of them, when what they have asked is answered. Who comes meanwhile was let in before."""
        last = time.monotonic() + ENDS_WITHIN
        while cls.all:
            is_late = time.monotonic() > last
            for each in list(cls.all):
                each._ends = True
                if not each._is_answering and (is_late or not each._size):
                    each._transport.close()
            await asyncio.sleep(0.02)

    # --- What comes in

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._listen_no_more(Answer(400, "not understood"))
        except HttpParserUpgrade:  # it is answered as if it had not asked to speak something else
            self._listen_no_more()
        if self._size > (LARGEST if self._is_in_body else LARGEST_HEAD):
            self._listen_no_more(Answer(413 if self._is_in_body else 431, "too large"))
        if len(self._ahead) >= AHEAD and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._ask_next()

    def _listen_no_more(self, answer: Answer | None = None) -> None:
        """What follows could be anything. What came before is answered."""
        if answer and not self._is_deaf:
            self._ahead.append(answer)
        self._is_deaf = self._is_paused = True
        self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Who has said all is answered still."""
        self._is_deaf = True
        return self._is_answering or bool(self._ahead)

    def pause_writing(self) -> None:
        """It goes on asking, and does not read what it is told."""
        self._transport.abort()

    def _begin(self) -> None:
        self._size, self._is_in_body = 0, False
        self._url = self._body = b""
        self._headers: dict[str, str] = {}

    # --- What the parser calls

    def on_message_begin(self) -> None:
        self._overdue_at = time.monotonic() + SENT_WITHIN

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """The same one twice is a list (RFC 9110, 5.2). What comes behind a body is none of them (6.5.1)."""
        if self._is_in_body:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        self._is_in_body = True
        awaits = self._headers.get("expect", "").lower() == "100-continue"
        if awaits and not self._is_answering and not self._ahead:
            self._transport.write(CONTINUE)

    def on_body(self, body: bytes) -> None:
        if len(self._body) <= wire.LARGEST_BODY:  # enough to show that it is too large
            self._body += body

    def on_message_complete(self) -> None:
        parser, now = self._parser, time.monotonic()
        path, _, _ = self._url.decode("latin-1").partition("?")
        method, version = parser.get_method().decode("latin-1"), parser.get_http_version()
        version = version if version == "1.0" else "1.1"  # no other one is answered in
        stays, headers, body = parser.should_keep_alive(), self._headers, self._body
        self._ahead.append(Message(now, method, path, version, stays, headers, body))
        self._overdue_at = now + IDLE
        self._begin()

    def _ask_next(self) -> None:
        """One of each connection in a round of the loop, however many have come."""
        if self._is_answering or not self._ahead or self._transport.is_closing():
            return
        message, self._is_answering = self._ahead.popleft(), True
        if self._is_paused and not self._ahead and not self._is_deaf:
            self._is_paused = False
            self._transport.resume_reading()
        if isinstance(message, Answer):
            self.answer(NOT_UNDERSTOOD, message)
            return
        try:
            self.ask(message)
        except Exception:  # or who asked would wait for ever
            logger.exception("A request could not be answered")
            if self._is_answering:
                self.answer(message, Answer(500, "cannot be answered"))

    # --- What goes out

    def answer(self, message: Message, answer: Answer) -> None:
        self._is_answering = False
        if self._transport.is_closing():
            return
        stays = message.stays and not self._ends and (bool(self._ahead) or not self._is_deaf)
        text = f"{answer.text}\n"
        more = "".join([f"{name.lower()}: {value}\r\n" for name, value in answer.headers.items()])
        kept = "" if stays and message.version == "1.1" else f"connection: {'keep-alive' if stays else 'close'}\r\n"
        head = f"HTTP/{message.version} {STATUS[answer.status]}content-length: {len(text)}\r\n{kept}{more}\r\n"
        self._transport.write((head if message.method == "HEAD" else head + text).encode("ascii", "replace"))
        if not stays:
            self._transport.close()
        elif self._ahead:
            asyncio.get_running_loop().call_soon(self._ask_next)
        else:
            self._overdue_at = max(self._overdue_at, time.monotonic() + SENT_WITHIN)
