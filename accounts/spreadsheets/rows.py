"""Rows of a table as they stand in a file: what its cells say, and what is wrong with a row as a whole."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.functional import Promise


class Refused(Exception):
    """The file as a whole; its words are for the clerk."""


class Cell(NamedTuple):
    text: str
    kind: str = ""  # of an XLSX: number, date, yes-or-no, error, formula; of a text file nobody knows


NUMBER, DATE, TRUTH, ERROR, FORMULA = "n", "d", "b", "e", "f"


@dataclass(frozen=True)
class Row:
    line: int  # where it begins, as the spreadsheet program or editor counts
    cells: list[Cell]
    fault: Promise | str = ""  # why nothing of it is read
    last: int = 0  # line, where it goes over several

    @property
    def texts(self) -> list[str]:
        return [cell.text for cell in self.cells]


@dataclass
class Sheet:
    """What a file holds, before anybody knows where its headings are."""

    rows: list[Row]
    name: str = ""
    names: list[str] = field(default_factory=list)  # of all sheets
    notes: list[str] = field(default_factory=list)  # what whoever looks should know


def literal(text: str) -> str:
    """="20190001" is no formula: so programs keep others from shortening a number."""
    constant = re.fullmatch(r'="([^"]*)"', text)
    return constant[1] if constant else text


def letter(column: int) -> str:
    """A for 0, as spreadsheet programs call columns."""
    name = ""
    while column >= 0:
        column, rest = divmod(column, 26)
        name, column = chr(65 + rest) + name, column - 1
    return name
