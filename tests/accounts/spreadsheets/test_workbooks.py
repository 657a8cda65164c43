"""What WPS and Excel in China really save as XLSX, and programs that write such files."""

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from tests.kit.files_of_people import as_xlsx
from tests.kit.tables import PEOPLE, faults, read, repacked, rows


def book(*lines: Sequence[object]) -> tuple[Workbook, Any]:
    made = Workbook()
    for line in lines:
        made.active.append(list(line))
    return made, made.active


def saved(made: Workbook) -> bytes:
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


@pytest.mark.parametrize("dimension", [b"A1", b"A1:B2", b"A1:XFD1048576", b"C3:C3", b"A1:A1"])
def test_a_wrong_dimension(dimension: bytes) -> None:
    """WPS writes such."""
    wrong = repacked(
        as_xlsx(*PEOPLE),
        "xl/worksheets/sheet1.xml",
        lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="' + dimension + b'"', xml),
    )
    assert rows(read(wrong)) == [list(line) for line in PEOPLE[1:]]


def test_sheets() -> None:
    made, first = book(("nothing",), ("of it",))
    first.title, first.sheet_state = "旧", "hidden"
    people = made.create_sheet("人员")
    for line in PEOPLE:
        people.append(line)
    made.create_sheet("说明").append(["邮箱"])
    made["说明"].append(["x"])
    table = read(saved(made))
    assert (table.sheet, table.sheets, len(table.rows)) == ("人员", ["旧", "人员", "说明"], 3)
    assert "旧" in table.notes[0]
    assert rows(read(saved(made), sheet="说明")) == [["x"]]


def test_merged_cells_and_hidden_rows() -> None:
    made, sheet = book(("名单",), *PEOPLE, ("d", "D", "w"))
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("C3:C5")
    sheet.row_dimensions[4].hidden = True
    table = read(saved(made))
    assert rows(table) == [["a", "A", "x"], ["b", "B", "x"], ["c", "C", "x"], ["d", "D", "w"]]
    assert any("C3–C5" in note for note in table.notes)
    assert any("hidden" in note for note in table.notes)


def test_kinds_of_cells() -> None:
    made, sheet = book(PEOPLE[0], (20190001, datetime(2030, 9, 1), True), (1.5, 123456789012345678, None), ("x", "y"))  # noqa: DTZ001
    sheet.append(["=1+1", '="007"', "#N/A"])
    sheet["C5"].data_type = "e"
    sheet["A2"].font = Font(bold=True)
    table = read(saved(made))
    assert [[cell.kind for cell in row.cells] for row in table.rows] == [
        ["n", "d", "b"], ["n", "n", ""], ["", "", ""], ["f", "", "e"]
    ]  # fmt: skip
    assert table.rows[0].texts == ["20190001", "2030-09-01 00:00", "1"]
    assert table.rows[3].texts == ["=1+1", "007", "#N/A"]


def test_a_cell_under_no_heading() -> None:
    table = read(as_xlsx(PEOPLE[0], ("a", "A", "x", None, "more"), ("b", "B"), ("c",)))
    assert faults(table) == [2]
    assert "E2" in str(table.rows[0].fault)
    assert rows(table) == [["b", "B", ""], ["c", "", ""]], "a sheet stores no empty cells"
