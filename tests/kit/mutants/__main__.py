"""`python -m tests.kit.mutants [ROOM ...]`, or `make mutants`: does a test fail if a rule of security is changed?

Each room names its modules and the fast tests that hold them. What survives needs a better test, or a line in
survivors.txt that says why nobody could notice it. `--some N` tries so many of each room, others each time.
"""

import argparse
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.kit.mutants import changes
from tests.kit.mutants.trials import Fate, Trials

ROOT = Path(__file__).parents[3]
REASONS = Path(__file__).with_name("survivors.txt")
WANTED = 0.95  # of the changes that somebody could notice


class Room(NamedTuple):
    modules: tuple[str, ...]
    tests: tuple[str, ...]


ROOMS = {
    "codes": Room(
        ("accounts/codes/codes.py", "accounts/codes/guesses.py", "accounts/codes/limits.py", "accounts/codes/abuse.py"),
        (
            "tests/accounts/codes",
            "tests/accounts/phones/test_helpcodes.py",
            "tests/accounts/signin/test_code_states.py",
        ),
    ),
    "signin": Room(
        ("accounts/signin/signin.py", "accounts/signin/entering.py"),
        ("tests/accounts/signin", "tests/accounts/browsers"),
    ),
    "sessions": Room(
        ("accounts/sessions/*.py",), ("tests/accounts/sessions", "tests/accounts/signin", "tests/accounts/security")
    ),
    "factors": Room(("accounts/factors/*.py",), ("tests/accounts/factors",)),
    "phones": Room(("accounts/phones/phones.py", "accounts/phones/helpcodes.py"), ("tests/accounts/phones",)),
    "browsers": Room(("accounts/browsers/browsers.py",), ("tests/accounts/browsers", "tests/house/test_expired.py")),
    "bans": Room(
        ("accounts/bans/*.py",),
        ("tests/accounts/bans", "tests/house/test_expired.py", "tests/portal/office/test_network_pages.py"),
    ),
    "apppasswords": Room(
        ("apppasswords/passwords.py", "apppasswords/secrets.py", "apppasswords/limits.py", "apppasswords/names.py"),
        ("tests/apppasswords/test_*.py", "tests/apppasswords/setup", "tests/accounts/security/test_activity.py"),
    ),
    "maillogin": Room(
        (
            "apppasswords/maillogin/decision.py",
            "apppasswords/maillogin/wire.py",
            "apppasswords/maillogin/ldap/messages.py",
        ),
        ("tests/apppasswords/maillogin", "tests/apppasswords/test_limits.py", "tests/apppasswords/test_checklogin.py"),
    ),
    "openid": Room(("accounts/openid/validator.py",), ("tests/accounts/openid",)),
    "roles": Room(("portal/office/roles.py",), ("tests/portal/office/test_roles.py",)),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument(
        "rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; all of them, if none is named"
    )
    parser.add_argument("--some", type=int, metavar="N", help="so many of each")
    parser.add_argument("--of", choices=ROOMS, help=argparse.SUPPRESS)  # one room, in a process of its own
    chosen = parser.parse_args()
    if chosen.of:
        return 0 if _try(chosen.of, chosen.some) else 1
    return tried(chosen.rooms or list(ROOMS), some=chosen.some)


def tried(rooms: list[str], *, some: int | None = None) -> int:
    """Each in a process that is told nothing by a test run around it. 0: enough is noticed."""
    words = ["--some", str(some)] if some else []
    each = [[sys.executable, "-m", "tests.kit.mutants", "--of", name, *words] for name in rooms]
    outside = {name: value for name, value in os.environ.items() if not re.match("PYTEST_|COVERAGE$", name)}
    return max(subprocess.run(command, cwd=ROOT, env=outside, check=False).returncode for command in each)


def reasons() -> dict[str, str]:
    lines = REASONS.read_text(encoding="utf-8").splitlines()
    return dict(line.split(" | ", 1) for line in lines)


def _try(name: str, some: int | None) -> bool:
    known = reasons()
    room = ROOMS[name]
    files = [path for pattern in room.modules for path in sorted(ROOT.glob(pattern))]
    mutants = [mutant for file in files for mutant in changes.of(file)]
    if some:
        mutants = random.sample(mutants, min(some, len(mutants)))
    trials = Trials([mutant for mutant in mutants if _name(mutant) not in known])
    tests = [str(path.relative_to(ROOT)) for pattern in room.tests for path in sorted(ROOT.glob(pattern))]
    words = ["-q", "--no-header", "--randomly-dont-reorganize", "-m", "not slow", "--durations=0", "--durations-min=60"]
    pytest.main([*words, *tests], plugins=[trials])
    if trials.failed:
        print(f"{name}: a test fails, or fails in a fork, without any change; nothing can be said of changes")
        return False
    return _tell(name, trials)


def _name(mutant: changes.Mutant) -> str:
    return f"{mutant.file.relative_to(ROOT)} {mutant}"


def _tell(name: str, trials: Trials) -> bool:
    count = Counter(fate for _mutant, fate in trials.fates)
    for mutant, fate in trials.fates:
        if fate in (Fate.SURVIVED, Fate.UNTRIED):
            print(f"{fate}: {_name(mutant)}  (line {mutant.line})")
    noticed = count[Fate.NOTICED] + count[Fate.HUNG]
    total = sum(count.values())
    print(f"{name}: {noticed} of {total} changes are noticed, {noticed / total:.1%}; {dict(count)}")
    return noticed >= WANTED * total


if __name__ == "__main__":
    sys.exit(main())
