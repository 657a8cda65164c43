"""A pytest plugin that tries changes of the product: the tests that come by the changed line run in a fork of this
process until one fails. A fork costs milliseconds; what makes the first test slow (Django, tables) is done once."""

import builtins
import gc
import mmap
import os
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import _lru_cache_wrapper
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from accounts.lib.compiled import Change, Query
from tests.kit.mutants import changes
from tests.kit.mutants.changes import Mutant
from tests.kit.mutants.rooms import ROOT

SURVIVED, NOTICED, BROKEN = 0, 1, 2  # how a fork ends; broken: nothing was tried
PATIENCE = 10  # times what a test took, and as many seconds, of the clock
WORK = 4  # the same of the processor's: what runs in a circle is no slow machine
PRODUCT = ("accounts", "apppasswords", "portal")


class Fate(StrEnum):
    NOTICED = "noticed"
    HUNG = "hung"  # which is noticed too
    SURVIVED = "survived"
    UNTRIED = "untried"  # no test comes by


Functions = dict[tuple[str, str], list[FunctionType]]  # by file and qualified name


class Trials:
    def __init__(self, mutants: list[Mutant], told: Callable[[Mutant, Fate], None]) -> None:
        self.mutants = mutants
        self.files = {str(mutant.file) for mutant in mutants}
        self.fates: list[tuple[Mutant, Fate]] = []
        self.failed = False  # a test without any change
        self._told = told
        self._came_by: defaultdict[tuple[str, int], set[pytest.Item]] = defaultdict(set)
        self._took: dict[pytest.Item, float] = {}  # of the clock
        self._work: dict[pytest.Item, float] = {}  # of the processor
        self._noticed: list[pytest.Item] = []  # what noticed the last change of the same function, first
        self._times = Counter[pytest.Item]()  # that each noticed one
        self._in_fork = False
        self._at = mmap.mmap(-1, 4)  # the number of the test that a fork is at

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        gc.unfreeze()  # or what tests/kit/garbage.py has put aside is not found
        _load(self.files)
        self._functions = functions(self.files)
        self._watch(session.items)
        if self.failed or session.config.option.collectonly:
            return True
        gc.collect()
        gc.freeze()  # a fork that looks for rubbish would copy all of it
        with _kept_database() as restore:
            function = ""
            for mutant in self.mutants:
                if function != (function := f"{mutant.file} {mutant.function}"):
                    self._noticed = []
                fate = self._try(mutant)
                self.fates.append((mutant, fate))
                self._told(mutant, fate)
                restore()
            # Or what is taken for noticed was the fork, or what an earlier one left behind.
            if self._fork(None, session.items) is not Fate.SURVIVED:
                self.failed = True
                print(f"\nfails in a fork: {session.items[int.from_bytes(self._at[:4])].nodeid}")
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        """Nobody reads what a fork would say: to gather it takes longer than most tests."""
        if self._in_fork and call.excinfo and not call.excinfo.errisinstance(pytest.skip.Exception):
            os._exit(NOTICED)

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_set_timer(self) -> bool | None:
        """A process has one alarm, and that of a test that hangs would ring after ten minutes."""
        return self._in_fork or None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed

    def _watch(self, items: list[pytest.Item]) -> None:
        """By which lines each test comes, and what it takes."""
        with self._marked() as lines:
            for item in items:
                _forget(self.files)  # what an earlier test had reckoned
                lines.clear()
                started, work = time.monotonic(), time.process_time()
                _run(item)
                self._took[item] = time.monotonic() - started
                self._work[item] = time.process_time() - work
                for line in lines:
                    self._came_by[line].add(item)

    @contextmanager
    def _marked(self) -> Iterator[set[tuple[str, int]]]:
        """Where somebody comes by is written down: by marks in the functions, as a tracer makes all else slow too."""
        lines: set[tuple[str, int]] = set()
        vars(builtins)[changes.MARK] = lambda file, line: lines.add((file, line))
        each = self._unchanged()
        for mutant in each:
            exchange(mutant, self._functions, changes.marked(mutant))
        yield lines
        for mutant in each:
            exchange(mutant, self._functions)

    def _try(self, mutant: Mutant) -> Fate:
        lines = range(mutant.line, mutant.last_line + 1)
        items = {item for line in lines for item in self._came_by[str(mutant.file), line]}
        if not items:
            return Fate.UNTRIED
        known = [item for item in self._noticed if item in items]
        return self._fork(mutant, known + sorted(items - set(known), key=self._costs))

    def _costs(self, item: pytest.Item) -> float:
        """What it takes, the less the more often it was worth it."""
        return self._work[item] / (1 + self._times[item])

    def _fork(self, mutant: Mutant | None, items: list[pytest.Item]) -> Fate:
        """None: what is there is exchanged for the same."""
        if (fork := os.fork()) == 0:
            self._in_fork = True
            self._run_changed([mutant] if mutant else self._unchanged(), items)
        _pid, status = os.waitpid(fork, 0)
        at = items[int.from_bytes(self._at[:4])]
        if os.WIFSIGNALED(status):
            return Fate.HUNG
        self.failed |= os.WEXITSTATUS(status) == BROKEN
        if os.WEXITSTATUS(status) == SURVIVED:
            return Fate.SURVIVED
        self._noticed = [at, *(item for item in self._noticed if item is not at)]
        self._times[at] += 1
        return Fate.NOTICED

    def _unchanged(self) -> list[Mutant]:
        """One of each function."""
        each = {(mutant.file, mutant.function): mutant for mutant in self.mutants}
        return [mutant._replace(n=changes.UNCHANGED) for mutant in each.values()]

    def _run_changed(self, mutants: list[Mutant], items: list[pytest.Item]) -> None:
        """In the fork, which ends here."""
        ends = BROKEN
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            self._at[:4] = bytes(4)
            for mutant in mutants:
                exchange(mutant, self._functions)
            _forget(self.files)
            ends = NOTICED  # if something is raised from here on
            for n, item in enumerate(items):
                self._at[:4] = n.to_bytes(4)
                signal.alarm(int(PATIENCE + PATIENCE * self._took[item]))
                signal.setitimer(signal.ITIMER_PROF, WORK + WORK * self._work[item])
                _run(item)
            ends = SURVIVED
        finally:
            os._exit(ends)


