"""Reads a CSV or XLSX file that somebody made with a spreadsheet program, and writes one that is safe to open."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from import_export.formats.base_formats import CSV, XLSX
from openpyxl import load_workbook
from tablib import Dataset

from accounts.lib import clock, formulas

FORMATS = {"csv": CSV, "xlsx": XLSX}
# Excel in China writes CSV in GBK, of which GB 18030 is the whole; with "CSV UTF-8" it puts a mark before it.
ENCODINGS = ("utf-8-sig", "gb18030")
UNPACKED = 30  # times the size of the file that may come in: what an XLSX may unpack to
WIDEST = 50  # columns
LONGEST = 1000  # characters of a cell


class Refused(Exception):
    """The file as a whole; its words are for the clerk."""


@dataclass(frozen=True)
class Table:
    dataset: Dataset
    lines: list[int]  # of each row: where it stands in the file
    encoding: str


def read(content: bytes, name: str) -> Table:
    if not content.strip():
        raise Refused(_("The file is empty."))
    if len(content) > settings.IMPORT_SIZE_LIMIT:
        raise Refused(_("The file is too large."))
    if name.lower().endswith(".xlsx") or content.startswith(b"PK\x03\x04"):
        return _table(_xlsx_rows(content), "")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused(_("This is an old Excel file (.xls), or one with a password. Save it as .xlsx or .csv."))
    text, encoding = _decoded(content)
    return _table(_csv_rows(text), encoding)


def _decoded(content: bytes) -> tuple[str, str]:
    encodings: tuple[str, ...] = ENCODINGS
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ("utf-16",)  # "Unicode text" in Excel
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding
    raise Refused(_("The file is no text in UTF-8 or GBK. Save it in Excel as “CSV UTF-8” or as .xlsx."))


def _csv_rows(text: str) -> Iterator[tuple[int, list[Any]]]:
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t，", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    start = 1
    try:
        for row in reader:
            yield start, [cell.strip() for cell in row]
            start = reader.line_num + 1
    except csv.Error:
        raise Refused(_("Line %(line)s cannot be read as CSV.") % {"line": start}) from None


def _xlsx_rows(content: bytes) -> Iterator[tuple[int, list[Any]]]:
    """Formulas stay as they are written: what they would come to is the business of a spreadsheet program."""
    no_xlsx = Refused(_("This is no XLSX file, or it is damaged. Save it again as .xlsx or .csv."))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > UNPACKED * settings.IMPORT_SIZE_LIMIT:
                raise Refused(_("The file is too large."))
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
        sheet = book.worksheets[0]
    except Refused:
        raise
    except Exception:  # openpyxl answers damage with whatever goes wrong
        raise no_xlsx from None
    try:
        for number, row in enumerate(sheet.iter_rows(max_col=WIDEST + 1, values_only=True), 1):
            if number > 4 * settings.IMPORT_ROWS_LIMIT:  # empty ones, that somebody painted
                raise Refused(_("The file has more than %(n)s rows. Split it.") % {"n": settings.IMPORT_ROWS_LIMIT})
            yield number, [_cell(value) for value in row]
    except Refused:
        raise
    except Exception:
        raise no_xlsx from None
    finally:
        book.close()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return clock.moment(value)
    if isinstance(value, date):
        return clock.day(value)
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _table(rows: Iterable[tuple[int, list[Any]]], encoding: str) -> Table:
    """Without empty rows. A row that is longer than the headers keeps what is under one."""
    filled = ((line, row) for line, row in rows if any(row))
    try:
        _line, headers = next(iter(filled))
    except StopIteration:
        raise Refused(_("The file is empty.")) from None
    while headers and not headers[-1]:
        headers.pop()
    if len(headers) > WIDEST:
        raise Refused(_("The file has more than %(n)s columns.") % {"n": WIDEST})
    dataset, lines = Dataset(headers=headers), list[int]()
    width = len(headers)
    for line, row in filled:
        if len(lines) == settings.IMPORT_ROWS_LIMIT:
            limit = settings.IMPORT_ROWS_LIMIT
            raise Refused(_("The file has more than %(n)s rows. Split it.") % {"n": limit})
        cells = [cell[:LONGEST] for cell in row[:width]]
        dataset.append(cells + [""] * (width - len(cells)))
        lines.append(line)
    if not lines:
        raise Refused(_("The file has headers, and no rows."))
    return Table(dataset, lines, encoding)


def write(dataset: Dataset, kind: str) -> bytes:
    """A file in which nothing is a formula. CSV begins with the mark by which Excel knows UTF-8."""
    safe = Dataset(headers=dataset.headers)
    for row in dataset:
        safe.append([formulas.harmless(cell) for cell in row])
    data = FORMATS[kind]().export_data(safe)
    return data if isinstance(data, bytes) else data.encode("utf-8-sig")
