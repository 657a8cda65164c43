"""The way to a server, which a test cuts, or lets fall silent: whoever connects is heard, and nothing is ever said."""

import socket
import threading
import time
from contextlib import suppress
from typing import Self


class Wire:
    """`port` leads to `target` until `silence()`. Without a target it is silent from the beginning; of each
    connection's answers come `most` bytes, and each part of them `late` seconds late."""

    def __init__(self, target: int | None = None, *, most: int | None = None) -> None:
        self._target, self._most = target, most
        self.late = 0.0
        self.calls = 0
        self._speaks = threading.Event()
        if target is not None:
            self._speaks.set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._sockets = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self) -> None:
        self._speaks.clear()

    def speak(self) -> None:
        self._speaks.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._server.accept()
                self._sockets.append(caller)
                self.calls += 1
                threading.Thread(target=self._connect, args=(caller,), daemon=True).start()

    def _connect(self, caller: socket.socket) -> None:
        self._speaks.wait()
        if self._target is None:
            return
        with suppress(OSError):
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets.append(server)
            threading.Thread(target=self._carry, args=(caller, server), daemon=True).start()
            self._carry(server, caller, self._most)

    def _carry(self, source: socket.socket, target: socket.socket, most: int | None = None) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._speaks.wait()
                time.sleep(self.late)  # nobody waits for anything here: this is how slow the wire is
                target.sendall(data[:most])
                most = None if most is None else max(most - len(data), 0)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._speaks.set()
        for one in self._sockets:
            one.close()
