"""One module says how a time is written, so that pages, mails and files read alike."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
WRITER = "accounts/lib/clock.py"
# For people. What machines read is ISO 8601, as the log and its lines have it.
IN_CODE = re.compile(r"\b(strftime|date_format|time_format|naturaltime|timesince|timeuntil)\b")
IN_TEMPLATES = re.compile(r"\|(date|time|timesince|timeuntil|naturaltime|naturalday)\b")


def _written(folder: str, ending: str, how: re.Pattern[str]) -> Iterator[str]:
    for file in sorted((ROOT / folder).rglob(f"*.{ending}")):
        if how.search(file.read_text(encoding="utf-8")):
            yield str(file.relative_to(ROOT))


def test_times_are_written_by_one_module() -> None:
    code = [name for folder in ("accounts", "apppasswords", "portal") for name in _written(folder, "py", IN_CODE)]
    templates = [name for ending in ("html", "txt") for name in _written("templates", ending, IN_TEMPLATES)]
    assert (code, templates) == ([WRITER], [])
