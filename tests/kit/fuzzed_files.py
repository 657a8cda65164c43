"""Files of people as programs, wrong settings and broken disks leave them: thousands, each made again from its number.

Each row carries its mark in all three cells. So it can be told of whatever comes out which row it was, whether cells of
two rows were put together, and whether a row is missing of which something still stands in the file.
"""

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openpyxl import Workbook

HEADINGS = [("address", "name", "department"), ("邮箱", "姓名", "部门"), ("电子邮箱", "姓名", "所在单位")]
NAMES = ["王小明", "李娜", "欧阳娜娜", "叶伟", "陈大文", "张\U0003158e", "阿卜杜拉", "José", 'O"Neil', "多\n行"]
DEPARTMENTS = ["文学院", "信息科学与技术学院", "图书馆, 分馆", "校办", "Physics; Optics"]
LETTERS = "bcdfghjkmnpqrstvwxz"
PLACES = 5  # letters of a mark; two marks differ in three of them at least, so one wrong letter makes no other mark


@dataclass(frozen=True)
class Fuzzed:
    content: bytes
    marks: tuple[str, ...]
    present: frozenset[str]  # marks of which two cells are still whole in the file
    what: str  # was done to it


def marks_of(text: str) -> set[str]:
    return set(re.findall(rf"q[{LETTERS}]{{{PLACES}}}", text))


def make(seed: int) -> Fuzzed:
    rng = random.Random(seed)
    marks = _marks(rng, rng.randint(4, 12))
    rows = [(f"{mark}@example.edu", f"{rng.choice(NAMES)}{mark}", f"{rng.choice(DEPARTMENTS)}{mark}") for mark in marks]
    heading = rng.choice(HEADINGS)
    lines: list[tuple[str, ...]] = [heading, *rows]
    if rng.random() < 0.2:
        lines.insert(0, ("教职工名单", "", ""))
    if rng.random() < 0.35:
        content, what = _workbook(rng, lines)
        text = _unpacked(content)
        present = {mark for mark in marks if text.count(mark) >= 2}
    else:
        content, encoding, what = _text(rng, lines)
        text = content.decode(encoding, "ignore")
        present = {mark for mark in marks if text.count(mark) >= 2}
    return Fuzzed(content, marks, frozenset(present), what)


def _marks(rng: random.Random, count: int) -> tuple[str, ...]:
    found: list[str] = []
    while len(found) < count:
        mark = "".join(rng.choices(LETTERS, k=PLACES))
        if all(sum(a != b for a, b in zip(mark, other, strict=True)) >= 3 for other in found):
            found.append(mark)
    return tuple(f"q{mark}" for mark in found)


# --- Text -------------------------------------------------------------------------------------------------------------


def _text(rng: random.Random, lines: list[tuple[str, ...]]) -> tuple[bytes, str, str]:
    delimiter, end = rng.choice(",,,;\t"), rng.choice(["\n", "\r\n"])
    quoting: Any = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(lines)
    encoding = rng.choice(["utf-8", "utf-8", "utf-8-sig", "gb18030", "gb18030", "utf-16-le"])
    text = out.getvalue()
    changes: list[Callable[[random.Random, str, str], str]] = [
        _quoted, _unquoted, _broken_line, _joined_lines, _other_delimiter, _twice, _blank_lines, _more_cells,
        _fewer_cells, _power, _nothing,
    ]  # fmt: skip
    done = [rng.choice(changes) for _ in range(rng.randint(1, 2))]
    for change in done:
        text = change(rng, text, delimiter)
    content = (b"\xff\xfe" if encoding == "utf-16-le" else b"") + text.encode(encoding)
    if rng.random() < 0.1:
        content = b"\xef\xbb\xbf" * 2 + content if encoding.startswith("utf-8") else content
    harm = rng.choice([_same, _same, _flipped, _flipped, _removed, _inserted, _cut])
    return harm(rng, content), encoding, f"{encoding} {[change.__name__ for change in done]} {harm.__name__}"


def _at(rng: random.Random, text: str) -> int:
    return rng.randrange(len(text))


def _nothing(rng: random.Random, text: str, delimiter: str) -> str:
    return text


def _quoted(rng: random.Random, text: str, delimiter: str) -> str:
    at = _at(rng, text)
    return text[:at] + '"' + text[at:]


def _unquoted(rng: random.Random, text: str, delimiter: str) -> str:
    places = [match.start() for match in re.finditer('"', text)]
    at = rng.choice(places) if places else len(text)
    return text[:at] + text[at + 1 :]


def _broken_line(rng: random.Random, text: str, delimiter: str) -> str:
    at = _at(rng, text)
    return text[:at] + rng.choice(["\n", "\r", "\r\n"]) + text[at:]


def _joined_lines(rng: random.Random, text: str, delimiter: str) -> str:
    places = [match.start() for match in re.finditer(r"\r?\n", text)]
    at = rng.choice(places)
    return text[:at] + re.sub(r"^\r?\n", rng.choice(["", " ", delimiter]), text[at:])


def _other_delimiter(rng: random.Random, text: str, delimiter: str) -> str:
    return _in_a_line(rng, text, lambda line: line.replace(delimiter, rng.choice(";，|\t")))


