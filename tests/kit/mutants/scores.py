"""The table of docs/security.md: a whole run of a room writes its line."""

import re
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from tests.kit.mutants.rooms import ROOMS, ROOT

PAGE = ROOT / "docs" / "security.md"
HEAD = "| room | changes | noticed | for a reason not | tried on |\n|---|---|---|---|---|\n"


class Score(NamedTuple):
    room: str
    changes: int
    noticed: int
    excused: int
    day: str

    def __str__(self) -> str:
        share = f"{self.noticed / max(self.changes, 1):.1%}".replace("%", " %")
        return f"| {self.room} | {self.changes} | {self.noticed} ({share}) | {self.excused} | {self.day} |\n"


def read(page: Path = PAGE) -> dict[str, Score]:
    return {score.room: score for score in _parted(page)[1]}


def write(score: Score, page: Path = PAGE) -> None:
    """In the order of the rooms."""
    before, _scores, rest = _parted(page)
    scores = read(page) | {score.room: score}
    table = "".join(str(scores[name]) for name in ROOMS if name in scores)
    page.write_text(before + HEAD + table + rest, encoding="utf-8")


def _parted(page: Path) -> tuple[str, list[Score], str]:
    """What stands before the table, its lines, and what follows."""
    before, _head, after = page.read_text(encoding="utf-8").partition(HEAD)
    lines = after.splitlines(keepends=True)
    table = list(takewhile(lambda line: line.startswith("|"), lines))
    cells = [re.findall(r"[^|\s]+", line) for line in table]
    found = [
        Score(name, int(of), int(noticed), int(excused), day) for name, of, noticed, *_share, excused, day in cells
    ]
    return before, found, "".join(lines[len(table) :])
