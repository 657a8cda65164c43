"""`python -m tests.house.architecture --update`: the drawings in docs/architecture.md.

They are made from the contracts in pyproject.toml and the ways in ways.py. What is drawn is held against the code:
functions exist, callers import what they call, and every call goes down the floors.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.house.contracts import imported
from tests.house.ways import WAYS

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "architecture.md"
LINE = re.compile(r"^( *)(~?)([\w.]+):(\w+) \| (.+)$")


@dataclass(frozen=True)
class Step:
    depth: int
    by_name: bool  # not called, but led to
    module: str
    function: str
    words: str


@cache
def floors() -> list[list[str]]:
    """From top to bottom, as the contracts have them: the site, mail programs, then the rooms of accounts."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rooms = next(one["layers"] for one in contracts if one.get("containers") == ["accounts"])
    return [["portal"], ["apppasswords"], *([f"accounts.{name}" for name in row.split(" | ")] for row in rooms)]


def floor_of(module: str) -> int:
    return next(number for number, rooms in enumerate(floors()) if any(f"{module}.".startswith(f"{r}.") for r in rooms))


def room_of(module: str) -> str:
    return next(room for room in floors()[floor_of(module)] if f"{module}.".startswith(f"{room}."))


def steps(way: str) -> list[Step]:
    found = []
    for line in way.strip().splitlines():
        match = LINE.match(line)
        if match is None:
            raise ValueError(line)
        blanks, by_name, module, function, words = match.groups()
        found.append(Step(len(blanks) // 2, bool(by_name), module, function, words))
    return found


def file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def defines(module: str, name: str) -> bool:
    file = file_of(module)
    body = ast.parse(file.read_text()).body if file.exists() else []
    return any(getattr(node, "name", None) == name for node in body)


def knows(caller: str, callee: Step) -> bool:
    """Whether a module imports the other, or what it calls there."""
    names = {name for _line, name in imported(file_of(caller))}
    return caller == callee.module or bool({callee.module, f"{callee.module}.{callee.function}"} & names)


def complaints(ways: dict[str, str] = WAYS) -> Iterator[str]:
    for name, way in ways.items():
        above: list[Step] = []
        for step in steps(way):
            above = [*above[: step.depth]]
            if not defines(step.module, step.function):
                yield f"{name}: there is no {step.module}:{step.function}"
                continue
            if above and not step.by_name and not knows(above[-1].module, step):
                yield f"{name}: {above[-1].module} does not import {step.module}"
            if above and not step.by_name and floor_of(step.module) < floor_of(above[-1].module):
                yield f"{name}: from {above[-1].module} up to {step.module}"
            above.append(step)


def drawn(way: str) -> str:
    """A tree of calls, with the room of each step at the left."""
    rows = steps(way)
    lines = []
    for number, step in enumerate(rows):
        rails = "".join(_rail(rows, number, depth) for depth in range(1, step.depth + 1))
        arrow = ("" if not step.depth else "╌▷ " if step.by_name else "─▶ ") + f"{_short(step)}"
        lines.append((room_of(step.module).removeprefix("accounts."), f"{rails}{arrow}", step.words))
    wide, long = max(len(line[0]) for line in lines), max(len(line[1]) for line in lines)
    return "\n".join(f"{room:<{wide}}  {call:<{long}}  {words}" for room, call, words in lines)


def _short(step: Step) -> str:
    room = room_of(step.module)
    inside = step.module.removeprefix(f"{room}.") if step.module != room else room
    return f"{inside}.{step.function}"


def _rail(rows: list[Step], number: int, depth: int) -> str:
    here = rows[number].depth == depth
    goes_on = False
    for later in rows[number + 1 :]:
        if later.depth <= depth:
            goes_on = later.depth == depth
            break
    if here:
        return "├" if goes_on else "└"
    return "│  " if goes_on else "   "


def house() -> str:
    rows = [
        ("portal", "how the site is put together; the IT office, operations, development"),
        ("apppasswords", "what mail programs use; the mail login service; setting programs up"),
    ]
    for number, rooms in enumerate(floors()[2:]):
        names = " | ".join(room.removeprefix("accounts.") for room in rooms)
        rows.append(("accounts" if number == 0 else "", names))
    return "\n".join(f"{package:<14}{what}" for package, what in rows)


def page(text: str) -> str:
    """With every drawing as it is now."""
    drawings = {"The house": house()} | {name: drawn(way) for name, way in WAYS.items()}
    for name, drawing in drawings.items():
        block = rf"(<!-- drawn: {re.escape(name)} -->\n```\n).*?(\n```\n<!-- end -->)"
        text, count = re.subn(block, lambda found: f"{found[1]}{drawing}{found[2]}", text, flags=re.DOTALL)  # noqa: B023
        if count != 1:
            raise ValueError(f"docs/architecture.md has no place for the drawing of: {name}")
    return text


if __name__ == "__main__":
    if "--update" in sys.argv[1:]:
        PAGE.write_text(page(PAGE.read_text()))
    wrong = [*complaints(), *([] if page(PAGE.read_text()) == PAGE.read_text() else ["docs/architecture.md is old"])]
    sys.exit("\n".join(wrong) or 0)
