"""Files of rows, as they are read; and an XLSX as no program of ours would write it."""

import io
import zipfile
from typing import Any

from accounts.imports import columns
from accounts.spreadsheets import spreadsheets
from accounts.spreadsheets.spreadsheets import Choice, Table

PEOPLE = [("邮箱", "姓名", "部门"), ("a", "A", "x"), ("b", "B", "y"), ("c", "C", "z")]


def read(content: bytes, **choice: Any) -> Table:
    return spreadsheets.read(content, Choice(**choice), columns.is_heading, columns.words())


def rows(table: Table) -> list[list[str]]:
    return [row.texts for row in table.rows if not row.fault]


def faults(table: Table) -> list[int]:
    return [row.line for row in table.rows if row.fault]


def repacked(content: bytes, part: str, change: Any) -> bytes:
    """An XLSX in which another program wrote one part."""
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return data.getvalue()
