"""Small files that unpack to large ones end before they harm anybody."""

import pytest

from accounts.spreadsheets import workbooks
from accounts.spreadsheets.rows import Refused
from tests.kit.files_of_people import as_xlsx
from tests.kit.tables import PEOPLE, read, repacked

FAR_AWAY = b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
BOMBS = {
    "styles": ("xl/styles.xml", lambda xml: xml.replace(b"</styleSheet>", b"<a/>" * 3_000_000 + b"</styleSheet>")),
    "workbook": ("xl/workbook.xml", lambda xml: xml.replace(b"</workbook>", b"<a/>" * 1_000_000 + b"</workbook>")),
    "rows": (
        "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", b"<row/>" * 300_000 + b"</sheetData>")
    ),
    "a row far away": (
        "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", FAR_AWAY + b"</sheetData>")
    ),
    "everything": ("docProps/app.xml", lambda xml: b" " * 400_000_000),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs(bomb: str) -> None:
    part, change = BOMBS[bomb]
    with pytest.raises(Refused, match="too large"):
        read(repacked(as_xlsx(*PEOPLE), part, change))


def test_the_process_that_reads_has_little_memory_and_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than its memory ends it, and is told as too large."""
    monkeypatch.setenv("SECRET_KEY", "x" * 50)
    monkeypatch.setattr(workbooks, "__name__", "tests.kit.hungry")
    with pytest.raises(workbooks.Unreadable, match="too large"):
        workbooks.read(b"", "", workbooks.Limits(1, 1, 1, 1, 1))
