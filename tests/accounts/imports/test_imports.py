"""People from a file: previewed, then all that are right or none."""

import io
from collections.abc import Sequence
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openpyxl import load_workbook
from pytest_django import Settings

from accounts.browsers.models import TrustedBrowser
from accounts.imports import imports, preview
from accounts.imports.models import Roster
from accounts.jobs import jobs
from accounts.jobs import tasks as jobs_tasks
from accounts.log.models import SecurityEvent
from accounts.rollouts import exemptions
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.files_of_people import ADD, HEADERS, as_csv, as_xlsx, confirm, hand_in, has_errors
from tests.kit.people import PASSWORD, Person
from tests.kit.plans import in_days, officer


def import_(manager: Person, *rows: Sequence[object]) -> Roster:
    row = hand_in(manager, as_csv(*rows))
    assert not has_errors(row)
    return confirm(manager, row)


def refusal(manager: Person, content: bytes, name: str = "people.csv") -> str:
    row = hand_in(manager, content, name)
    assert (row.status, row.version) == ("checked", "")
    return str(row.report["refusal"])


def errors(manager: Person, *rows: Sequence[object]) -> list[tuple[int, str]]:
    row = hand_in(manager, as_csv(*rows))
    return [(line, text) for line, _cell, _address, text in row.report["errors"]]


def get(name: str) -> User:
    return User.objects.get(username=f"{name}@example.edu")


# --- All that are right, or nothing -----------------------------------------------------------------------------------


def test_first_a_preview_then_everything(manager: Person, lisi: Person) -> None:
    row = hand_in(
        manager,
        as_csv(
            HEADERS,
            ("new1@example.edu", "新一", "文学院", "", "", ""),
            ("new2", "新二", "文学院", "en", "2030-09-01", "yes"),
            ("lisi@example.edu", "李四", "文学院", "", "", ""),
        ),
    )
    report = row.report
    assert (report["new"], report["changed"], report["unchanged"], report["two_step"]) == (2, 1, 0, 1)
    assert User.objects.filter(username__startswith="new").count() == 0
    row = confirm(manager, row)
    assert (row.status, row.content) == ("done", None)
    new2 = get("new2")
    assert (new2.name, new2.department, new2.language, new2.is_active) == ("新二", "文学院", "en", True)
    assert new2.two_step_from
    assert timezone.localtime(new2.two_step_from).isoformat() == "2030-09-01T00:00:00+08:00"
    assert get("new1").two_step_from is None
    assert get("new1").language == "zh-hans"
    assert get("lisi").department == "文学院"
    assert not new2.has_usable_password()
    events = SecurityEvent.objects.filter(kind="person_imported", actor=manager.user)
    assert {event.username: event.detail for event in events} == {
        "new1@example.edu": {"file": row.pk, "new": True},
        "new2@example.edu": {"file": row.pk, "new": True},
        "lisi@example.edu": {"file": row.pk, "changed": ["department"]},
    }
    assert SecurityEvent.objects.get(kind="people_imported").detail == {
        "file": row.pk, "new": 2, "changed": 1, "unchanged": 0
    }  # fmt: skip


def test_one_wrong_row_keeps_no_other_out(manager: Person) -> None:
    """It is named by its cell, left out, and given back as a file that can be handed in when it is corrected."""
    content = as_csv(("邮箱", "姓名", "工号"), ("good", "好", "1"), ("no mailbox", "=坏", "2"), ("other", "另", "3"))
    row = hand_in(manager, content)
    assert row.report["errors"] == [[3, "B3", "no mailbox", "name: is a formula. Save the file with values instead."]]
    page = f"/admin/imports/roster/{row.pk}/"
    assert "without the wrong ones" in manager.get(f"{page}change/", headers={"accept-language": "en"}).content.decode()
    row = confirm(manager, row)
    assert (row.status, row.content) == ("done", None)
    assert set(User.objects.filter(name__in="好另坏").values_list("name", flat=True)) == {"好", "另"}
    sheet = load_workbook(io.BytesIO(manager.get(f"{page}wrong/").content)).active
    headers, wrong = sheet.iter_rows(values_only=True)
    assert headers[:3] == ("邮箱", "姓名", "工号")
    assert wrong == ("no mailbox", "'=坏", "2", "3", "B3 name: is a formula. Save the file with values instead.")
    assert not any(cell.data_type == "f" for line in sheet.iter_rows() for cell in line)
    sheet["A2"], sheet["B2"] = "better", "好了"
    corrected = io.BytesIO()
    sheet.parent.save(corrected)
    row = hand_in(manager, corrected.getvalue(), "corrected.xlsx")
    assert (row.report["new"], row.report["error_count"]) == (1, 0)


