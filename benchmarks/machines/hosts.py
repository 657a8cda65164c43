"""Machines as network namespaces on one bridge: each can lose its power, and its cable. Needs root."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.kit.servers.programs import Program

BRIDGE, HERE, NETWORK = "mailkey0", "10.77.0.1", "10.77.0"
NAME_SERVER = f"{NETWORK}.71"
OWN_FILES = Path("/etc/netns")  # in place of those of /etc
FULL, MEGABYTE = "full", 1_000_000
LOGS = "logs"  # a folder
UNITS = Path(__file__).parent.parent.parent / "deploy" / "systemd"
KEPT_UP = 'while :; do "$@"; sleep %s; done'  # as systemd does it


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def rests(unit: str) -> str:
    """Seconds between a death and the next start."""
    return (UNITS / unit).read_text().partition("RestartSec=")[2].split()[0]


class Disk:
    """A small one, where a folder was: it can be full."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder))

    def fill(self) -> None:
        with (self._folder / FULL).open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(MEGABYTE))

    def free(self) -> None:
        (self._folder / FULL).unlink(missing_ok=True)

    def remove(self) -> None:
        run("umount", "--lazy", str(self._folder))


class Host:
    """What `has` names is started with it, in that order."""

    def __init__(self, name: str, number: int, folder: Path) -> None:
        self.name, self.address, self.folder = name, f"{NETWORK}.{number}", folder
        self._space = f"mailkey-{name}"
        self._programs: list[tuple[list[str], Mapping[str, str]]] = []
        self._running: list[Program] = []
        run("ip", "netns", "add", self._space)
        self._files = OWN_FILES / self._space
        self._files.mkdir(parents=True, exist_ok=True)
        (self._files / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
        run("ip", "link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self._space)
        run("ip", "link", "set", self._cable, "master", BRIDGE, "up")
        for words in (f"addr add {self.address}/24 dev eth0", "link set eth0 up", "link set lo up"):
            run("ip", "-n", self._space, *words.split())

    @property
    def _cable(self) -> str:
        return f"mk-{self.name}"

    def has(self, environment: Mapping[str, str], *command: str, user: str = "", unit: str = "again.conf") -> None:
        """`unit`: by which systemd keeps it up."""
        kept_up = ["bash", "-c", KEPT_UP % rests(unit), self.name]
        self._programs.append(([*self._inside(user), *kept_up, *command], environment))

    def has_behind_socket(self, environment: Mapping[str, str], port: int, unit: str, *command: str) -> None:
        """The command ends with the place, as in the unit."""
        place = f"{self.address}:{port}"
        keeper = [sys.executable, str(Path(__file__).parent / "keeper.py"), place, rests(unit)]
        self._programs.append(([*self._inside(), *keeper, *command, place], environment))

    def _inside(self, user: str = "") -> list[str]:
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        return ["ip", "netns", "exec", self._space, *as_user]

    def do(self, *words: str, user: str = "") -> str:
        return run(*self._inside(user), *words)

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
        return self.folder / LOGS / f"{self.name}.log"

    def remove(self) -> None:
        self.kill()
        run("ip", "link", "del", self._cable)  # or it may stay for as long as the kernel remembers a connection
        run("ip", "netns", "del", self._space)
        shutil.rmtree(self._files)


class Network:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.disks: dict[str, Disk] = {}
        self.hosts: dict[str, Host] = {}

    def __enter__(self) -> "Network":
        (self._folder / LOGS).mkdir()
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "addr", "add", f"{HERE}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        return self

    def host(self, name: str, number: int) -> Host:
        self.hosts[name] = Host(name, number, self._folder)
        return self.hosts[name]

    def disk(self, folder: str, megabytes: int) -> None:
        self.disks[folder] = Disk(self._folder / folder, megabytes)

    def __exit__(self, *_: object) -> None:
        for host in self.hosts.values():
            host.remove()
        for disk in self.disks.values():
            disk.remove()
        run("ip", "link", "del", BRIDGE)
