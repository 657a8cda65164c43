"""A server that a test stops and starts again on the same port."""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.kit.servers import free_port
from tests.kit.servers.programs import Program
from tests.kit.waiting import wait_until

ROOT = Path(__file__).parent.parent.parent.parent
DEPLOY = ROOT / "deploy"


class Service:
    def __init__(self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.log = folder / f"{name}.out"
        self.stop_command: Sequence[str] = ()  # for one that leaves our process group
        self._command = command
        self._environment = environment
        self._program: Program | None = None

    def start(self, *ports: int) -> None:
        """Returns when it listens on all ports."""
        self.begin()
        self.wait_for(*ports)

    def begin(self) -> None:
        self._program = Program(self._command, self.log, self._environment, ROOT)

    def wait_for(self, *ports: int) -> None:
        def listens() -> bool:
            assert self._program
            assert self._program.runs(), self.log.read_text()
            return all(map(is_listening, ports))

        wait_until(listens, 120)

    def stop(self) -> None:
        if self._program:
            if self.stop_command:
                subprocess.run(self.stop_command, check=True, capture_output=True)
            self._program.stop()
            self._program = None

    def thaw_or_start(self, *ports: int) -> None:
        """As if nothing had happened."""
        if self._program:
            self._program.thaw()
        else:
            self.start(*ports)

    @property
    def pid(self) -> int:
        assert self._program
        return self._program.pid

    def freeze(self) -> None:
        """It keeps its port and its connections, and answers nothing."""
        assert self._program
        self._program.freeze()

    def thaw(self) -> None:
        assert self._program
        self._program.thaw()


def free_ports(count: int) -> list[int]:
    """Different ones."""
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return list(ports)


def is_listening(port: int) -> bool:
    """Without connecting: a mail server would count it as a client."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[3] == "0A" and int(row[1].partition(":")[2], 16) == port for row in rows)


def left_over(folder: Path) -> list[str]:
    """Command lines of processes that still work in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                if f"{folder}/" in f"{(entry / 'cwd').readlink()}/ {command}":
                    found.append(command)
    return found
