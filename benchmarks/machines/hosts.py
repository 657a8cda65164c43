"""Machines as network namespaces on one bridge: each can lose its power, and its cable. Needs root."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.kit.servers.programs import Program

BRIDGE, HERE, NETWORK = "mailkey0", "10.77.0.1", "10.77.0"
# As systemd does it: Restart=always, RestartSec=2.
KEPT_UP = 'while :; do "$@"; sleep 2; done'


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


class Host:
    """What `has` names is started with it, in that order."""

    def __init__(self, name: str, number: int, folder: Path) -> None:
        self.name, self.address, self.folder = name, f"{NETWORK}.{number}", folder
        self._space = f"mailkey-{name}"
        self._programs: list[tuple[list[str], Mapping[str, str]]] = []
        self._running: list[Program] = []
        run("ip", "netns", "add", self._space)
        run("ip", "link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self._space)
        run("ip", "link", "set", self._cable, "master", BRIDGE, "up")
        for words in (f"addr add {self.address}/24 dev eth0", "link set eth0 up", "link set lo up"):
            run("ip", "-n", self._space, *words.split())

    @property
    def _cable(self) -> str:
        return f"mk-{self.name}"

    def has(self, environment: Mapping[str, str], *command: str, user: str = "") -> None:
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        words = ["ip", "netns", "exec", self._space, *as_user, "bash", "-c", KEPT_UP, self.name, *command]
        self._programs.append((words, environment))

    def do(self, *words: str, user: str = "") -> str:
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        return run("ip", "netns", "exec", self._space, *as_user, *words)

    def begin(self) -> None:
        for words, environment in self._programs:
            self._running.append(Program(words, self.log, environment, self.folder))

    def kill(self) -> None:
        """Everything on it, at once and without a last word."""
        for program in self._running:  # first what would start it again
            program.kill()
        self._running.clear()
        while pids := self._pids():
            self._send(signal.SIGKILL, pids)

    def crash(self) -> None:
        """Its programs, at once; what keeps them up starts them again."""
        keepers = {program.pid for program in self._running}
        self._send(signal.SIGKILL, [pid for pid in self._pids() if pid not in keepers])

    def freeze(self) -> None:
        self._send(signal.SIGSTOP, self._pids())

    def thaw(self) -> None:
        self._send(signal.SIGCONT, self._pids())

    def _pids(self) -> list[int]:
        return [int(pid) for pid in run("ip", "netns", "pids", self._space).split()]

    def _send(self, number: signal.Signals, pids: list[int]) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def cut(self) -> None:
        run("ip", "link", "set", self._cable, "down")

    def join(self) -> None:
        run("ip", "link", "set", self._cable, "up")

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def remove(self) -> None:
        self.kill()
        run("ip", "link", "del", self._cable)  # or it may stay for as long as the kernel remembers a connection
        run("ip", "netns", "del", self._space)


class Network:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.hosts: dict[str, Host] = {}

    def __enter__(self) -> "Network":
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "addr", "add", f"{HERE}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        return self

    def host(self, name: str, number: int) -> Host:
        self.hosts[name] = Host(name, number, self._folder)
        return self.hosts[name]

    def __exit__(self, *_: object) -> None:
        for host in self.hosts.values():
            host.remove()
        run("ip", "link", "del", BRIDGE)
