"""How a file was read is shown, and can be chosen; what nobody meant is named by its cell."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.imports.models import Roster
from accounts.users.models import User
from tests.kit.files_of_people import as_csv, as_xlsx, confirm, hand_in
from tests.kit.people import Person

ENGLISH = {"accept-language": "en"}


def page_of(manager: Person, row: Roster) -> str:
    return str(manager.get(f"/admin/imports/roster/{row.pk}/change/", headers=ENGLISH).content.decode())


def choose(manager: Person, row: Roster, **chosen: str) -> Roster:
    """What the form of the page sends, with something else chosen."""
    page = page_of(manager, row)
    sent = {}
    for name, options in re.findall(r'<select name="(\w+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        if picked := re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', options):
            sent[name] = picked[1] if picked[1] is not None else picked[2]
        else:
            sent[name] = ""
    assert set(chosen) <= set(sent)
    manager.post(f"/admin/imports/roster/{row.pk}/change/", sent | chosen | {"act": "read"})
    row.refresh_from_db()
    return row


def names() -> set[tuple[str, str]]:
    people = User.objects.exclude(username__startswith="manager").values_list("username", "name")
    return {(username.partition("@")[0], name) for username, name in people}


def test_another_encoding_is_chosen_and_nothing_handed_in_twice(manager: Person) -> None:
    row = hand_in(manager, "address,name\nx,ҶΰҶ\n".encode())
    assert "The encoding was guessed" in page_of(manager, row)
    row = choose(manager, row, encoding="gb18030")
    assert "The encoding was guessed" not in page_of(manager, row)
    row = choose(manager, row, encoding="utf-8")
    confirm(manager, row)
    assert names() == {("x", "ҶΰҶ")}


def test_another_row_of_headings_and_other_columns(manager: Person) -> None:
    """Where nothing is known of the columns, it is asked, and nobody is imported meanwhile."""
    row = hand_in(manager, as_csv(("工号", "称呼"), ("zhang", "张三"), ("li", "李四")))
    assert "There is no column “mailbox address”" in page_of(manager, row)
    assert row.version == ""
    row = choose(manager, row, column_0="address", column_1="name")
    assert row.report["new"] == 2
    row = choose(manager, row, column_1="address", column_0="address")
    assert "there twice" in row.report["refusal"]
    row = choose(manager, row, column_1="name")
    row = choose(manager, row, heading="0")
    assert "There is no column" in row.report["refusal"]
    row = choose(manager, row, column_0="address", column_1="name")
    assert row.report["error_count"] == 1, "工号 is no mailbox"
    row = choose(manager, row, heading="1")
    row = choose(manager, row, column_0="address", column_1="name")
    confirm(manager, row)
    assert names() == {("zhang", "张三"), ("li", "李四")}


def test_columns_that_are_not_read_are_named(manager: Person) -> None:
    row = hand_in(manager, as_csv(("工号", "邮箱", "姓名", "Shoe size"), ("1", "zhang", "张三", "44")))
    assert "These columns are not read: 工号, Shoe size." in page_of(manager, row)
    assert row.report["new"] == 1


CELLS: list[tuple[str, Any, str]] = [
    ("A2", ("1.20201E+11", "", ""), "is a number that was shortened"),
    ("A2", ("1.20201e+11@example.edu", "", ""), ""),  # 1.20201e+11 before an @ was typed by somebody
    ("A2", ("20190001.0", "", ""), "is a number to which a program added decimals"),
    ("A2", ("1234567890123456", "", ""), "is a number of more than 15 digits"),
    ("A2", ("#N/A", "", ""), "is an error of the spreadsheet program"),
    ("A2", ("########", "", ""), "is an error of the spreadsheet program"),
    ("A2", ("NULL", "", ""), "is what a database or program writes"),
    ("A2", ("", "张三", ""), "there is no mailbox address"),
    ("B2", ("x", "#REF!", ""), "name: is an error of the spreadsheet program"),
    ("B2", ("x", "王?", ""), "name: has “?”"),
    ("B2", ("x", "王&#200078;", ""), "name: has a character written as on a web page"),
    ("B2", ("x", "å¼\xa0ä¸‰", ""), "name: was read in the wrong encoding"),
    ("B2", ("x", "锟斤拷", ""), "name: holds characters that were destroyed"),
    ("B2", ("x", "王\0", ""), "name: contains characters that cannot be shown"),
    ("C2", ("x", "", "3月1日"), "department: is a day"),
    ("C2", ("x", "", "文学院li@example.edu"), "department: holds a mailbox address"),
    ("C2", ("x", "", "1-Mar"), "department: is a day"),
    ("C2", ("x", "", "110101199003071234"), "department: is a number of more than 15 digits"),
]


@pytest.mark.parametrize(("cell", "texts", "told"), CELLS)
def test_what_nobody_meant_is_named_by_its_cell(manager: Person, cell: str, texts: Sequence[str], told: str) -> None:
    row = hand_in(manager, as_csv(("邮箱", "姓名", "部门"), texts, ("good", "好", "")))
    found = [(place, text) for _line, place, _address, text in row.report["errors"]]
    if not told:
        assert found == []
        return
    assert [place for place, _text in found] == [cell]
    assert found[0][1].startswith(told)
    confirm(manager, row)
    assert names() == {("good", "好")}


def test_cells_of_a_workbook_that_are_not_what_they_seem(manager: Person) -> None:
    row = hand_in(
        manager,
        as_xlsx(
            ("邮箱", "姓名", "部门"),
            (20190001, "张三", 2030),
            (1.5, "x", ""),
            (123456789012345678, "x", ""),
            ("x", datetime(2030, 3, 1), ""),  # noqa: DTZ001
            ("y", True, ""),
            ("z", "x", datetime(2030, 3, 1)),  # noqa: DTZ001
        ),
        "people.xlsx",
    )
    assert [place for _line, place, _address, _text in row.report["errors"]] == ["A3", "A4", "B5", "B6", "C7"]
    confirm(manager, row)
    assert names() == {("20190001", "张三")}
    assert User.objects.get(name="张三").department == "2030"


@pytest.mark.parametrize(
    "text",
    [
        "2030年9月1日",
        "２０３０年９月１日",
        "2030 年 9 月 1 日",
        "20300901",
        "2030-9-1 0:00:00",
        "2030/09/01 00:00",
        "2030.9.1",
    ],
)
def test_dates_in_chinese(manager: Person, text: str) -> None:
    confirm(manager, hand_in(manager, as_csv(("邮箱", "二次认证启用时间"), ("x", text))))
    start = User.objects.get(username="x@example.edu").two_step_from
    assert start
    assert timezone.localtime(start).isoformat() == "2030-09-01T00:00:00+08:00"


@pytest.mark.parametrize("text", ["47727", "9/1/2030", "1/9/30", "2030年", "明年", "2030-09-01 25:00"])
def test_dates_that_may_be_others(manager: Person, text: str) -> None:
    row = hand_in(manager, as_csv(("邮箱", "二次认证启用时间"), ("x", text)))
    assert [place for _line, place, _address, _text in row.report["errors"]] == ["B2"]


def test_names_that_are_newer_than_tables_of_characters(manager: Person) -> None:
    names_ = ["王\U0003158e", "王\ue863", "ئا\u200cئە", "买买提·吐尔逊", "扎西 顿珠"]
    row = hand_in(manager, as_csv(("邮箱", "姓名"), *((f"p{n}", name) for n, name in enumerate(names_))))
    assert row.report["error_count"] == 0
    confirm(manager, row)
    assert {name for _username, name in names()} == set(names_)


def test_headings_that_come_once_more_are_nobody(manager: Person) -> None:
    row = hand_in(manager, as_csv(("邮箱", "姓名"), ("x", "X"), ("邮箱", "姓名"), ("y", "Y")))
    assert [(line, text) for line, _cell, _address, text in row.report["errors"]] == [(3, "the headings once more")]
    english = hand_in(manager, b"address,name\nx,X\naddress,name\ny,Y\n")
    assert (english.report["new"], english.report["error_count"]) == (2, 1)


def test_what_nobody_can_see_is_dropped(manager: Person) -> None:
    row = hand_in(manager, as_csv(("\ufeff邮箱", "姓名"), ("\ufeffx\u200b@example.edu", "王\u200d小\u00ad明\u00a0")))
    confirm(manager, row)
    assert names() == {("x", "王小明")}
