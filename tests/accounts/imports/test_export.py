"""People into a file that is safe to open."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from accounts.factors.models import Authenticator
from accounts.imports import imports
from accounts.log.models import SecurityEvent
from accounts.phones.models import Phone
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.files_of_people import hand_in, has_errors
from tests.kit.people import NUMBER, Person
from tests.kit.plans import officer, people

EXPORT = "/admin/accounts/user/export/"


@pytest.fixture
def auditor(make_user: MakeUser) -> Person:
    return officer(make_user, "auditor", "view_user", "export_people")


def exported(auditor: Client, kind: str = "csv", query: str = "") -> list[list[str]]:
    response = auditor.post(f"{EXPORT}?{query}", {"format": kind}, headers={"accept-language": "en"})
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].endswith(f'.{kind}"')
    if kind == "xlsx":
        sheet = load_workbook(io.BytesIO(response.content)).active
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
        return [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export(auditor: Person, wangwu: Person, kind: str) -> None:
    Authenticator.objects.create(user=wangwu.user, name="FreeOTP", key=b"sealed", last_step=0)
    headers, *rows = exported(auditor, kind)
    assert headers == [
        "mailbox address", "name", "department", "language", "two-step from", "active", "last day", "phone",
        "ways to verify",
    ]  # fmt: skip
    (row,) = [row for row in rows if row[0] == "wangwu@example.edu"]
    assert row[1] == "王五"
    assert row[-4:] == ["yes", "", "138****8000", "Code by SMS、Authenticator app"]
    assert NUMBER not in str(rows)
    event = SecurityEvent.objects.get(kind="people_exported")
    assert (event.actor, event.detail) == (auditor.user, {"people": len(rows), "format": kind})


def test_what_was_exported_can_be_imported(manager: Person, clerk: Person, lisi: Person, wangwu: Person) -> None:
    """Names like formulas included; nothing changes."""
    User.objects.filter(username="lisi@example.edu").update(name="-", department="@home")
    User.objects.filter(username="wangwu@example.edu").update(name="'=1", department="''-")
    content = imports.export(User.objects.all(), "csv", clerk.user, "192.0.2.1")  # type: ignore[arg-type]
    row = hand_in(manager, content)
    assert not has_errors(row), row.report
    assert (row.report["new"], row.report["changed"], row.report["unchanged"]) == (0, 0, 4)


def test_what_the_list_shows_is_exported(auditor: Person, lisi: Person, zhangsan: Person, make_user: MakeUser) -> None:
    """As it is filtered, and without the colleagues that it hides; oneself one sees."""
    make_user("root", is_superuser=True)
    assert [row[0] for row in exported(auditor, query="q=lisi")[1:]] == ["lisi@example.edu"]
    assert [row[0] for row in exported(auditor)[1:]] == [
        "auditor@example.edu", "lisi@example.edu", "zhangsan@example.edu",
    ]  # fmt: skip


def test_export_needs_its_right(manager: Person) -> None:
    assert manager.get(EXPORT).status_code == 403
    assert manager.post(EXPORT, {"format": "csv"}).status_code == 403
    assert "export/" not in manager.get("/admin/accounts/user/").content.decode()


def test_export_asks_first(auditor: Person) -> None:
    assert auditor.get(EXPORT).status_code == 200
    assert not SecurityEvent.objects.filter(kind="people_exported").exists()


def test_export_takes_few_statements(auditor: Person, django_assert_max_num_queries: Any) -> None:
    users = people(600)
    Phone.objects.bulk_create(Phone(user=user, number=f"+8613{n:09}") for n, user in enumerate(users))
    with django_assert_max_num_queries(25):
        exported(auditor)