def test_where_every_row_is_wrong_there_is_nothing_to_import(manager: Person) -> None:
    row = hand_in(manager, as_csv(HEADERS[:2], ("no mailbox", "坏")))
    assert row.version == ""
    assert confirm(manager, row).status == "checked"
    page = manager.get(f"/admin/imports/roster/{row.pk}/change/").content.decode()
    assert 'value="import"' not in page


def test_nobody_else_opens_a_file(manager: Person, office: Person, make_user: MakeUser) -> None:
    """An administrator neither: what is in it is its clerk's until it is imported, and in the log afterwards."""
    row = hand_in(manager, as_csv(HEADERS[:2], ("new", "新"), ("no mailbox", "坏")))
    second = officer(make_user, "second", "roll_out", "view_user", "add_user", phone="13700137008")
    page = f"/admin/imports/roster/{row.pk}/"
    for other in (office, second):
        assert other.get(f"{page}change/").status_code == 403
        assert other.get(f"{page}wrong/").status_code == 403
        for act in ("import", "drop", "read"):
            assert other.post(f"{page}change/", {"act": act, "version": row.version}).status_code == 403
    row.refresh_from_db()
    assert (row.status, row.working) == ("checked", False)
    assert manager.get(f"{page}wrong/").status_code == 200


def test_what_stood_in_a_file_is_deleted(clock: Any, manager: Person) -> None:
    kept = hand_in(manager, as_csv(HEADERS[:2], ("new", "新"), ("no mailbox", "坏")))
    assert kept.content
    imported = confirm(manager, hand_in(manager, as_csv(HEADERS[:2], ("new2", "新"), ("no mailbox", "坏"))))
    clock.shift(7 * 86400 + 1)
    imports.delete_expired()
    for row in (kept, imported):
        row.refresh_from_db()
        assert (row.content, row.wrong, row.version) == (None, None, "")
        assert "坏" not in str(row.report)
        assert row.report["new"] == 1
    assert manager.get(f"/admin/imports/roster/{kept.pk}/change/").status_code in (200, 302)


def test_an_empty_cell_changes_nothing_and_nobody_is_deleted(manager: Person, wangwu: Person, lisi: Person) -> None:
    assert wangwu.user
    before = User.objects.get(pk=wangwu.user.pk)
    import_(manager, HEADERS, ("wangwu", "", "", "", "", ""))
    after = User.objects.get(pk=wangwu.user.pk)
    assert (after.name, after.two_step_from, after.is_active) == ("王五", before.two_step_from, True)
    assert User.objects.filter(username="lisi@example.edu").exists()


def test_what_changed_since_the_preview_is_shown_first(manager: Person, lisi: Person) -> None:
    row = hand_in(manager, as_csv(HEADERS[:2], ("lisi", "新名"), ("new", "新")))
    User.objects.filter(username="lisi@example.edu").update(name="别名")
    row = confirm(manager, row)
    assert row.status == "checked"
    assert row.report["changed_meanwhile"]
    assert get("lisi").name == "别名"
    assert not User.objects.filter(username="new@example.edu").exists()
    assert confirm(manager, row).status == "done"


