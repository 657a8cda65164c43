"""A program that a test starts, freezes, kills."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.kit.waiting import wait_until


class Program:
    """It runs in a process group of its own, so that its children share its fate. Its output goes to `log`."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd=folder,
                env=None if environment is None else dict(environment),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def runs(self) -> bool:
        return self._process.poll() is None

    def freeze(self) -> None:
        """Returns when it stands still: on a busy machine its threads may go on for a while."""
        os.killpg(self.pid, signal.SIGSTOP)
        wait_until(self._stands_still)

    def _stands_still(self) -> bool:
        states = [
            task.read_text().rpartition(")")[2].split()[0] for task in Path(f"/proc/{self.pid}/task").glob("*/stat")
        ]
        return set(states) <= {"T", "Z"}

    def thaw(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """As the kernel does it when memory runs out: no last words."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> None:
        """Ask first."""
        if self.runs():
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        self.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
