"""Start several programs and stop them together: for development, where no service manager does it."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

PR_SET_PDEATHSIG = 1
STOP_WITHIN = 4  # seconds; then it is killed
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(Exception):
    """Somebody wants us to end."""


def is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _die_with_parent() -> None:
    """Linux ends the child when its parent is gone, even by kill -9. Elsewhere nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Processes:
    """Children in groups of their own: a Ctrl-C reaches only us, and we pass on what we want."""

    def __init__(self) -> None:
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        for number in SIGNALS:
            signal.signal(number, self._on_signal)  # set here: a background job of a shell ignores SIGINT

    @staticmethod
    def _on_signal(number: int, frame: FrameType | None) -> None:
        for again in SIGNALS:
            signal.signal(again, signal.SIG_IGN)
        raise Stop

    def start(self, name: str, command: Sequence[str]) -> None:
        self._children[name] = subprocess.Popen(  # noqa: S603 (our own commands)
            command,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 (we have no threads)
        )

    def ended(self) -> str | None:
        """The name of a child that ended by itself."""
        return next((name for name, child in self._children.items() if child.poll() is not None), None)

    def stop(self) -> None:
        for child in self._children.values():
            self._signal(child, signal.SIGTERM)
        for child in self._children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(STOP_WITHIN)
            self._signal_group(child, signal.SIGKILL)  # what is left of it and of its own children
            child.wait()

    @staticmethod
    def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
        if child.poll() is None:
            child.send_signal(number)

    @staticmethod
    def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
