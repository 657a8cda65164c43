"""The shares of the processor that systemd gives to the units: control groups with the weights of deploy/systemd."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.mail_login import ROOT

USUAL = 100  # CPUWeight of a service that says nothing
OF_POSTGRESQL = 1000  # docs/operations.md
FIRST = 10_000  # the most there is: who stands for other machines


def _hierarchy() -> tuple[Path, str, float]:
    """Where the kernel has groups for the processor; the file of the weight there, and what a weight is in it."""
    for folder, known_by, file, factor in (
        (Path("/sys/fs/cgroup"), "cgroup.procs", "cpu.weight", 1.0),
        (Path("/sys/fs/cgroup/cpu"), "cpu.shares", "cpu.shares", 10.24),
    ):
        if (folder / known_by).exists():
            return folder, file, factor
    raise SystemExit("The kernel has no control groups for the processor here.")


def weight(unit: str) -> int:
    text = (ROOT / "deploy/systemd" / f"{unit}.service").read_text()
    found = re.search(r"^CPUWeight=(\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else USUAL


class Shares:
    """Who is put into one hands it on to those that it starts."""

    def __init__(self) -> None:
        self._groups: list[Path] = []

    def give(self, name: str, weight: int, processes: list[int]) -> None:
        group = self._made(name, weight)
        for process in processes:
            with suppress(ProcessLookupError):
                (group / "cgroup.procs").write_text(str(process))

    def _made(self, name: str, weight: int) -> Path:
        folder, file, factor = _hierarchy()
        (folder / name).mkdir(exist_ok=True)
        self._groups.append(folder / name)
        (folder / name / file).write_text(str(round(weight * factor)))
        return folder / name

    def end(self) -> None:
        """Those that nobody is left in."""
        for group in self._groups:
            with suppress(OSError):
                group.rmdir()


@contextmanager
def given() -> Iterator[Shares]:
    made = Shares()
    try:
        yield made
    finally:
        made.end()
