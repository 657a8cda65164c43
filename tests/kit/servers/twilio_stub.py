"""Stands in for api.twilio.com. Each request is answered by the next line of a script; after its end, all is well."""

import json
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Event
from urllib.parse import parse_qsl

from tests.kit.servers.http_stub import served


@dataclass(frozen=True)
class Answer:
    status: int = 201
    body: str = json.dumps({"sid": "SM" + "0" * 32, "status": "queued"})
    slow: bool = False  # comes only after `release()`, for whom still waits
    reset: bool = False  # instead of an answer
    missing: int = 0  # bytes of the body that never come


def refusal(status: int, code: int, text: str = "") -> Answer:
    return Answer(status, json.dumps({"status": status, "code": code, "message": text, "more_info": ""}))


def problem(status: int, code: int) -> Answer:
    """The newer shape of a refusal, after RFC 9457."""
    return Answer(status, json.dumps({"type": "about:blank", "title": "No", "status": status, "code": code}))


SENT = Answer()
SLOW = Answer(slow=True)
RESET = Answer(reset=True)
BROKEN = Answer(body='{"sid": "SM00')
CUT = Answer(missing=10)
EMPTY = Answer(body="{}")
SERVER_ERROR = Answer(500, "<h1>Internal Server Error</h1>")
THROTTLED = refusal(429, 20429, "Too Many Requests")
WRONG_TOKEN = refusal(401, 20003, "Authenticate")


@dataclass
class TwilioStub:
    url: str
    script: list[Answer] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)  # the form fields of each
    paths: list[str] = field(default_factory=list)
    answered: int = 0
    _released: Event = field(default_factory=Event)

    def release(self) -> None:
        self._released.set()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
        answer = self.script.pop(0) if self.script else SENT
        self.paths.append(handler.path)
        self.requests.append(dict(parse_qsl(body)))
        if answer.slow:
            self._released.wait(60)
        if answer.reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(handler.connection.detach())
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(answer.body) + answer.missing))
        handler.end_headers()
        handler.wfile.write(answer.body.encode())
        handler.close_connection = handler.close_connection or answer.missing > 0
        self.answered += 1

    def environment(self, **more: str) -> dict[str, str]:
        """What makes a process send through it."""
        return {
            "SMS_GATEWAY": "twilio",
            "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
            "TWILIO_AUTH_TOKEN": "5b2c8d0f4e6a49d7a1c3e5f708192a3b",
            "TWILIO_FROM": "+15005550006",
            "TWILIO_BASE_URL": self.url,
            "TWILIO_READ_TIMEOUT": "60",  # longer than any test holds an answer back
        } | more


@contextmanager
def twilio_stub(port: int = 0) -> Iterator[TwilioStub]:
    with served(TwilioStub, port) as stub:
        try:
            yield stub
        finally:
            stub.release()
