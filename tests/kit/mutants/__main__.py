"""`python -m tests.kit.mutants [ROOM ...]`, or `make mutants`: does a test fail if a rule of security is changed?

What survives needs a better test, or a line in survivors.txt that says why nobody could notice it. `--some N` tries so
many of each room, others each time. What is found stands in var/mutants/, line by line as it is found; `--on` goes on
from there, `--again` tries only what nothing noticed. Once each change of a room is tried, its line is written into the
table of docs/security.md.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.kit import badges
from tests.kit.mutants import branches, changes, scores
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
    parser.add_argument("--score", action="store_true", help=argparse.SUPPRESS)  # to be written down
    chosen = parser.parse_args()
    if chosen.of:
        right = _try(chosen.of, chosen.some, again=chosen.again, goes_on=chosen.on, scored=chosen.score)
        return 0 if right else 1
    names = chosen.rooms or list(ROOMS)
    if chosen.branches:
        return _count_branches(names)
    flags = [f"--{flag}" for flag in ("again", "on") if vars(chosen)[flag]]
    return tried(names, "--score", *(["--some", str(chosen.some)] if chosen.some else []), *flags)


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


def _try(name: str, some: int | None, *, again: bool, goes_on: bool, scored: bool) -> bool:
    room = ROOMS[name]
    every = [mutant for file in room.files() for mutant in changes.of(file)]
    fates = _last(name, every) if again or goes_on else {}
    if again:
        mutants = [mutant for mutant, fate in fates.items() if fate in (Fate.SURVIVED, Fate.UNTRIED)]
    elif some:
        mutants = sorted(random.sample(every, min(some, len(every))))
    else:
        mutants = [mutant for mutant in every if mutant not in fates]
    if not fates and (again or goes_on):
        print(f"{name}: its modules are others since; start anew")
        return False
    FOUND.mkdir(parents=True, exist_ok=True)
    with (FOUND / f"{name}.txt").open("a" if again or goes_on else "w", encoding="utf-8") as found:

        def tell(mutant: changes.Mutant, fate: Fate) -> None:
            if not again:
                print(_line(mutant, fate), file=found, flush=True)

        trials = Trials(mutants, tell)
        # The seed chooses the cases of tests that take a share of many: the same each time.
        words = ["--randomly-seed=97", "--randomly-dont-reorganize", "-m", "not slow"]
        pytest.main(["-q", "--no-header", *words, "--durations=0", "--durations-min=60", *room.test_files()], [trials])
    if trials.failed:
        print(f"{name}: a test fails, or fails in a fork, without any change; nothing can be said of changes")
        return False
    fates.update(trials.fates)
    if again:
        lines = "".join(f"{_line(mutant, fate)}\n" for mutant, fate in fates.items())
        (FOUND / f"{name}.txt").write_text(lines, encoding="utf-8")
    is_whole = fates.keys() == set(every)
    return _tell(name, list(fates.items()), is_whole=is_whole, scored=scored and is_whole)


def _last(name: str, every: list[changes.Mutant]) -> dict[changes.Mutant, Fate]:
    """What was found the last time; nothing if the modules are others since."""
    by_name = defaultdict(list)
    for mutant in every:
        by_name[_name(mutant)].append(mutant)
    fates = {}
    for line in (FOUND / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        fate, _colon, changed = line.partition(": ")
        if not (same := by_name[changed.rpartition("  (")[0]]):
            return {}
        fates[same.pop(0)] = Fate(fate)
    return fates


def _line(mutant: changes.Mutant, fate: Fate) -> str:
    return f"{fate}: {_name(mutant)}  (line {mutant.line})"


def _name(mutant: changes.Mutant) -> str:
    return f"{mutant.file.relative_to(ROOT)} {mutant}"


def _tell(name: str, fates: list[tuple[changes.Mutant, Fate]], *, is_whole: bool, scored: bool) -> bool:
    excused = reasons()
    survivors = {_name(mutant): mutant for mutant, fate in fates if fate in (Fate.SURVIVED, Fate.UNTRIED)}
    unexpected = survivors.keys() - excused.keys()
    noticed = excused.keys() & {_name(mutant) for mutant, _fate in fates} - survivors.keys()
    for changed in sorted(unexpected):
        print(f"not noticed: {changed}  (line {survivors[changed].line})")
    for changed in sorted(noticed):
        print(f"listed in {REASONS.name}, and noticed: {changed}")
    count = Counter(fate for _mutant, fate in fates)
    right = count[Fate.NOTICED] + count[Fate.HUNG]
    share = right / max(len(fates), 1)
    known = len(survivors) - len(unexpected)
    if scored:
        scores.write(scores.Score(name, len(fates), right, known, f"{datetime.now(UTC):%Y-%m-%d}"))
        badges.draw()
    print(f"{name}: {share:.1%} of {len(fates)} changes are noticed, {known} survive for a reason; {_told(count)}")
    return not unexpected and not noticed and (share >= WANTED or not is_whole)


def _told(count: Counter[Fate]) -> str:
    return ", ".join(f"{number} {fate}" for fate, number in count.items())


if __name__ == "__main__":
    sys.exit(main())
