"""Reads a CSV or XLSX file that somebody made with a spreadsheet program, and writes one that is safe to open.

Nothing is guessed in silence: which encoding, sheet and row of headings were taken is told, and can be chosen.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tablib import Dataset

from accounts.lib import clock, formulas, invisible, series
from accounts.spreadsheets import encodings, textfiles, workbooks
from accounts.spreadsheets.rows import DATE, Cell, Refused, Row, Sheet, letter

CONTENT_TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
UNPACKED = 30  # times the size of the file that may come in: what an XLSX may unpack to
WIDEST = 50  # columns
LONGEST = 1000  # characters of a cell
HEADINGS_WITHIN = 20  # rows
SHOWN_NOTES = 20

# Of other programs, or not what its name says. What only looks like a text is asked about last.
_STRANGERS: tuple[tuple[bytes, Promise], ...] = (
    (b"\xd0\xcf\x11\xe0", gettext_lazy(
        "This is an old Excel or WPS file (.xls, .et), or one with a password. Save it as .xlsx or .csv.")),
    (b"%PDF", gettext_lazy("This is a PDF. Save the table as .xlsx or .csv.")),
    (b"Rar!", gettext_lazy("This is an archive. Unpack it, and hand in the table.")),
    (b"7z\xbc\xaf", gettext_lazy("This is an archive. Unpack it, and hand in the table.")),
    (b"\x1f\x8b", gettext_lazy("This is an archive. Unpack it, and hand in the table.")),
)  # fmt: skip
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f]")  # no text has one in a hundred characters
_SAMPLE, _FEW = 20_000, 20  # characters; those few are named by their cells
_MARKS = re.compile(rb"^(?:\xef\xbb\xbf)*(?:\xff\xfe|\xfe\xff)?")
_WEB_PAGE = re.compile(rb"\s*<(!doctype|html|table|meta|head|style|\?xml)", re.IGNORECASE)
_WHY = {
    workbooks.TOO_LARGE: gettext_lazy("The file is too large."),
    workbooks.DAMAGED: gettext_lazy("This is not an XLSX file, or it is damaged. Save it again as .xlsx or .csv."),
    workbooks.ENCRYPTED: gettext_lazy("The file has a password. Save it without one."),
    workbooks.ODS: gettext_lazy("This is a LibreOffice file (.ods). Save it as .xlsx or .csv."),
    workbooks.BINARY: gettext_lazy("This is a binary Excel file (.xlsb). Save it as .xlsx or .csv."),
    workbooks.NO_SHEET: gettext_lazy("The file has no sheet with a table."),
}


@dataclass(frozen=True)
class Choice:
    """What somebody decided who looked; what is empty is found out."""

    encoding: str = ""
    sheet: str = ""
    heading: int | None = None  # the row; 0: there is none


@dataclass
class Table:
    headers: list[str]
    rows: list[Row]
    top: list[Row]  # the first rows of the file, those before the headings too
    heading: int
    encoding: str = ""  # of a text file
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what whoever looks should know


def read(
    content: bytes,
    choice: Choice = Choice(),
    headings: Callable[[str], bool] = lambda text: False,
    known: frozenset[str] = frozenset(),
    beat: Callable[[], None] = lambda: None,
) -> Table:
    """What kind of file it is, it says itself; names lie. `headings` tells words at the top of such a table, of which
    `known` are some."""
    if not _MARKS.sub(b"", content, count=1).strip(b" \t\r\n\0"):
        raise Refused(_("The file is empty."))
    if len(content) > settings.IMPORT_SIZE_LIMIT:
        raise Refused(_("The file is too large."))
    for beginning, told in _STRANGERS:
        if content.startswith(beginning):
            raise Refused(str(told))
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _table(_workbook(content, choice.sheet, beat), choice, headings)
    if _WEB_PAGE.match(_MARKS.sub(b"", content, count=1)):
        raise Refused(
            _("This is a web page or XML, whatever its name says. Open it in Excel or WPS and save it as .xlsx.")
        )
    return _text_file(content, choice, headings, known)


def _text_file(content: bytes, choice: Choice, headings: Callable[[str], bool], known: frozenset[str]) -> Table:
    guess = encodings.guess(content, known)
    encoding = choice.encoding if choice.encoding in encodings.NAMES else guess.encoding
    if encoding is None:
        raise Refused(_("The file is not text in UTF-8 or GBK. Save it in Excel as “CSV UTF-8” or as .xlsx."))
    text = encodings.decoded(content, encoding)
    sample = text[:_SAMPLE]
    if len(_CONTROLS.findall(sample)) > max(_FEW, len(sample) / 100):
        raise Refused(_("This is no table, whatever its name says. Hand in an .xlsx or a .csv."))
    rows = textfiles.read(text, headings)
    table = _table(Sheet(list(islice(rows, 4 * settings.IMPORT_ROWS_LIMIT))), choice, headings)
    table.encoding = encoding
    if not choice.encoding and (guess.doubts or encoding in ("big5", "cp1252")):
        names = series.join(encodings.NAMES[name] for name in guess.doubts or ("utf-8", "gb18030"))
        table.notes.insert(
            0,
            _("The encoding was guessed: %(taken)s. Look at the names below; if they are wrong, choose %(others)s.")
            % {"taken": encodings.NAMES[encoding], "others": names},
        )
    return table


def _workbook(content: bytes, sheet: str, beat: Callable[[], None]) -> Sheet:
    limit = settings.IMPORT_SIZE_LIMIT
    limits = workbooks.Limits(UNPACKED * limit, 4 * settings.IMPORT_ROWS_LIMIT, WIDEST + 1, LONGEST, 5 * limit)
    try:
        found = workbooks.read(content, sheet, limits, beat)
    except workbooks.Unreadable as unreadable:
        raise Refused(str(_WHY[str(unreadable)])) from None
    rows = [Row(line, [_cell(cell) for cell in cells]) for line, cells in found["rows"]]
    notes = []
    if others := [name for name in found["sheets"] if name != found["sheet"]]:
        hidden = set(found["hidden_sheets"])
        named = series.join(
            _("%(sheet)s (hidden)") % {"sheet": name} if name in hidden else name for name in others[:20]
        )
        notes.append(
            _("Only the sheet “%(sheet)s” is read. Others: %(others)s.") % {"sheet": found["sheet"], "others": named}
        )
    if found["hidden"]:
        notes.append(
            _("Rows that are hidden or filtered away in the sheet are read too: %(n)s.") % {"n": found["hidden"]}
        )
    _fill_merged(rows, found["merged"], notes)
    return Sheet(rows, found["sheet"], found["sheets"], notes)


def _cell(cell: Any) -> Cell:
    text, kind = cell if isinstance(cell, list) else (cell, "")
    if kind == DATE and (at := parse_datetime(text)):
        return Cell(clock.moment(at), DATE)
    return Cell(invisible.dropped(text).strip(), kind)


def _fill_merged(rows: list[Row], merged: list[list[int]], notes: list[str]) -> None:
    """A department that is merged over its people is theirs: so it is read by whoever looks at the sheet."""
    by_line = {row.line: row for row in rows}
    for left, top, right, bottom in merged:
        above = by_line.get(top)
        if left != right or top == bottom or above is None or left >= len(above.cells) or not above.cells[left].text:
            continue
        for line in range(top + 1, min(bottom, rows[-1].line) + 1):
            if (row := by_line.get(line)) is not None:
                row.cells.extend([Cell("")] * (left + 1 - len(row.cells)))
                row.cells[left] = above.cells[left]
        if len(notes) < SHOWN_NOTES:
            area = f"{letter(left)}{top}–{letter(left)}{bottom}"
            notes.append(_("%(cells)s are merged: “%(text)s” is taken for each row.") % {
                "cells": area, "text": above.cells[left].text[:40]
            })  # fmt: skip


def _table(sheet: Sheet, choice: Choice, headings: Callable[[str], bool]) -> Table:
    rows = [row for row in sheet.rows if row.fault or any(row.texts)]
    if not rows:
        raise Refused(_("The file is empty."))
    at = _heading(rows, choice, headings)
    if at < 0:
        width = max(len(row.cells) for row in rows[:HEADINGS_WITHIN])
        headers = [letter(column) for column in range(width)]
    else:
        headers = [" ".join(text.split()) for text in rows[at].texts]
        while headers and not headers[-1]:
            headers.pop()
    people = rows[at + 1 :]
    if len(headers) > WIDEST:
        raise Refused(_("The file has more than %(n)s columns.") % {"n": WIDEST})
    if len(people) > settings.IMPORT_ROWS_LIMIT:
        raise Refused(_("The file has more than %(n)s rows. Split it.") % {"n": settings.IMPORT_ROWS_LIMIT})
    if not people:
        raise Refused(_("The file has headings but no rows."))
    below = people[0].texts
    if at >= 0 and all(map(headings, filter(None, below))) and not set(filter(None, below)) <= set(headers):
        told = _("The headings stand in more than one row: %(one)s and %(other)s. Put them into one.")
        raise Refused(told % {"one": rows[at].line, "other": people[0].line})
    notes = list(sheet.notes)
    if at > 0:
        named = series.join(row.line for row in rows[:at])
        notes.append(_("The headings are in row %(row)s; not read are the rows before it: %(rows)s.") % {
            "row": rows[at].line, "rows": named
        })  # fmt: skip
    checked = [_checked(row, len(headers), is_text=not sheet.name) for row in people]
    if not sheet.name:
        checked = _held_against_the_others(checked, people)
    return Table(
        headers, checked, rows[:HEADINGS_WITHIN], rows[at].line if at >= 0 else 0, "", sheet.name, sheet.names, notes
    )


def _heading(rows: list[Row], choice: Choice, headings: Callable[[str], bool]) -> int:
    """Which row it is; -1: none. The one with most words that stand at the top of such tables, or the first."""
    first = rows[:HEADINGS_WITHIN]
    if choice.heading == 0:
        return -1
    for at, row in enumerate(first):
        if row.line == choice.heading:
            return at
    points = [sum(map(headings, row.texts)) for row in first]
    return points.index(max(points))


def _checked(row: Row, width: int, *, is_text: bool) -> Row:
    """With as many cells as there are headings, or the fault that it has others. A sheet stores no empty cells."""
    cells = [Cell(invisible.dropped(cell.text)[:LONGEST].strip(), cell.kind) for cell in row.cells]
    fault = row.fault
    if not fault and any(cell.text for cell in cells[width:]):
        beyond = next(letter(at) for at in range(width, len(cells)) if cells[at].text)
        fault = _("%(n)s cells under %(width)s headings: %(cell)s stands under none") % {
            "n": len(cells), "width": width, "cell": f"{beyond}{row.line}"
        }  # fmt: skip
    elif not fault and is_text and len(cells) < width:
        fault = _("%(n)s cells under %(width)s headings: some are missing") % {"n": len(cells), "width": width}
    if not fault:
        cells = cells[:width] + [Cell("")] * (width - len(cells))
    return Row(row.line, cells, fault, row.last)


def _held_against_the_others(checked: list[Row], people: list[Row]) -> list[Row]:
    """Where more rows agree with each other than with the headings, these are broken, and so is what fits them."""
    fitting = sum(not row.fault for row in checked)
    widths = Counter(len(row.cells) for row, read in zip(people, checked, strict=True) if read.fault and not row.fault)
    del widths[1]  # pieces of broken lines
    if not fitting or not widths or widths.most_common(1)[0][1] <= fitting:
        return checked
    fault = _("most rows have more or fewer cells than there are headings: look at the row of headings")
    return [row if row.fault else replace(row, fault=fault) for row in checked]


def write(dataset: Dataset, kind: str) -> bytes:
    """A file in which nothing is a formula. CSV begins with the mark by which Excel knows UTF-8."""
    safe = Dataset(headers=dataset.headers)
    for row in dataset:
        safe.append([formulas.harmless(cell) for cell in row])
    data: bytes | str = safe.export(kind)
    return data if isinstance(data, bytes) else data.encode("utf-8-sig")
