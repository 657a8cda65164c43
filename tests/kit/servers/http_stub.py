"""A server in this process that answers by a script, whoever asks: providers of SMS and campus platforms."""

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Answer:
    body: str | bytes = ""
    status: int = 200
    type: str = "application/json"
    location: str = ""
    slow: bool = False  # comes only at the end
    reset: bool = False  # instead of an answer
    missing: int = 0  # bytes of the body that never come


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpStub:
    url: str
    always: Answer = Answer()  # after the end of the script
    script: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    released: Event = field(default_factory=Event)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.asked.append(Asked(handler.command, parts.path, query, dict(handler.headers), body))
        self.connections.add(handler.client_address)
        answer = self.script.pop(0) if self.script else self.always
        if answer.slow:
            self.released.wait(60)
        if answer.reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(handler.connection.detach())
            handler.close_connection = True
            return
        content = answer.body.encode() if isinstance(answer.body, str) else answer.body
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.type)
        handler.send_header("Content-Length", str(len(content) + answer.missing))
        if answer.location:
            handler.send_header("Location", answer.location)
        handler.end_headers()
        handler.wfile.write(content)
        handler.close_connection = handler.close_connection or answer.missing > 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that gave up waiting is part of the play."""


class Stub(Protocol):
    def answer(self, handler: BaseHTTPRequestHandler) -> None: ...


S = TypeVar("S", bound=Stub)


@contextmanager
def served(make: Callable[[str], S], port: int = 0) -> Iterator[S]:
    """A stub, made with its address, that answers whatever comes there. Who holds answers back lets them go first."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            stub.answer(self)

        do_GET = do_POST  # noqa: N815 (the library's names)

        def log_message(self, *_: Any) -> None:
            pass

    with _Server(("127.0.0.1", port), Handler) as server:
        stub = make(f"http://127.0.0.1:{server.server_address[1]}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield stub
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def http_stub() -> Iterator[HttpStub]:
    with served(HttpStub) as stub:
        try:
            yield stub
        finally:
            stub.released.set()
