"""Text files and the rest: read, or named; never turned into people."""

import io
import zipfile
from random import Random

import pytest

from accounts.imports import columns
from accounts.spreadsheets import encodings
from accounts.spreadsheets.rows import Refused
from tests.kit.files_of_people import as_csv, as_xlsx
from tests.kit.tables import PEOPLE, faults, read, rows

# --- Encodings --------------------------------------------------------------------------------------------------------

SIMPLE = "邮箱,姓名,部门\nzhang,张三,文学院\nye,叶伟,信息学院\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLE, "utf-8"),
        (SIMPLE, "utf-8-sig"),
        (SIMPLE, "gbk"),
        (SIMPLE, "utf-16"),
        (SIMPLE, "utf-16-le"),
        (SIMPLE, "utf-16-be"),
        ("address,name\nye,叶伟\n", "gbk"),
        ("address,name\nye,叶伟\n", "utf-8"),
        ("a,b\nx,联通\n", "gbk"),
        ("address,name\nwang,王\U0003158e\n", "gb18030"),
        ("address,name\nwang,王\ue863\n", "gb18030"),
        ("address,name\nwang,王\U0003158e\n", "utf-8"),
        ("郵箱,姓名,部門\nchen,陳大文,資訊學院\n", "big5"),
        ("address,name\nchen,張學友\n", "big5"),
        ("address,name\nm,José Müller\n", "cp1252"),
        ("address,name\nm,Élodie\n", "cp1252"),
        ("address,name\nm,Müller\n", "utf-8"),
        ("address,name\nu,ئابدۇللا\n", "utf-8"),
        ("address,name\nt,བཀྲ་ཤིས\n", "utf-8"),
        ("address,name\ni,Иван Петров\n", "utf-8"),
    ],
)
def test_encodings(text: str, encoding: str) -> None:
    table = read(text.encode(encoding))
    assert [table.headers, *rows(table)] == [line.split(",") for line in text.splitlines()]


def test_a_guess_is_told_and_another_can_be_chosen() -> None:
    big5 = read("address,name\nchen,張學友\n".encode("big5"))
    assert "Big5" in big5.notes[0]
    content = "address,name\nx,ҶΰҶ\n".encode()  # 叶伟叶 in GBK, and letters of Greek and Russian in UTF-8
    guessed = read(content)
    assert encodings.NAMES[guessed.encoding] in guessed.notes[0]
    assert rows(read(content, encoding="utf-8")) == [["x", "ҶΰҶ"]]
    assert rows(read(content, encoding="gb18030")) == [["x", content[15:-1].decode("gb18030")]]
    assert read(content, encoding="gb18030").notes == []
    assert read(SIMPLE.encode()).notes == read(SIMPLE.encode("gbk")).notes == []


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_damaged_byte_spoils_one_row(encoding: str) -> None:
    content = SIMPLE.encode(encoding).replace("三".encode(encoding), b"\xff\x80")
    table = read(content)
    assert rows(table)[1] == ["ye", "叶伟", "信息学院"]
    assert "\N{REPLACEMENT CHARACTER}" in rows(table)[0][1]


def test_marks_at_the_beginning() -> None:
    for mark in (b"\xef\xbb\xbf" * 2, b"\xef\xbb\xbf" * 3):
        assert read(mark + SIMPLE.encode()).headers == ["邮箱", "姓名", "部门"]
    assert read(b"\xef\xbb\xbf" + SIMPLE.encode("gbk")).encoding == "gb18030"


# --- Text files -------------------------------------------------------------------------------------------------------

HEAD = "address,name,department\n"
CSV: list[tuple[str, list[list[str]], list[int]]] = [
    # quotation marks
    ('a,"A,x\nb,B,y\nc,C,z\n', [["b", "B", "y"], ["c", "C", "z"]], [2]),
    ('a,"A,x\nb,"B",y\nc,C,z\n', [["b", "B", "y"], ["c", "C", "z"]], [2]),
    ('a,"A,x\nb,B",y\nc,C,z\n', [["c", "C", "z"]], [2]),
    ('a,A,"x\nb,B,y\n', [["b", "B", "y"]], [2]),
    ('a,A"B,x\nb,B,y\n', [["b", "B", "y"]], [2]),
    ('a,"A"B,x\nb,B,y\n', [["b", "B", "y"]], [2]),
    ('"a","A ""B"" C", "x" \n', [["a", 'A "B" C', "x"]], []),
    ('a,"A\nof two lines",x\n', [["a", "A\nof two lines", "x"]], []),
    ('a,"' + "A\n" * 99 + '",x\nb,B,y\n', [["b", "B", "y"]], [*range(2, 102)]),
    # more and fewer cells
    ("a,A,x,more\nb,B,y\n", [["b", "B", "y"]], [2]),
    ("a,A,x,,\nb,B,y\n", [["a", "A", "x"], ["b", "B", "y"]], []),
    ("only-one\nb,B,y\na,A\n", [["b", "B", "y"]], [2, 4]),
    ("a，A，x\nb,B,y\n", [["b", "B", "y"]], [2]),
    # empty rows, ends of lines
    ("\n\na,A,x\n,,\n\nb,B,y", [["a", "A", "x"], ["b", "B", "y"]], []),
    ("a,A,x\r\nb,B,y\rc,C,z", [["a", "A", "x"], ["b", "B", "y"], ["c", "C", "z"]], []),
    # what keeps a number a text
    ('="001",A,x\n"=""002""",B,y\n', [["001", "A", "x"], ["002", "B", "y"]], []),
]


