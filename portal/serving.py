"""How servers are started: `python -m portal.serving wsgi|protocol APPLICATION HOST:PORT [WORKERS [LOG LEVEL]]`.

`wsgi` is served by granian; a `protocol` of asyncio by itself, in processes that granian watches.

Neither a restart nor a reload refuses anybody (docs/decisions/0085-restarts-refuse-nobody.md). The socket is systemd's,
where it hands one over: who comes during a restart waits in it. At SIGHUP each worker goes on until another one in its
place has loaded what lies there now; if that does not load, the old one stays.
"""

import asyncio
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from granian._granian import SocketHolder
from granian.constants import Interfaces, Loops
from granian.log import LogLevels, logger
from granian.server.mp import MPServer, WorkerProcess

from accounts.lib import garbage
from portal.reloading import BROKEN, DONE, line_of

WORKERS = 2
BACKLOG = 1024  # connections that wait; the kernel's own limit may be lower
KILLED_AFTER = 10  # seconds, of what does not end when it is asked to
LOADED_WITHIN = 120  # seconds
LOOKED_EVERY = 0.2  # seconds
LOADED = b"loaded"
REST = signal.SIGUSR1
RESTS = 0.3  # seconds
FIRST_HANDED_OVER = 3  # sd_listen_fds(3)


