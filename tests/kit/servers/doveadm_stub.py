"""Stands in for Dovecot's HTTP API: who is connected, out with them, and bad days."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

KEY = "key-of-the-doveadm-stub"
AUTHORIZATION = "X-Dovecot-API a2V5LW9mLXRoZS1kb3ZlYWRtLXN0dWI="


@dataclass
class DoveadmStub:
    url: str
    connected: list[tuple[str, str]] = field(default_factory=list)  # user, address
    commands: list[list[str]] = field(default_factory=list)  # of each request, by name
    kicked: list[list[str]] = field(default_factory=list)  # masks
    scripts: dict[str, str] = field(default_factory=dict)  # Sieve of everybody: name, text; the first one is active
    fault: str = ""  # hangs, resets, another key, html, refuses, knows no sieve
    released: Event = field(default_factory=Event)

    def answer(self, handler: BaseHTTPRequestHandler) -> tuple[int, str] | None:
        asked = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        self.commands.append([command for command, _parameters, _tag in asked])
        if self.fault == "hangs":
            self.released.wait(30)
        if self.fault in ("hangs", "resets"):
            return None
        if self.fault == "another key" or handler.headers["Authorization"] != AUTHORIZATION:
            return 401, ""
        if self.fault == "html":
            return 200, "<h1>It works!</h1>"
        if self.fault == "refuses":
            return 200, json.dumps([["error", {"type": "unAuthorized", "exitCode": 0}, tag] for _c, _p, tag in asked])
        return 200, json.dumps([self._do(*one) for one in asked])

    def _do(self, command: str, parameters: dict[str, Any], tag: str) -> list[Any]:
        if command.startswith("sieve"):
            return self._filters(parameters, tag)
        masks = parameters.get("mask", [])
        met = [(user, ip) for user, ip in self.connected
               if all(fnmatchcase(user if "@" in mask else ip, mask) for mask in masks)]  # fmt: skip
        if command == "who":
            rows = [{"username": user, "connections": "1", "service": "imap", "ips": f"({ip})"} for user, ip in met]
            return ["doveadmResponse", rows[:1], *rows[1:], tag]  # so Dovecot 2.3
        self.kicked.append(masks)
        self.connected = [one for one in self.connected if one not in met]
        if met:
            return ["doveadmResponse", [{"result": met[0][0]}], tag]
        return ["error", {"type": "exitCode", "exitCode": 68}, tag]

    def _filters(self, parameters: dict[str, Any], tag: str) -> list[Any]:
        if self.fault == "knows no sieve":
            return ["error", {"type": "unAuthorized", "exitCode": 0}, tag]
        if "scriptname" in parameters:
            return ["doveadmResponse", [{"sieve script": self.scripts[parameters["scriptname"]]}], tag]
        rows = [{"script": name, "active": "" if number else "ACTIVE"} for number, name in enumerate(self.scripts)]
        return ["doveadmResponse", rows[:1], *rows[1:], tag] if rows else ["doveadmResponse", [], tag]


@contextmanager
def doveadm_stub() -> Iterator[DoveadmStub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            answer = stub.answer(self)
            if answer is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            status, text = answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        stub = DoveadmStub(f"http://127.0.0.1:{server.server_address[1]}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield stub
        finally:
            stub.released.set()
            server.shutdown()
            thread.join()
