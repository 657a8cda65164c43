"""`python -m tests.kit.mutants [ROOM ...]`, or `make mutants`: does a test fail if a rule of security is changed?

What survives needs a better test, or a line in survivors.txt that says why nobody could notice it. `--some N` tries so
many of each room, others each time. What is found stands in var/mutants/, line by line as it is found; `--on` goes on
from there.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.mutants import branches, changes
from tests.kit.mutants.rooms import ROOMS, ROOT
from tests.kit.mutants.trials import Fate, Trials

REASONS = Path(__file__).with_name("survivors.txt")
FOUND = ROOT / "var" / "mutants"
WANTED = 0.95  # of all changes, those with a reason among them


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument(
        "rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; all of them, if none is named"
    )
    parser.add_argument("--some", type=int, metavar="N", help="so many of each")
    parser.add_argument("--again", action="store_true", help="only those that nothing noticed the last time")
    parser.add_argument("--on", action="store_true", help="go on where the last time was stopped")
    parser.add_argument("--branches", action="store_true", help="name those that no test takes; nothing is changed")
    parser.add_argument("--of", choices=ROOMS, help=argparse.SUPPRESS)  # one room, in a process of its own
    chosen = parser.parse_args()
    if chosen.of:
        return 0 if _try(chosen.of, chosen.some, again=chosen.again, goes_on=chosen.on) else 1
    names = chosen.rooms or list(ROOMS)
    if chosen.branches:
        return _count_branches(names)
    flags = [f"--{flag}" for flag in ("again", "on") if vars(chosen)[flag]]
    return tried(names, *(["--some", str(chosen.some)] if chosen.some else []), *flags)


def _count_branches(names: list[str]) -> int:
    tests = sorted({file for name in names for file in ROOMS[name].test_files()})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--no-header",
        "-m",
        "not slow",
        "--durations=0",
        "--durations-min=60",
        *tests,
    ]
    if subprocess.run(command, cwd=ROOT, env={**_outside(), "COVERAGE": "1"}, check=False).returncode:
        return 1
    seen = json.loads(branches.SEEN.read_text(encoding="utf-8"))
    found = list(branches.gaps(seen, (file for name in names for file in ROOMS[name].files())))
    print("\n".join(map(str, found)) or "every branch is taken")
    return 1 if found else 0


def tried(rooms: list[str], *words: str) -> int:
    """Each in a process that is told nothing by a test run around it. 0: all is as it is listed."""
    each = [[sys.executable, "-m", "tests.kit.mutants", "--of", name, *words] for name in rooms]
    return max(subprocess.run(command, cwd=ROOT, env=_outside(), check=False).returncode for command in each)


def _outside() -> dict[str, str]:
    """The environment, without what a test run around it says."""
    return {name: value for name, value in os.environ.items() if not re.match("PYTEST_|COVERAGE$", name)}


def reasons() -> dict[str, str]:
    lines = REASONS.read_text(encoding="utf-8").splitlines()
    return dict(line.rsplit(" | ", 1) for line in lines)


def _try(name: str, some: int | None, *, again: bool, goes_on: bool) -> bool:
    room = ROOMS[name]
    mutants = [mutant for file in room.files() for mutant in changes.of(file)]
    before = list(_last(name)) if again or goes_on else []
    if again:
        last = {changed for fate, changed in before if fate is not Fate.NOTICED}
        mutants = [mutant for mutant in mutants if _name(mutant) in last]
    if some:
        mutants = sorted(random.sample(mutants, min(some, len(mutants))))
    known = [(mutant, fate) for mutant, (fate, _changed) in zip(mutants, before, strict=False)] if goes_on else []
    if [_name(mutant) for mutant, _fate in known] != [changed for _fate, changed in before] and goes_on:
        print(f"{name}: its modules are others since; start anew")
        return False
    FOUND.mkdir(parents=True, exist_ok=True)
    with (FOUND / f"{name}.txt").open("a" if goes_on else "w", encoding="utf-8") as found:

        def tell(mutant: changes.Mutant, fate: Fate) -> None:
            print(f"{fate}: {_name(mutant)}  (line {mutant.line})", file=found, flush=True)

        trials = Trials(mutants[len(known) :], tell)
        # The seed chooses the cases of tests that take a share of many: the same each time.
        words = ["--randomly-seed=97", "--randomly-dont-reorganize", "-m", "not slow"]
        pytest.main(["-q", "--no-header", *words, "--durations=0", "--durations-min=60", *room.test_files()], [trials])
    if trials.failed:
        print(f"{name}: a test fails, or fails in a fork, without any change; nothing can be said of changes")
        return False
    return _tell(name, known + trials.fates, is_whole=not (some or again))


def _last(name: str) -> Iterator[tuple[Fate, str]]:
    """What was found the last time."""
    for line in (FOUND / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        fate, _colon, changed = line.partition(": ")
        yield Fate(fate), changed.rpartition("  (")[0]


def _name(mutant: changes.Mutant) -> str:
    return f"{mutant.file.relative_to(ROOT)} {mutant}"


def _tell(name: str, fates: list[tuple[changes.Mutant, Fate]], *, is_whole: bool) -> bool:
    excused = reasons()
    survivors = {_name(mutant): mutant for mutant, fate in fates if fate in (Fate.SURVIVED, Fate.UNTRIED)}
    unexpected = survivors.keys() - excused.keys()
    noticed = excused.keys() & {_name(mutant) for mutant, _fate in fates} - survivors.keys()
    for changed in sorted(unexpected):
        print(f"not noticed: {changed}  (line {survivors[changed].line})")
    for changed in sorted(noticed):
        print(f"listed in {REASONS.name}, and noticed: {changed}")
    count = Counter(fate for _mutant, fate in fates)
    share = (count[Fate.NOTICED] + count[Fate.HUNG]) / max(len(fates), 1)
    known = len(survivors) - len(unexpected)
    print(f"{name}: {share:.1%} of {len(fates)} changes are noticed, {known} survive for a reason; {_told(count)}")
    return not unexpected and not noticed and (share >= WANTED or not is_whole)


def _told(count: Counter[Fate]) -> str:
    return ", ".join(f"{number} {fate}" for fate, number in count.items())


if __name__ == "__main__":
    sys.exit(main())
