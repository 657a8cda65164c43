"""Which version this is. The first heading of CHANGELOG.md says it, and nothing else does."""

import re
import sys
from functools import cache
from pathlib import Path

_HEADING = re.compile(r"^## (?:Unreleased|(\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\))$", re.MULTILINE)
_FILE = Path(__file__).parent.parent / "CHANGELOG.md"


def of(changelog: str) -> str:
    """1.2.0, or 1.2.0+ for what came after it and is no release yet; empty before the first one."""
    headings: list[str] = _HEADING.findall(changelog)
    last = next(filter(None, headings), "")
    return last if headings[0] == last else f"{last}+"


@cache
def read() -> str:
    return of(_FILE.read_text(encoding="utf-8"))


if __name__ == "__main__":  # deploy/release asks
    sys.stdout.write(f"{read()}\n")
