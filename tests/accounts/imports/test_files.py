"""Which files are read, and which are refused."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django import Settings

from accounts.imports.models import Roster
from tests.kit.files_of_people import (
    ADD,
    HEADERS,
    as_csv,
    as_xlsx,
    confirm,
    hand_in,
    has_errors,
    person_called,
    refusal_of,
)
from tests.kit.people import Person


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_excel_writes_it(manager: Person, encoding: str, delimiter: str) -> None:
    content = as_csv(
        ("邮箱地址", "姓名", "部门"), ("new", "王小明", "信息学院"), encoding=encoding, delimiter=delimiter
    )
    row = hand_in(manager, content)
    assert not has_errors(row)
    confirm(manager, row)
    assert (person_called("new").name, person_called("new").department) == ("王小明", "信息学院")


def test_xlsx(office: Person) -> None:
    day = timezone.datetime(2030, 9, 1)  # type: ignore[attr-defined]
    content = as_xlsx(
        HEADERS, ("new", "王小明", 2030, "en", day, True), (None,) * 6, ("new2", None, None, None, None, 0)
    )
    row = hand_in(office, content, "people.xlsx")
    assert not has_errors(row)
    confirm(office, row)
    new = person_called("new")
    assert (new.name, new.department, new.is_active) == ("王小明", "2030", True)
    assert new.two_step_from
    assert timezone.localtime(new.two_step_from).isoformat() == "2030-09-01T00:00:00+08:00"
    assert not person_called("new2").is_active


def test_a_formula_in_an_xlsx(manager: Person) -> None:
    row = hand_in(manager, as_xlsx(HEADERS[:2], ("new", '=HYPERLINK("http://x","y")')), "people.xlsx")
    assert row.report["errors"][0][1:] == ["B2", "new", "name: is a formula. Save the file with values instead."]


def test_what_goes_back_is_no_part_of_what_came(manager: Person) -> None:
    """Macros, embedded objects, links: whoever opens the file of wrong rows opens one that was written here."""
    planted = b"planted" * 9
    file = io.BytesIO(as_xlsx(HEADERS[:2], ("no mailbox", "=cmd|'/c calc'!A1")))
    with zipfile.ZipFile(file, "a") as packed:
        for part in ("xl/vbaProject.bin", "xl/embeddings/oleObject1.bin", "xl/externalLinks/externalLink1.xml"):
            packed.writestr(part, planted)
    row = hand_in(manager, file.getvalue(), "people.xlsm")
    assert has_errors(row)
    back = manager.get(f"/admin/imports/roster/{row.pk}/wrong/")
    with zipfile.ZipFile(io.BytesIO(back.content)) as ours, zipfile.ZipFile(io.BytesIO(as_xlsx(("x",)))) as plain:
        assert set(ours.namelist()) <= {*plain.namelist(), "xl/sharedStrings.xml"}
        parts = [ours.read(part) for part in ours.namelist()]
    assert not [part for part in parts if planted in part or b"<f>" in part]
    assert b"'=cmd" in b"".join(parts), "as text"


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"", "people.csv", "The file is empty."),
        (b"\xef\xbb\xbf\r\n\r\n", "people.csv", "The file is empty."),
        (b"address,name\r\n", "people.csv", "The file has headings but no rows."),
        (b"name\r\nx\r\n", "people.csv", "There is no column “mailbox address”."),
        (b"address,Email\r\nx,y\r\n", "people.csv", "These columns are there twice: mailbox address."),
        (b"\xff\xff\xff\xff", "people.csv", "The file is not text in UTF-8 or GBK."),
        (b"\0\1\2\3" * 99, "people.csv", "The file is not text in UTF-8 or GBK."),
        (b"no xlsx at all", "people.xlsx", "The file has headings but no rows."),
        (b"PK\x03\x04 and then nothing", "people.csv", "This is not an XLSX file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "people.xls", "This is an old Excel or WPS file (.xls, .et)"),
    ],
)
def test_files_that_are_refused(manager: Person, content: bytes, name: str, told: str) -> None:
    assert refusal_of(manager, content, name).startswith(told)


def test_too_many_rows(manager: Person, settings: Settings) -> None:
    settings.IMPORT_ROWS_LIMIT = 3
    rows = [(f"n{n}",) for n in range(4)]
    assert refusal_of(manager, as_csv(HEADERS[:1], *rows)) == "The file has more than 3 rows. Split it."
    assert not has_errors(hand_in(manager, as_csv(HEADERS[:1], *rows[:3])))


def test_too_large(manager: Person, settings: Settings) -> None:
    settings.IMPORT_SIZE_LIMIT = 100
    response = manager.post(ADD, {"file": SimpleUploadedFile("people.csv", b"x" * 101)})
    assert response.status_code == 200
    assert response.context["form"].errors["file"]
    assert not Roster.objects.exists()


def test_an_xlsx_that_unpacks_to_more_than_it_should(manager: Person, settings: Settings) -> None:
    settings.IMPORT_SIZE_LIMIT = 20_000
    content = as_xlsx(HEADERS[:1], *(("x" * 900,) for _ in range(1000)))
    assert len(content) < 20_000
    assert refusal_of(manager, content, "people.xlsx") == "The file is too large."
