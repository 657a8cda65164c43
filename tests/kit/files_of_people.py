"""Files of people, as a two-step manager hands them in."""

import csv
import io
from collections.abc import Sequence

from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from accounts.imports.models import Roster
from accounts.users.models import User
from tests.kit.people import Person

ADD = "/admin/imports/roster/add/"
HEADERS = ("address", "name", "department", "language", "two_step_from", "active")


def as_csv(*rows: Sequence[object], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(*rows: Sequence[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def hand_in(manager: Person, content: bytes, name: str = "people.csv") -> Roster:
    response = manager.post(ADD, {"file": SimpleUploadedFile(name, content)}, headers={"accept-language": "en"})
    assert response.status_code == 302, response.context["form"].errors
    return Roster.objects.get(pk=response.headers["Location"].split("/")[-3])


def has_errors(row: Roster) -> bool:
    return bool(row.report.get("error_count") or row.report.get("refusal"))


def confirm(manager: Person, row: Roster) -> Roster:
    manager.post(f"/admin/imports/roster/{row.pk}/change/", {"act": "import", "version": row.version})
    row.refresh_from_db()
    return row


def take_over(manager: Person, *rows: Sequence[object]) -> Roster:
    row = hand_in(manager, as_csv(*rows))
    assert not has_errors(row)
    return confirm(manager, row)


def refusal_of(manager: Person, content: bytes, name: str = "people.csv") -> str:
    row = hand_in(manager, content, name)
    assert (row.status, row.version) == ("checked", "")
    return str(row.report["refusal"])


def errors_of(manager: Person, *rows: Sequence[object]) -> list[tuple[int, str]]:
    row = hand_in(manager, as_csv(*rows))
    return [(line, text) for line, _cell, _address, text in row.report["errors"]]


def person_called(name: str) -> User:
    return User.objects.get(username=f"{name}@example.edu")