def _twice(rng: random.Random, text: str, delimiter: str) -> str:
    return _in_a_line(rng, text, lambda line: f"{line}\n{line}")


def _blank_lines(rng: random.Random, text: str, delimiter: str) -> str:
    return _in_a_line(rng, text, lambda line: f"\n{delimiter}{delimiter}\n{line}\n\n")


def _more_cells(rng: random.Random, text: str, delimiter: str) -> str:
    return _in_a_line(rng, text, lambda line: line + delimiter + "多")


def _fewer_cells(rng: random.Random, text: str, delimiter: str) -> str:
    return _in_a_line(rng, text, lambda line: line.rpartition(delimiter)[0])


def _power(rng: random.Random, text: str, delimiter: str) -> str:
    value = rng.choice(["1.20201E+11", "#N/A", "20190001.0", "12345678901234567"])
    return _in_a_line(rng, text, lambda line: value + delimiter + line.partition(delimiter)[2])


def _in_a_line(rng: random.Random, text: str, change: Callable[[str], str]) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    end = "\r" if lines[at].endswith("\r") else ""
    lines[at] = change(lines[at].removesuffix("\r")) + end
    return "\n".join(lines)


def _same(rng: random.Random, content: bytes) -> bytes:
    return content


def _flipped(rng: random.Random, content: bytes) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :]


def _removed(rng: random.Random, content: bytes) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + content[at + 1 :]


def _inserted(rng: random.Random, content: bytes) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + bytes([rng.choice([0, 10, 13, 34, 44, 0x85, 0xA0, 0xFF])]) + content[at:]


def _cut(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content) // 2, len(content))]


# --- Workbooks --------------------------------------------------------------------------------------------------------


def _workbook(rng: random.Random, lines: list[tuple[str, ...]]) -> tuple[bytes, str]:
    book = Workbook()
    sheet: Any = book.active
    for line in lines:
        sheet.append(line)
    what, row = rng.choice([*CHANGES]), rng.randint(2, len(lines))
    CHANGES[what](book, sheet, rng.choice("ABC"), row)
    data = io.BytesIO()
    book.save(data)
    part = "xl/worksheets/sheet2.xml" if what == "sheets" else "xl/worksheets/sheet1.xml"
    harm = rng.choice([*HARMS])
    return HARMS[harm](rng, data.getvalue(), part), f"xlsx {what} {harm}"


def _put(value: object) -> Callable[[Any, Any, str, int], None]:
    def change(book: Any, sheet: Any, column: str, row: int) -> None:
        sheet[f"{column}{row}"] = value
        if value == "#N/A":
            sheet[f"{column}{row}"].data_type = "e"

    return change


def _hidden_first(book: Any, sheet: Any, column: str, row: int) -> None:
    book.create_sheet("旧", 0).sheet_state = "hidden"
    book.create_sheet("说明").append(["邮箱"])


CHANGES: dict[str, Callable[[Any, Any, str, int], object]] = {
    "nothing": lambda book, sheet, column, row: None,
    "decimals": _put(1.5),
    "power": _put(1e17),
    "number": _put(20190001),
    "error": _put("#N/A"),
    "formula": _put("=A1"),
    "truth": _put(True),
    "beyond": lambda book, sheet, column, row: sheet.cell(row, 6, "x"),
    "hidden": lambda book, sheet, column, row: setattr(sheet.row_dimensions[row], "hidden", True),
    "sheets": _hidden_first,
    "merged": lambda book, sheet, column, row: sheet.merge_cells(f"C{row}:C{row + 2}"),
    "gap": lambda book, sheet, column, row: sheet.insert_rows(row, 3),
}


def _dimension(rng: random.Random, content: bytes, part: str) -> bytes:
    wrong = rng.choice([b"A1", b"A1:B2", b"B2:C3", b"A1:XFD9"])
    return _in_part(content, part, lambda xml: re.sub(rb'(<dimension ref=")[^"]*', rb"\g<1>" + wrong, xml))


ROW = re.compile(rb'<row r="\d+"')
HARMS: dict[str, Callable[[random.Random, bytes, str], bytes]] = {
    "none": lambda rng, content, part: content,
    "dimension": _dimension,
    "no numbers": lambda rng, content, part: _in_part(content, part, lambda xml: ROW.sub(b"<row", xml)),
    "a tag less": lambda rng, content, part: _in_part(content, part, lambda xml: xml.replace(b"</c>", b"", 1)),
    "cut": lambda rng, content, part: content[: rng.randrange(len(content) // 2, len(content))],
}


def _in_part(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return data.getvalue()


def _unpacked(content: bytes) -> str:
    """The texts of the sheet, in place; empty where it cannot be unpacked any more."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            texts = re.findall(r"<si>(.*?)</si>", packed.read("xl/sharedStrings.xml").decode(), re.DOTALL)
            sheets = [
                packed.read(name).decode() for name in packed.namelist() if name.startswith("xl/worksheets/sheet")
            ]
    except (zipfile.BadZipFile, KeyError):
        return ""
    places = re.findall(r't="s"[^>]*><v>(\d+)</v>', "".join(sheets))
    return "\n".join(texts[int(place)] for place in places)
