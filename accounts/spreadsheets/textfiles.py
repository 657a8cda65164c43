"""Tables in text files (CSV, and what is like it), read so that one wrong line spoils no other.

Python's csv module reads what is right, and takes a quotation mark that nobody closed for the beginning of a cell of a
thousand lines, with all the people in it. Here a cell of several lines is short, and holds nothing like a row.
"""

import re
from collections.abc import Callable, Iterator

from django.utils.translation import gettext_lazy as _

from accounts.spreadsheets.rows import Cell, Row, literal

DELIMITERS = ",;\t，；|"
LOOKED_AT = 20  # lines, to find out what stands between the cells
TALLEST = 20  # lines of one cell

_LINES = re.compile(r"\r\n|\n|\r")
_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t]*', re.IGNORECASE)
_LITERAL = re.compile(r'="[^"]*"')

UNCLOSED = _("a quotation mark is not closed")
STRAY = _("a quotation mark stands within a cell")
SWALLOWED = _("one cell goes over these lines and holds what looks like another row: a quotation mark is wrong")


class _Wrong(Exception):
    def __init__(self, fault: object) -> None:
        super().__init__(fault)
        self.fault = fault


def read(text: str, is_heading: Callable[[str], bool]) -> Iterator[Row]:
    """Every line is in a row, or empty. `is_heading` tells the words at the top of such tables."""
    lines = _LINES.split(text)
    start, delimiter = 0, ""
    if first := _SEPARATOR.fullmatch(lines[0].strip(" ")):
        start, delimiter = 1, first[1]
    delimiter = delimiter or _delimiter(lines, is_heading)
    at = start
    while at < len(lines):
        row, at = _row(lines, at, delimiter)
        if row.fault or any(row.texts):
            yield row


def _delimiter(lines: list[str], is_heading: Callable[[str], bool]) -> str:
    """What makes most headings of a line; where there are none, what stands in the lines most often."""
    filled = [line for line in lines[: 4 * LOOKED_AT] if line.strip()][:LOOKED_AT]

    def points(delimiter: str) -> tuple[int, int]:
        headings = max((sum(map(is_heading, _naive(line, delimiter))) for line in filled), default=0)
        return headings, sum(line.count(delimiter) for line in filled)

    return max(DELIMITERS, key=points)


def _naive(line: str, delimiter: str) -> list[str]:
    return [part.strip().strip('"') for part in line.split(delimiter)]


def _row(lines: list[str], at: int, delimiter: str) -> tuple[Row, int]:
    """The row that begins in this line, and where the next one does."""
    try:
        cells, after = _cells(lines, at, delimiter)
    except _Wrong as wrong:
        # Only this line: those after it are read for themselves.
        return Row(at + 1, [Cell(text) for text in _naive(lines[at], delimiter)], wrong.fault), at + 1  # type: ignore[arg-type]
    if any(delimiter in part or "@" in part for cell in cells for part in cell.split("\n")[1:]):
        return Row(at + 1, [Cell(text) for text in cells], SWALLOWED, after), after
    return Row(at + 1, [Cell(literal(text.strip())) for text in cells], "", after), after


def _cells(lines: list[str], at: int, delimiter: str) -> tuple[list[str], int]:
    """The cells of a row, and the line after it."""
    position, cells, first = 0, list[str](), at
    while True:
        text, at, position = _one(lines, at, position, delimiter, first + TALLEST)
        position = _after_blanks(lines[at], position, delimiter)
        cells.append(text)
        if position == len(lines[at]):
            return cells, at + 1
        if lines[at][position] != delimiter:
            raise _Wrong(STRAY)
        position += 1


def _one(lines: list[str], at: int, position: int, delimiter: str, last: int) -> tuple[str, int, int]:
    """A cell, and where it ends: the line, and the place in it."""
    line, begin = lines[at], _after_blanks(lines[at], position, delimiter)
    if constant := _LITERAL.match(line, begin):
        return constant[0], at, constant.end()
    if line[begin : begin + 1] == '"':
        return _quoted(lines, at, begin + 1, last)
    end = line.find(delimiter, position)
    end = end if end >= 0 else len(line)
    if '"' in line[position:end]:
        raise _Wrong(STRAY)
    return line[position:end], at, end


def _after_blanks(line: str, position: int, delimiter: str) -> int:
    while position < len(line) and line[position] == " " != delimiter:
        position += 1
    return position


def _quoted(lines: list[str], at: int, position: int, last: int) -> tuple[str, int, int]:
    """What stands between quotation marks, in one line or in several."""
    text = ""
    while (close := _closing(lines[at], position)) < 0:
        text += lines[at][position:] + "\n"
        at, position = at + 1, 0
        if at == min(last, len(lines)):
            raise _Wrong(UNCLOSED)
    return (text + lines[at][position:close]).replace('""', '"'), at, close + 1


def _closing(line: str, position: int) -> int:
    """Where the quotation mark is that is not doubled; -1: in a later line."""
    while (found := line.find('"', position)) >= 0:
        if line[found + 1 : found + 2] != '"':
            return found
        position = found + 2
    return -1
