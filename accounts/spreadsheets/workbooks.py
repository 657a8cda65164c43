"""XLSX files, read by openpyxl in a process of their own, with little memory and time: an archive of 300 kB can unpack
to gigabytes, and what reads it must not take the worker with it.

    python -m accounts.spreadsheets.workbooks '{"sheet": "", …}' < file

That process knows neither Django nor any setting. It answers in JSON: what the sheet holds, or why it cannot be read.
"""

import io
import json
import re
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from accounts.spreadsheets.rows import DATE, ERROR, FORMULA, NUMBER, TRUTH, literal

MEMORY = 1 << 30  # bytes
CPU_SECONDS = 60
WALL_SECONDS = 120
HEARTBEAT = 5  # seconds
PARTS = 2000
# What no list of people needs more of, unpacked. Sheets and texts have the limit of the whole.
PART_LIMITS = {"xl/styles.xml": 4 << 20, "xl/workbook.xml": 1 << 20, "[Content_Types].xml": 1 << 20}
EXACT = 10**15  # from here on a number has more digits than were kept

TOO_LARGE, DAMAGED, ENCRYPTED, ODS, BINARY, NO_SHEET = "too large", "damaged", "encrypted", "ods", "binary", "no sheet"


class Limits(NamedTuple):
    unpacked: int  # bytes, of all parts
    rows: int
    columns: int
    cell: int  # characters
    text: int  # characters of all cells


class Unreadable(Exception):
    """Why: one of the words above."""


def read(content: bytes, sheet: str, limits: Limits, beat: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """In a process of its own. `beat` is called while it works. Raises Unreadable."""
    question = json.dumps({"sheet": sheet, "limits": limits})
    base = Path(__file__).resolve().parents[2]
    with subprocess.Popen(  # noqa: S603 (our own module)
        [sys.executable, "-m", __name__, question],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=base,
        env={"PATH": "/usr/bin:/bin"},  # no key, no password of a database
    ) as process:
        answer, given = b"", content
        for _ in range(WALL_SECONDS // HEARTBEAT):
            try:
                answer, _errors = process.communicate(given or None, timeout=HEARTBEAT)
                break
            except subprocess.TimeoutExpired:
                given = b""  # it goes on with what it was given
                beat()
            except BaseException:
                process.kill()
                raise
        else:
            process.kill()
    if process.returncode != 0:  # out of memory or time
        raise Unreadable(TOO_LARGE)
    found: dict[str, Any] = json.loads(answer)
    if "why" in found:
        raise Unreadable(found["why"])
    return found


# --- In the other process ---------------------------------------------------------------------------------------------


def opened(content: bytes, wanted: str, limits: Limits) -> dict[str, Any]:
    """What a sheet holds: the one that is wanted, or the first that is not hidden."""
    from openpyxl import load_workbook  # noqa: PLC0415 (not in the process that asks)

    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        _hold_to(limits, packed)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheets = book.worksheets
        names = [sheet.title for sheet in sheets]
        visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
        chosen = [sheet for sheet in sheets if sheet.title == wanted]
        if not (chosen or visible or sheets):
            raise Unreadable(NO_SHEET)
        sheet = (chosen or visible or sheets)[0]
        sheet.reset_dimensions()  # WPS writes wrong ones, behind which openpyxl reads nothing
        rows = list(_rows(sheet, limits))
        merged, hidden = _layout(packed, sheet._worksheet_path.lstrip("/"))
    return {
        "sheets": names,
        "hidden_sheets": [sheet.title for sheet in sheets if sheet.sheet_state != "visible"],
        "sheet": sheet.title,
        "rows": rows,
        "merged": merged,
        "hidden": hidden,
    }


def _hold_to(limits: Limits, packed: zipfile.ZipFile) -> None:
    parts = packed.infolist()
    names = {part.filename for part in parts}
    if "mimetype" in names and packed.read("mimetype")[:100].startswith(b"application/vnd.oasis.opendocument"):
        raise Unreadable(ODS)
    if "xl/workbook.bin" in names:
        raise Unreadable(BINARY)
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable(ENCRYPTED)
    if len(parts) > PARTS or sum(part.file_size for part in parts) > limits.unpacked:
        raise Unreadable(TOO_LARGE)
    if any(part.file_size > PART_LIMITS.get(part.filename, limits.unpacked) for part in parts):
        raise Unreadable(TOO_LARGE)


def _rows(sheet: Any, limits: Limits) -> Iterator[tuple[int, list[Any]]]:
    """Those that hold something. Formulas stay as they are written: what they would come to is the business of a
    spreadsheet program."""
    left = limits.text
    for number, row in enumerate(sheet.iter_rows(max_col=limits.columns), 1):
        if number > limits.rows:  # empty ones, that somebody painted
            raise Unreadable(TOO_LARGE)
        cells = [_cell(cell) for cell in row]
        while cells and cells[-1] == "":
            cells.pop()
        if cells:
            cells = [_cut(cell, limits.cell) for cell in cells]
            left -= sum(len(cell if isinstance(cell, str) else cell[0]) for cell in cells)
            if left < 0:
                raise Unreadable(TOO_LARGE)
            yield number, cells


def _cut(cell: Any, most: int) -> Any:
    return cell[:most] if isinstance(cell, str) else [cell[0][:most], cell[1]]


def _cell(cell: Any) -> Any:
    """A text, or [text, kind]."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e":
        return [str(value), ERROR]
    if cell.data_type == "f":
        text = literal(str(value))
        return text if text != str(value) else [text, FORMULA]
    if isinstance(value, bool):
        return ["1" if value else "0", TRUTH]
    if hasattr(value, "isoformat"):
        return [value.isoformat(), DATE]
    if isinstance(value, int | float):
        return [str(int(value)) if value == int(value) and abs(value) < EXACT else repr(value), NUMBER]
    return str(value).strip()


_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')
_HIDDEN = re.compile(rb'<(?:\w+:)?row\s[^>]*?\bhidden="(?:1|true)"')
_MANY = 20_000


def _layout(packed: zipfile.ZipFile, path: str) -> tuple[list[list[int]], int]:
    """What openpyxl does not tell of a sheet that it streams: cells that were merged, and how many rows are hidden."""
    merged: dict[tuple[int, ...], None] = {}
    hidden, before = 0, b""
    with packed.open(path) as part:
        while (piece := part.read(1 << 20)) and len(merged) < _MANY:
            text = before + piece
            end = text.rfind(b"<")  # an element that is not whole comes with the next piece
            text, before = text[:end], text[end:][:4096]
            hidden += len(_HIDDEN.findall(text))
            for left, top, right, bottom in _MERGED.findall(text):
                merged[_column(left), int(top), _column(right), int(bottom)] = None
    return [list(area) for area in merged], hidden


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def answer(content: bytes, sheet: str, limits: Limits) -> dict[str, Any]:
    """What it holds, or why it cannot be read."""
    try:
        return opened(content, sheet, limits)
    except Unreadable as unreadable:
        return {"why": str(unreadable)}
    except MemoryError:
        return {"why": TOO_LARGE}
    except Exception:  # openpyxl answers damage with whatever goes wrong
        return {"why": DAMAGED}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    asked = json.loads(sys.argv[1])
    json.dump(answer(sys.stdin.buffer.read(), asked["sheet"], Limits(*asked["limits"])), sys.stdout)
