"""Texts that a spreadsheet program would calculate (CWE-1236), made harmless wherever a file is written for one."""

import re
from typing import Any

# With one of these at its beginning a spreadsheet program takes a text for a formula, the full-width ones in Chinese
# too; blanks before them help nobody.
_FORMULA = re.compile(r"\s*[=+\-@\t\r\n＝＋－＠]")
# An apostrophe before it counts as well: so that what is taken off again is always the one that was put on.
_GUARDED = re.compile(rf"'*{_FORMULA.pattern}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # no XLSX may hold them


def harmless(cell: Any) -> str:
    """A text that begins like a formula gets an apostrophe, as spreadsheet programs write it themselves."""
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", "" if cell is None else str(cell))
    return f"'{text}" if _GUARDED.match(text) else text


def written(text: str) -> str:
    """What `harmless` made of it, undone."""
    return text[1:] if text.startswith("'") and _GUARDED.match(text) else text


def is_calculated(text: str) -> bool:
    """In a file that comes in. A number with its plus, a dash or an @ is what somebody meant to write."""
    return text.startswith(("=", "＝"))
