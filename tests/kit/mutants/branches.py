"""Branches that no test takes, of what tests/kit/coverage.py has seen. What none can take gets a line in untaken.txt,
which says why: by its function and its text, as lines move."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.kit.mutants.rooms import ROOT

SEEN = ROOT / "var" / "coverage.json"  # all of it
REASONS = Path(__file__).with_name("untaken.txt")
END = "end"  # of the function


class Gap(NamedTuple):
    name: str  # as in untaken.txt
    line: int

    def __str__(self) -> str:
        return f"{self.name}  (line {self.line})"


def gaps(seen: dict[str, Any], files: Iterable[Path]) -> Iterator[Gap]:
    """What is missing of them, file by file, but for what has a reason."""
    excused = reasons()
    for path in sorted(set(files)):
        file = str(path.relative_to(ROOT))
        missing = seen["files"].get(file, {}).get("missing_branches", [])
        source = path.read_text(encoding="utf-8")
        found = [Gap(f"{file} {_told(source, *branch)}", branch[0]) for branch in missing]
        yield from (gap for gap in found if gap.name not in excused)


def reasons() -> dict[str, str]:
    return dict(line.rsplit(" | ", 1) for line in REASONS.read_text(encoding="utf-8").splitlines())


def _told(source: str, line: int, to: int) -> str:
    lines = source.splitlines()
    after = lines[to - 1].strip() if to > 0 else END
    return f"{_function(ast.parse(source), line)}: {lines[line - 1].strip()} -> {after}"


def _function(node: ast.AST, line: int) -> str:
    """The qualified name of the innermost one that the line stands in."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if inner.lineno <= line <= (inner.end_lineno or 0):
                return ".".join(filter(None, (inner.name, _function(inner, line))))
        elif found := _function(inner, line):
            return found
    return ""