def _run(item: pytest.Item) -> None:
    """What is made once for all tests stays: it is said that something of the session is still to come."""
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=item.session)


def _load(files: set[str]) -> None:
    """Of the product, what only the first request would load."""
    for file in map(Path, files):
        if file.is_relative_to(ROOT) and (parts := file.relative_to(ROOT).with_suffix("").parts)[0] in PRODUCT:
            import_module(".".join(parts))


def functions(files: set[str]) -> Functions:
    """Every function that was made of these files, whoever imported or decorated it."""
    found: Functions = defaultdict(list)
    for one in gc.get_objects():
        # isinstance asks lazy objects who they are
        if type(one) is FunctionType and one.__code__.co_filename in files:
            found[one.__code__.co_filename, one.__code__.co_qualname].append(one)
    return found


def exchange(mutant: Mutant, functions: Functions, module: CodeType | None = None) -> None:
    """It, and what it made when a module was loaded: a decorator's inner function is there already."""
    outer = next(code for code in _codes(module or changes.code(mutant)) if code.co_qualname == mutant.function)
    for code in (outer, *_codes(outer)):
        for function in functions[str(mutant.file), code.co_qualname]:
            if _is_it(function.__code__, code):
                function.__code__ = code


def _is_it(known: CodeType, code: CodeType) -> bool:
    """And not another one of that name. Those without a name are known by their line."""
    is_of_the_line = "<lambda>" not in code.co_qualname or known.co_firstlineno == code.co_firstlineno
    return is_of_the_line and len(known.co_freevars) == len(code.co_freevars)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _forget(files: set[str]) -> None:
    """What functions of these files, or others of the product, keep of earlier answers, and SQL that was made once."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in PRODUCT or getattr(module, "__file__", None) in files:
            for kept in list(vars(module).values()):
                if type(kept) is _lru_cache_wrapper:
                    kept.cache_clear()
                for made in _made(kept):
                    made._compiled.clear()


def _made(kept: object, depth: int = 3) -> Iterator[Query[Any] | Change]:
    """What is asked in SQL that was made once: by itself, several of them, or what is put together of some."""
    if isinstance(kept, Query | Change):
        yield kept
    elif depth and isinstance(kept, dict | list | tuple):
        for one in kept.values() if isinstance(kept, dict) else kept:
            yield from _made(one, depth - 1)
    elif depth and type(kept).__module__.partition(".")[0] in PRODUCT and hasattr(kept, "__dict__"):
        yield from _made(vars(kept), depth - 1)


@contextmanager
def _kept_database() -> Iterator[Callable[[], None]]:
    """As it is now: a fork that was ended in the middle of a test leaves what it wrote."""
    file = Path(connections["default"].settings_dict["NAME"]) if settings.configured else None
    if file is None or not file.exists():  # no test asks for one
        yield lambda: None
        return
    connections.close_all()
    content = file.read_bytes()

    def restore() -> None:
        for rest in ("-wal", "-shm", "-journal"):
            Path(f"{file}{rest}").unlink(missing_ok=True)
        file.write_bytes(content)

    yield restore
