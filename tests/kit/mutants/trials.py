"""A pytest plugin that tries changes of the product: the tests that enter the changed function run in a fork of this
process until one fails. A fork costs milliseconds; what makes the first test slow (Django, tables) is done once."""

import gc
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from django.db import connections

from tests.kit.mutants.changes import Mutant

SURVIVED, NOTICED, BROKEN = 0, 1, 2  # how a fork ends; broken: nothing was tried
PATIENCE = 10  # times what its tests took, and as many seconds


class Fate(StrEnum):
    NOTICED = "noticed"
    HUNG = "hung"  # which is noticed too, but a slow machine looks alike
    SURVIVED = "survived"
    UNTRIED = "untried"  # no test enters its function


class Trials:
    def __init__(self, mutants: list[Mutant]) -> None:
        self.mutants = mutants
        self.files = {str(mutant.file) for mutant in mutants}
        self.fates: list[tuple[Mutant, Fate]] = []
        self.failed = False  # a test without any change
        self._entered: defaultdict[tuple[str, str], list[pytest.Item]] = defaultdict(list)
        self._took: dict[pytest.Item, float] = {}
        self._in_fork = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._watch(session.items)
        if self.failed or session.config.option.collectonly:
            return True
        with _kept_database() as restore:
            for mutant in self.mutants:
                self.fates.append((mutant, self._try(mutant)))
                restore()
            # Or what is taken for noticed was the fork, or what an earlier one left behind.
            self.failed |= self._fork(self._unchanged(), session.items) is not Fate.SURVIVED
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self._in_fork:
            os._exit(NOTICED)
        self.failed |= report.failed

    def _watch(self, items: list[pytest.Item]) -> None:
        """Which functions each test enters, and what it takes."""
        for item in items:
            seen: set[CodeType] = set()
            started = time.monotonic()
            with _profiled(lambda frame, _event, _arg, seen=seen: seen.add(frame.f_code)):  # type: ignore[misc]
                _run(item)
            self._took[item] = time.monotonic() - started
            for code in seen:
                if code.co_filename in self.files:
                    tests = self._entered[code.co_filename, _outermost(code)]
                    tests[:] = [*tests, item] if item not in tests else tests

    def _try(self, mutant: Mutant) -> Fate:
        items = sorted(self._entered[str(mutant.file), mutant.function], key=self._took.__getitem__)
        return self._fork([mutant], items) if items else Fate.UNTRIED

    def _unchanged(self) -> list[Mutant]:
        source = {file: Path(file).read_text(encoding="utf-8") for file in self.files}
        return [mutant._replace(code=compile(source[str(mutant.file)], mutant.file, "exec")) for mutant in self.mutants]

    def _fork(self, mutants: list[Mutant], items: list[pytest.Item]) -> Fate:
        if (fork := os.fork()) == 0:
            self._in_fork = True
            signal.alarm(int(PATIENCE + PATIENCE * sum(self._took[item] for item in items)))
            self._run_changed(mutants, items)
        _pid, status = os.waitpid(fork, 0)
        if os.WIFSIGNALED(status):
            return Fate.HUNG
        self.failed |= os.WEXITSTATUS(status) == BROKEN
        return Fate.SURVIVED if os.WEXITSTATUS(status) == SURVIVED else Fate.NOTICED

    def _run_changed(self, mutants: list[Mutant], items: list[pytest.Item]) -> None:
        """In the fork, which ends here."""
        ends = BROKEN
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            for mutant in mutants:
                exchange(mutant)
            ends = NOTICED  # if something is raised from here on
            for item in items:
                _run(item)
            ends = SURVIVED
        finally:
            os._exit(ends)


def _run(item: pytest.Item) -> None:
    """What is made once for all tests stays: it is said that something of the session is still to come."""
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=item.session)


def _outermost(code: CodeType) -> str:
    return code.co_qualname.partition(".<locals>")[0]


def exchange(mutant: Mutant) -> None:
    """In every function that was made of it, whoever imported or decorated it."""
    new = next(code for code in _codes(mutant.code) if code.co_qualname == mutant.function)
    for found in gc.get_objects():
        if type(found) is FunctionType and _is_of(found.__code__, mutant):  # isinstance asks lazy objects who they are
            found.__code__ = new


def _is_of(code: CodeType, mutant: Mutant) -> bool:
    return code.co_filename == str(mutant.file) and code.co_qualname == mutant.function


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


@contextmanager
def _profiled(tell: Callable[[FrameType, str, Any], None]) -> Iterator[None]:
    sys.setprofile(tell)
    try:
        yield
    finally:
        sys.setprofile(None)


@contextmanager
def _kept_database() -> Iterator[Callable[[], None]]:
    """As it is now: a fork that was ended in the middle of a test leaves what it wrote."""
    connections.close_all()
    file = Path(connections["default"].settings_dict["NAME"])
    content = file.read_bytes()

    def restore() -> None:
        for rest in ("-wal", "-shm", "-journal"):
            Path(f"{file}{rest}").unlink(missing_ok=True)
        file.write_bytes(content)

    yield restore
