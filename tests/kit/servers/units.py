"""What systemd does with the units of deploy/systemd, where it is not there to do it: it holds their sockets, starts
their command lines and hands over, stops, reloads. `systemctl` is a program in a folder for PATH that asks for it."""

import json
import os
import re
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.kit.servers.postgres import end_with_parent

HOME = "/srv/mailkey"
HANDS_OVER = 'exec 3<&{}; export LISTEN_PID=$$; exec "$@"'
READY_WITHIN = 60  # seconds
ASKERS = 3
SYSTEMCTL = f"""#!{sys.executable}
import json, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect({{place!r}})
line.sendall(json.dumps(sys.argv[1:]).encode() + b"\\n")
sys.exit(int(line.makefile().readline()))
"""
# Of a machine on which there is only one user.
RUNUSER = '#!/bin/sh\nshift 3\nexec "$@"\n'
ID = "#!/bin/sh\necho 0\n"


class Unit:
    """One service, and its socket if it has one, which outlives it."""

    def __init__(self, file: Path, tree: Path, folder: Path, environment: Mapping[str, str]) -> None:
        self.name = file.stem
        self._file, self._tree, self._environment = file, tree, dict(environment)
        self.log = folder / f"{self.name}.log"
        self.port = 0
        if self._says("Type") == "notify":
            self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
            self.port = int(self._socket.getsockname()[1])
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._systemd.bind(str(folder / f"{self.name}.notify"))
        self._systemd.settimeout(READY_WITHIN)
        self._environment["NOTIFY_SOCKET"] = str(folder / f"{self.name}.notify")
        self.process: subprocess.Popen[bytes] | None = None

    def _says(self, key: str) -> str:
        found = re.search(rf"^{key}=(.+)$", self._file.read_text(), re.MULTILINE)
        return found[1].replace(HOME, str(self._tree)).replace("%%", "%") if found else ""

    def start(self) -> bool:
        command = self._says("ExecStart").split()
        given = []
        if self.port:
            given = [self._socket.fileno()]
            command = ["bash", "-c", HANDS_OVER.format(*given), "bash", *command]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self._tree, env=self._environment, pass_fds=given, stdout=log, stderr=log,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - it takes no lock
            )  # fmt: skip
        try:
            return not self.port or self._systemd.recv(100) == b"READY=1"
        except TimeoutError:
            return False

    def stop(self) -> bool:
        if self.process:
            self.process.terminate()
            self.process.wait(60)
        return True

    def close(self) -> None:
        self.stop()
        self._systemd.close()
        if self.port:
            self._socket.close()

    def restart(self) -> bool:
        return self.stop() and self.start()

    def reload(self) -> bool:
        assert self.process
        command = self._says("ExecReload").replace("$MAINPID", str(self.process.pid)).split()
        with self.log.open("ab") as log:
            done = subprocess.run(command, cwd=self._tree, env=self._environment, check=False, stdout=log, stderr=log)
        return done.returncode == 0

    def is_active(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Units:
    """Those of `names`, as the tree has them now, in `folder`; `bin` is a folder for PATH."""

    def __init__(self, tree: Path, folder: Path, environment: Mapping[str, str], names: tuple[str, ...]) -> None:
        self.folder = folder / "units"
        self.folder.mkdir()
        for name in names:
            file = f"{name}.service"
            (self.folder / file).write_text((tree / "deploy/systemd" / file).read_text())
        self.of = {name: Unit(self.folder / f"{name}.service", tree, folder, environment) for name in names}
        self.bin = folder / "bin"
        self.bin.mkdir()
        place = str(folder / "systemctl")
        programs = {"systemctl": SYSTEMCTL.format(place=place), "runuser": RUNUSER, "id": ID}
        for name, text in programs.items():
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        self._server = socketserver.UnixStreamServer(place, self._handler())
        # One thread for all, as processes end with the thread that has started them.
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _handler(self) -> type[socketserver.StreamRequestHandler]:
        units = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"0\n" if units.do(json.loads(self.rfile.readline())) else b"1\n")

        return Handler

    def do(self, words: list[str]) -> bool:
        """`systemctl` WORDS."""
        what, *names = [word for word in words if not word.startswith("-")]
        units = [self.of.get(name) for name in names]
        return all(unit is not None and getattr(unit, what.replace("-", "_"))() for unit in units)

    def environment(self) -> dict[str, str]:
        """Of who calls `deploy/upgrade`."""
        ports = {"PORT": str(self.of["mailkey-web"].port), "MAIL_PORT": str(self.of["mailkey-mail"].port)}
        return {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", "UNITS": str(self.folder), **ports}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for unit in self.of.values():
            unit.close()


@contextmanager
def started(tree: Path, folder: Path, environment: Mapping[str, str], *names: str) -> Iterator[Units]:
    made = Units(tree, folder, environment, names)
    try:
        for name, unit in made.of.items():
            assert unit.start(), f"{name}: {unit.log.read_text()}"
        yield made
    finally:
        made.close()


@contextmanager
def asked_all_the_time(ask: Callable[[], object], *, every: float = 0) -> Iterator[list[object]]:
    """What is answered meanwhile; whoever is refused fails the test. `every`: seconds that each waits between two."""
    answers: list[object] = []
    over = threading.Event()

    def go_on() -> None:
        while not over.is_set():
            answers.append(ask())
            over.wait(every)

    with ThreadPoolExecutor(ASKERS) as crowd:
        asking = [crowd.submit(go_on) for _ in range(ASKERS)]
        try:
            yield answers
        finally:
            over.set()
        for one in asking:
            one.result()