class Server(MPServer):
    def _init_shared_socket(self) -> None:
        """One for all workers: what waits in it is lost with none of them."""
        self._sso = _socket((self.bind_addr, self.bind_port))
        self._sfd: Any = self._sso.fileno()
        self._shd = SocketHolder(self._sfd, False, self.backlog)  # type: ignore[assignment, call-arg]

    def _spawn_worker(self, idx: Any, target: Any, callback_loader: Any, *_: Any) -> WorkerProcess:
        reading, writing = multiprocessing.Pipe(duplex=False)
        worker = super()._spawn_worker(idx, target, partial(_load, callback_loader, writing, self._sfd))
        worker.says_loaded, worker.is_loaded = reading, False  # type: ignore[attr-defined]
        return worker

    def _spawn_workers(self, spawn_target: Any, target_loader: Any) -> None:
        """Where none loads at first, none would at once after that."""
        super()._spawn_workers(spawn_target, target_loader)
        self._tell_if_all_serve()
        self.respawn_failed_workers = any(worker.is_loaded for worker in self.wrks)  # type: ignore[attr-defined]

    def _respawn_workers(self, workers: Any, spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        self._tell_if_all_serve()

    def _tell_if_all_serve(self) -> None:
        loaded = [self._loads(worker) for worker in self.wrks]
        if all(loaded):
            _tell_systemd("READY=1")

    def _converse(self, _worker: int, protocol: Any, _socket: Any, _ipc: Any, loop: Any, *_: Any) -> None:
        """In a worker, in the place of granian's own server."""
        with socket.socket(fileno=os.dup(self._sfd)) as taken_from:
            loop.run_until_complete(_talk(protocol, taken_from))

    def _reload(self, spawn_target: Any, target_loader: Any) -> None:
        self.reload_signal = False
        self.main_loop_interrupt.clear()
        for place in range(self.workers):
            worker = self._spawn_worker(place, spawn_target, target_loader)
            worker.interrupt_by_parent = True  # nobody misses it yet, if it ends
            worker.start()
            if not self._loads(worker):
                logger.error("What lies there now does not load: the old workers go on")
                _end(worker)
                _tell(line_of(os.getpid()), BROKEN)
                break
            worker.interrupt_by_parent = False
            old, self.wrks[place] = self.wrks[place], worker
            _end(old)
        else:
            _tell(line_of(os.getpid()), DONE)
        if self.interrupt_signal or self.interrupt_children:
            self.main_loop_interrupt.set()

    def _stop_workers(self) -> None:
        _let_rest(self.wrks)
        super()._stop_workers()

    def _loads(self, worker: Any) -> bool:
        """Waits until it has or cannot, or this server is to end."""
        last = time.monotonic() + LOADED_WITHIN
        while not worker.is_loaded and worker.is_alive() and not self.interrupt_signal and time.monotonic() < last:
            if wait([worker.says_loaded], LOOKED_EVERY):
                worker.is_loaded = _said(worker.says_loaded)
        return bool(worker.is_loaded)


def _socket(address: tuple[str, int]) -> socket.socket:
    """systemd's; without it one of our own."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        found = socket.socket(fileno=FIRST_HANDED_OVER)
    else:
        found = socket.create_server(address, backlog=BACKLOG)
    found.setblocking(False)
    found.set_inheritable(True)
    return found


async def _talk(protocol: Any, taken_from: socket.socket) -> None:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(protocol, sock=taken_from, backlog=BACKLOG)
    loop.add_signal_handler(REST, server.close)  # the others take what comes
    await ended.wait()
    server.close()
    await protocol.end()


def _load(load: Callable[[], Any], says_loaded: Connection, taken_from: int) -> Any:
    """In the worker. One that has not loaded yet has nothing to finish."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    application = load()
    garbage.leave_what_is_loaded()
    signal.signal(REST, lambda *_: _take_nothing(taken_from))
    says_loaded.send_bytes(LOADED)
    return application


def _take_nothing(descriptor: int) -> None:
    """Another socket, that nobody knows, comes into the place of the one that all workers have."""
    inode = os.fstat(descriptor).st_ino
    with socket.create_server(("127.0.0.1", 0)) as nobodys:
        nobodys.setblocking(False)
        for file in Path("/proc/self/fd").iterdir():
            with suppress(OSError):  # the list itself was one of them
                if os.fstat(int(file.name)).st_ino == inode:
                    os.dup2(nobodys.fileno(), int(file.name))


def _let_rest(workers: Iterable[Any]) -> None:
    """granian closes, when it is to end, what it has accepted and not read from yet; so it first accepts nothing."""
    for worker in workers:
        if worker.is_loaded and worker.is_alive():
            os.kill(worker.inner.pid, REST)
    time.sleep(RESTS)


def _said(says_loaded: Connection) -> bool:
    try:
        return says_loaded.recv_bytes() == LOADED
    except EOFError:  # it ended before
        return False


def _end(worker: WorkerProcess) -> None:
    """When what it answers is answered."""
    _let_rest([worker])
    worker.terminate()
    worker.join(KILLED_AFTER)
    if worker.is_alive():
        worker.kill()
        worker.join()


def _tell(line: str, answer: bytes) -> None:
    """Nobody waits for it after a plain SIGHUP."""
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(answer, line)


def _tell_systemd(state: str) -> None:
    """sd_notify(3)."""
    if path := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.connect(path.replace("@", "\0", 1) if path.startswith("@") else path)
            line.sendall(state.encode())


def serve(interface: str, application: str, listen: str, workers: str = str(WORKERS), says: str = "info") -> None:
    os.environ.setdefault("UV_USE_IO_URING", "0")  # of uvloop: what it saves in calls is lost in waiting
    multiprocessing.set_start_method("fork")  # a worker takes the socket as it is
    host, _, port = listen.rpartition(":")
    converses = interface == "protocol"
    server = Server(
        application, host.strip("[]"), int(port), interface=Interfaces.RSGI if converses else Interfaces(interface),
        workers=int(workers), backlog=BACKLOG, blocking_threads=None if converses else 8,
        workers_kill_timeout=KILLED_AFTER, respawn_failed_workers=True, respawn_interval=0.5,
        log_level=LogLevels(says), websockets=False, loop=Loops.uvloop if converses else Loops.asyncio,
    )  # fmt: skip
    server.serve(WorkerProcess.wrap_target(server._converse) if converses else None)


if __name__ == "__main__":
    serve(*sys.argv[1:])