@pytest.mark.parametrize(("text", "good", "wrong"), CSV)
def test_a_wrong_line_spoils_no_other(text: str, good: list[list[str]], wrong: list[int]) -> None:
    table = read((HEAD + text).encode())
    assert rows(table) == good
    assert faults(table) == wrong


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\naddress;name\nx;1,5\n",
        '"sep=;"\naddress;name\nx;1,5\n',
        "address\tname\nx\t1,5\n",
        "address；name\nx；1,5\n",
        "address|name\nx|1,5\n",
        "Staff, 2026, all of them\naddress;name\nx;1,5\n",
    ],
)
def test_what_stands_between_cells(text: str) -> None:
    table = read(text.encode())
    assert (table.headers, rows(table)) == (["address", "name"], [["x", "1,5"]])


def test_headings() -> None:
    title = as_csv(
        ("示例大学教职工名单", "", ""), ("2026 年", "", ""), ("工号", "姓名", "邮箱"), ("1", "张三", "zhang")
    )
    table = read(title)
    assert (table.heading, table.headers, rows(table)) == (3, ["工号", "姓名", "邮箱"], [["1", "张三", "zhang"]])
    assert "row 3" in table.notes[-1]
    assert read(title, heading=1).headers == ["示例大学教职工名单"]
    bare = read(b"zhang,A\nli,B\n", heading=0)
    assert (bare.headers, rows(bare)) == (["A", "B"], [["zhang", "A"], ["li", "B"]])


@pytest.mark.parametrize(
    "heading",
    [" 邮 箱 ", "邮箱地址（必填）", "邮箱*", "电子邮箱:", "E-Mail", "\ufeff邮箱", "Ｅｍａｉｌ", "user_name"],
)
def test_headings_in_other_words(heading: str) -> None:
    assert columns.of_heading(heading) == "address"


def test_headings_that_were_broken() -> None:
    """What fits them is then no row either."""
    with pytest.raises(Refused, match="more than one row: 1 and 2"):
        read("邮箱,姓名\n部门\na,A,x\nb,B\nc,C,z\n".encode())
    table = read("邮箱,姓名部门\na,A,x\nb,B\nc,C,z\nd,D,w\n".encode())
    assert faults(table) == [2, 3, 4, 5]


# --- Other files ------------------------------------------------------------------------------------------------


def test_names_of_files_say_nothing() -> None:
    assert rows(read(as_xlsx(*PEOPLE))) == rows(read(as_csv(*PEOPLE)))


ODS = io.BytesIO()
with zipfile.ZipFile(ODS, "w") as _packed:
    _packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
XLSB = io.BytesIO()
with zipfile.ZipFile(XLSB, "w") as _packed:
    _packed.writestr("xl/workbook.bin", "x")


NOISE = Random(7).randbytes(4096)  # as in a picture


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel or WPS file"),
        (ODS.getvalue(), r"\.ods"),
        (XLSB.getvalue(), r"\.xlsb"),
        (b"PK\x03\x04 and then nothing", "not an XLSX file"),
        (b"<html><table><tr><td>address</td></tr></table>", "web page"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "web page or XML"),
        (b"%PDF-1.7", "PDF"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + NOISE, "no table, whatever its name says"),
        (NOISE, "no table, whatever its name says|not text in UTF-8 or GBK"),
        (b"Rar!\x1a\x07", "archive"),
        (b"\xff\xff\xff\xff", "not text"),
        (b"\0\1\2\3" * 100, "not text"),
        (b"", "empty"),
        (b"\xff\xfe", "empty"),
    ],
)
def test_other_files(content: bytes, told: str) -> None:
    with pytest.raises(Refused, match=told):
        read(content)
