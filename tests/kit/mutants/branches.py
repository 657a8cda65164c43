"""Branches that no test takes, of what tests/kit/coverage.py has seen."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.kit.mutants.rooms import ROOT

SEEN = ROOT / "var" / "coverage.json"  # all of it


def gaps(seen: dict[str, Any], files: Iterable[Path]) -> Iterator[str]:
    """What is missing of them, file by file."""
    for file in sorted({str(path.relative_to(ROOT)) for path in files}):
        if branches := seen["files"].get(file, {}).get("missing_branches"):
            yield f"{file}: {', '.join(_branch(*branch) for branch in branches)}"


def _branch(line: int, to: int) -> str:
    return f"{line} -> {to or 'end'}"
