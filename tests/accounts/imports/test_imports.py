"""People from a file: previewed, then all that are right or none."""

import io
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from accounts.imports import imports, preview
from accounts.imports.models import Roster
from accounts.jobs import jobs
from accounts.jobs import tasks as jobs_tasks
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.files_of_people import HEADERS, as_csv, confirm, hand_in, person_called, take_over
from tests.kit.people import Person
from tests.kit.plans import officer


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
    new2 = person_called("new2")
    assert (new2.name, new2.department, new2.language, new2.is_active) == ("新二", "文学院", "en", True)
    assert new2.two_step_from
    assert timezone.localtime(new2.two_step_from).isoformat() == "2030-09-01T00:00:00+08:00"
    assert person_called("new1").two_step_from is None
    assert person_called("new1").language == "zh-hans"
    assert person_called("lisi").department == "文学院"
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
    take_over(manager, HEADERS, ("wangwu", "", "", "", "", ""))
    after = User.objects.get(pk=wangwu.user.pk)
    assert (after.name, after.two_step_from, after.is_active) == ("王五", before.two_step_from, True)
    assert User.objects.filter(username="lisi@example.edu").exists()


def test_what_changed_since_the_preview_is_shown_first(manager: Person, lisi: Person) -> None:
    row = hand_in(manager, as_csv(HEADERS[:2], ("lisi", "新名"), ("new", "新")))
    User.objects.filter(username="lisi@example.edu").update(name="别名")
    row = confirm(manager, row)
    assert row.status == "checked"
    assert row.report["changed_meanwhile"]
    assert person_called("lisi").name == "别名"
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
    assert person_called("lisi").name == "别名"
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
