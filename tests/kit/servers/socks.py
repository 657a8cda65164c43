"""A program's way into the world: a SOCKS 5 proxy (RFC 1928) that knows a few names and nothing else."""

import socket
import socketserver
import threading
from collections.abc import Mapping
from contextlib import suppress

Place = tuple[str, int]  # host and port, as the program asks for them


class World:
    """Runs in threads of the test. `asked` are the places that the program wanted, in order."""

    def __init__(self, places: Mapping[Place, int]) -> None:
        self.places = dict(places)  # to ports of this machine
        self.asked: list[Place] = []
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.world = self
        self.port = int(self._server.server_address[1])

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    world: World


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        with suppress(ConnectionError, ValueError):  # the program changed its mind
            self._connect(self._place())

    def _place(self) -> Place:
        _, count = self.rfile.read(2)
        self.rfile.read(count)
        self.wfile.write(b"\x05\x00")  # no authentication
        _, _, _, kind = self.rfile.read(4)
        if kind == 3:  # a name
            (size,) = self.rfile.read(1)
            host = self.rfile.read(size).decode()
        else:
            family, size = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
            host = socket.inet_ntop(family, self.rfile.read(size))
        return host, int.from_bytes(self.rfile.read(2))

    def _connect(self, place: Place) -> None:
        self.server.world.asked.append(place)
        port = self.server.world.places.get(place)
        if port is None:
            self._reply(4)  # host unreachable
            return
        with socket.create_connection(("127.0.0.1", port)) as far:
            self._reply(0)
            back = threading.Thread(target=_pump, args=(far, self.connection), daemon=True)
            back.start()
            _pump(self.connection, far)
            back.join()

    def _reply(self, code: int) -> None:
        self.wfile.write(bytes([5, code, 0, 1, 0, 0, 0, 0, 0, 0]))


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