def test_somebody_comes_between_the_check_and_the_writing(
    manager: Person, lisi: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are compared once more, locked, in the transaction that writes."""
    row = hand_in(manager, as_csv(HEADERS[:2], ("lisi", "新名"), ("new", "新")))
    version_of, once = preview.version_of, iter([True])

    def edited_meanwhile(resource: Any) -> str:
        version = version_of(resource)
        if next(once, False):
            User.objects.filter(username="lisi@example.edu").update(name="别名")
        return version

    monkeypatch.setattr(preview, "version_of", edited_meanwhile)
    row = confirm(manager, row)
    assert (row.status, row.report["changed_meanwhile"]) == ("checked", True)
    assert get("lisi").name == "别名"
    assert not User.objects.filter(username="new@example.edu").exists()


def test_who_was_added_meanwhile_is_not_added_twice(
    manager: Person, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = hand_in(manager, as_csv(HEADERS[:2], ("new1", "新"), ("new2", "新")))
    hold = imports._hold
    monkeypatch.setattr(imports, "_hold", lambda *args: (hold(*args), make_user("new2"))[0])
    row = confirm(manager, row)
    monkeypatch.undo()
    assert row.status == "checked"
    assert not User.objects.filter(username="new1@example.edu").exists()


def test_a_preview_that_was_replaced_is_not_imported(manager: Person) -> None:
    row = hand_in(manager, as_csv(HEADERS[:1], ("new",)))
    manager.post(f"/admin/imports/roster/{row.pk}/change/", {"act": "import", "version": "0" * 64})
    manager.post(f"/admin/imports/roster/{row.pk}/change/", {"act": "import", "version": ""})
    assert not User.objects.filter(username="new@example.edu").exists()


def test_what_killed_a_worker_is_tried_again_only_by_its_clerk(clock: Any, manager: Person) -> None:
    assert manager.user
    content = as_csv(HEADERS[:1], *((f"n{n}",) for n in range(600)))
    row = imports.take("people.csv", content, manager.user, language="en")
    first = jobs.claim(Roster, row.pk)
    assert first
    jobs_tasks.sweep()
    assert Roster.objects.get().status == "checking"
    clock.shift(61)
    jobs_tasks.sweep()
    row = Roster.objects.get()
    assert (row.status, row.working, row.failed) == ("checking", False, True)
    with pytest.raises(imports.Lost):
        imports._check(first)
    page = f"/admin/imports/roster/{row.pk}/change/"
    assert "Check it once more" in manager.get(page, headers={"accept-language": "en"}).content.decode()
    manager.post(page, {"act": "read"})
    row = Roster.objects.get()
    assert (row.status, row.failed, row.done, row.total) == ("checked", False, 500, 600)


# --- Rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (("a@b@example.edu",), "is no mailbox address"),
        (("张三@example.edu",), "is no mailbox address"),
        (("x" * 300 + "@example.edu",), "is no mailbox address"),
        (("",), "there is no mailbox address"),
        (("a", "名" * 101), "name: is longer than 100 characters"),
        (("a", "n", "d", "fr"), "language: “fr” is neither zh-hans nor en"),
        (("a", "n", "d", "en", "soon"), "two-step from: “soon” is no date like 2030-09-01"),
        (("a", "n", "d", "en", "2030-02-30"), "two-step from: “2030-02-30” is no date like 2030-09-01"),
        (("a", "n", "d", "en", "", "perhaps"), "active: “perhaps” is neither yes nor no"),
        (("a", "=1+1"), "name: is a formula. Save the file with values instead."),
        (("=A1",), "is a formula. Save the file with values instead."),
    ],
)
def test_errors_are_named_by_row(manager: Person, cells: tuple[str, ...], told: str) -> None:
    padded = (*cells, *[""] * (len(HEADERS) - len(cells)))
    if not any(padded):
        padded = ("", "name", *padded[2:])
    assert errors(manager, HEADERS, ("good", "", "", "", "", ""), padded) == [(3, told)]


def test_the_same_address_twice(manager: Person) -> None:
    found = errors(manager, HEADERS[:1], ("new",), ("other",), ("NEW@example.edu",))
    assert found == [(4, "the same address stands in row 2")]


def test_a_wrong_row_is_counted_as_the_file_counts(manager: Person) -> None:
    """Empty lines and cells of several lines."""
    content = b'address,name\r\n\r\n"new","of\r\ntwo lines"\r\nno mailbox,x\r\n'
    row = hand_in(manager, content)
    assert [(line, text) for line, _cell, _address, text in row.report["errors"]] == [(5, "is no mailbox address")]


def test_what_is_odd_is_a_warning(manager: Person) -> None:
    row = hand_in(manager, as_csv(HEADERS[:1], ("New@Example.edu",), ("guest@elsewhere.example",), ("plain",)))
    assert not has_errors(row)
    assert [(line, text) for line, _cell, _address, text in row.report["warnings"]] == [
        (2, "will be written as new@example.edu"),
        (3, "is not of example.edu"),
    ]


def test_errors_are_in_the_clerks_language(manager: Person) -> None:
    response = manager.post(
        ADD, {"file": SimpleUploadedFile("x.csv", b"address\nx\n")}, headers={"accept-language": "zh-CN"}
    )
    assert Roster.objects.get(pk=response.headers["Location"].split("/")[-3]).language == "zh-hans"


@pytest.mark.parametrize(("text", "language"), [("中文", "zh-hans"), ("EN", "en"), ("zh-CN", "zh-hans")])
def test_languages_as_people_write_them(manager: Person, text: str, language: str) -> None:
    import_(manager, ("邮箱地址", "语言"), ("new", text))
    assert get("new").language == language


@pytest.mark.parametrize(
    "text", ["2030-09-01", "2030/9/1", "2030-09-01 00:00", "2030.9.1", "2030-08-31T16:00:00+00:00"]
)
def test_dates_as_people_write_them(manager: Person, text: str) -> None:
    import_(manager, ("address", "two_step_from"), ("new", text))
    start = get("new").two_step_from
    assert start
    assert timezone.localtime(start).isoformat() == "2030-09-01T00:00:00+08:00"


# --- Two-step and access ---------------------------------------------------------------------------------------------


def test_a_file_switches_two_step_on_and_never_off_nor_later(manager: Person, wangwu: Person, lisi: Person) -> None:
    assert wangwu.user
    before = wangwu.user.two_step_from
    row = import_(manager, ("address", "two_step_from"), ("wangwu", "2030-09-01"), ("lisi", "2030-09-01"))
    assert [text for _line, _cell, _address, text in row.report["warnings"]] == [
        "has two-step from an earlier date, which stays"
    ]
    assert get("wangwu").two_step_from == before
    assert get("lisi").two_step_from
    assert SecurityEvent.objects.get(kind="two_step_set").username == "lisi@example.edu"


def test_an_exception_outlasts_a_file(manager: Person, lisi: Person) -> None:
    assert manager.user
    assert lisi.user
    until = in_days(20)
    exemptions.make(lisi.user, until, "abroad", actor=manager.user)
    day = timezone.localtime(in_days(5)).strftime("%Y-%m-%d")
    import_(manager, ("address", "two_step_from"), ("lisi", day))
    assert get("lisi").two_step_from == until


@pytest.mark.bypass("row 27: authentik CVE-2025-64521: what was open lives on")
def test_who_is_disabled_by_a_file_is_out_at_once(office: Person, wangwu: Person) -> None:
    wangwu.sign_in(trust_browser="on")
    import_(office, ("address", "active"), ("wangwu", "no"))
    assert not get("wangwu").is_active
    assert not TrustedBrowser.objects.exists()
    import_(office, ("address", "active"), ("wangwu", "yes"))
    assert not wangwu.is_in()


@pytest.mark.parametrize(
    ("rights", "lacking"),
    [
        ((), {2: "is a new person, and you may not add people", 3: "you may not change: name",
              4: "you may not change: active", 5: "you may not change: language"}),
        (("add_user",), {3: "you may not change: name", 4: "you may not change: active",
                         5: "you may not change: language", 7: "you may not change: active"}),
        (("add_user", "change_user"), {4: "you may not change: active", 7: "you may not change: active"}),
        (("add_user", "change_user", "delete_user"), {}),
    ],
)  # fmt: skip
def test_a_file_changes_what_its_clerk_could_change_on_the_page(
    make_user: MakeUser,
    lisi: Person,
    wangwu: Person,
    zhangsan: Person,
    rights: tuple[str, ...],
    lacking: dict[int, str],
) -> None:
    """What stays as it is needs no right: an export can be handed in again."""
    make_user("zhaoliu", name="赵六")
    desk = officer(make_user, "desk", "view_user", "roll_out", *rights)
    rows = [
        ("new", "新", "", "", "", ""),
        ("lisi", "别名", "", "", "", "yes"),
        ("wangwu", "王五", "", "", "", "no"),
        ("zhangsan", "", "", "en", "", ""),
        ("zhaoliu", "赵六", "", "zh-hans", "2030-09-01", "yes"),
        ("gone", "", "", "", "", "no"),
    ]
    row = hand_in(desk, as_csv(HEADERS, *rows))
    told = {line: text for line, _cell, _address, text in row.report["errors"]}
    if "add_user" not in rights:
        lacking = lacking | {7: "is a new person, and you may not add people"}
    assert told == lacking


def test_staff_are_not_changed_by_a_file(manager: Person, clerk: Person, make_user: MakeUser) -> None:
    """Not the manager himself either; a row that changes nothing is no error."""
    make_user("colleague", is_staff=True, name="同事")
    told = "belongs to the IT staff, whom an import does not change"
    rows = [("itoffice", "", "no"), ("manager", "me", ""), ("colleague", "同事", "yes")]
    assert errors(manager, ("address", "name", "active"), *rows) == [(2, told), (3, told)]


def test_a_password_is_not_in_the_file(manager: Person) -> None:
    """And new people cannot get in before they are given one."""
    import_(manager, HEADERS[:1], ("new",))
    visitor = Person(get("new"))
    for password in ("", "!", get("new").password, PASSWORD):
        assert visitor.enter_password(password=password).status_code == 200
    assert "cannot sign in before" in manager.get(ADD, headers={"accept-language": "en"}).content.decode()


def test_where_the_directory_owns_passwords_it_says_so(manager: Person, settings: Settings) -> None:
    settings.PASSWORDS_IN_DIRECTORY = True
    assert "password of the directory" in manager.get(ADD, headers={"accept-language": "en"}).content.decode()


def test_rights_that_were_taken_away_meanwhile(manager: Person) -> None:
    assert manager.user
    row = hand_in(manager, as_csv(HEADERS[:1], ("new",)))
    assert imports.apply(row, manager.user, version=row.version)
    manager.user.user_permissions.clear()
    imports.run(row.pk)
    row.refresh_from_db()
    assert row.report["refusal"] == "You may not import people."
    assert not User.objects.filter(username="new@example.edu").exists()


@pytest.mark.parametrize("right", ["view_user", "change_user", "add_user", "export_people", "help_people"])
def test_only_with_the_right(make_user: MakeUser, manager: Person, right: str) -> None:
    row = hand_in(manager, as_csv(HEADERS[:1], ("new",)))
    desk = officer(make_user, "desk", "view_user", right, phone="13700137009")
    assert desk.get(ADD).status_code == 403
    assert desk.post(ADD, {"file": SimpleUploadedFile("x.csv", b"address\nx\n")}).status_code == 403
    page = f"/admin/imports/roster/{row.pk}/change/"
    assert desk.get(page).status_code == 403
    assert desk.post(page, {"act": "import", "version": row.version}).status_code == 403
    assert not User.objects.filter(username="new@example.edu").exists()


# --- Files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_excel_writes_it(manager: Person, encoding: str, delimiter: str) -> None:
    content = as_csv(
        ("邮箱地址", "姓名", "部门"), ("new", "王小明", "信息学院"), encoding=encoding, delimiter=delimiter
    )
    row = hand_in(manager, content)
    assert not has_errors(row)
    confirm(manager, row)
    assert (get("new").name, get("new").department) == ("王小明", "信息学院")


def test_xlsx(office: Person) -> None:
    day = timezone.datetime(2030, 9, 1)  # type: ignore[attr-defined]
    content = as_xlsx(
        HEADERS, ("new", "王小明", 2030, "en", day, True), (None,) * 6, ("new2", None, None, None, None, 0)
    )
    row = hand_in(office, content, "people.xlsx")
    assert not has_errors(row)
    confirm(office, row)
    new = get("new")
    assert (new.name, new.department, new.is_active) == ("王小明", "2030", True)
    assert new.two_step_from
    assert timezone.localtime(new.two_step_from).isoformat() == "2030-09-01T00:00:00+08:00"
    assert not get("new2").is_active


def test_a_formula_in_an_xlsx(manager: Person) -> None:
    row = hand_in(manager, as_xlsx(HEADERS[:2], ("new", '=HYPERLINK("http://x","y")')), "people.xlsx")
    assert row.report["errors"][0][1:] == ["B2", "new", "name: is a formula. Save the file with values instead."]


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"", "people.csv", "The file is empty."),
        (b"\xef\xbb\xbf\r\n\r\n", "people.csv", "The file is empty."),
        (b"address,name\r\n", "people.csv", "The file has headers, and no rows."),
        (b"name\r\nx\r\n", "people.csv", "There is no column “mailbox address”."),
        (b"address,Email\r\nx,y\r\n", "people.csv", "These columns are there twice: mailbox address."),
        (b"\xff\xff\xff\xff", "people.csv", "The file is no text in UTF-8 or GBK."),
        (b"\0\1\2\3" * 99, "people.csv", "The file is no text in UTF-8 or GBK."),
        (b"no xlsx at all", "people.xlsx", "The file has headers, and no rows."),
        (b"PK\x03\x04 and then nothing", "people.csv", "This is no XLSX file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "people.xls", "This is an old Excel or WPS file (.xls, .et)"),
    ],
)
def test_files_that_are_refused(manager: Person, content: bytes, name: str, told: str) -> None:
    assert refusal(manager, content, name).startswith(told)


def test_too_many_rows(manager: Person, settings: Settings) -> None:
    settings.IMPORT_ROWS_LIMIT = 3
    rows = [(f"n{n}",) for n in range(4)]
    assert refusal(manager, as_csv(HEADERS[:1], *rows)) == "The file has more than 3 rows. Split it."
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
    assert refusal(manager, content, "people.xlsx") == "The file is too large."
