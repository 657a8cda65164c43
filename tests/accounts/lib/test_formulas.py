"""Nothing that goes into a file for a spreadsheet program is a formula there, whichever page writes the file."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from openpyxl import load_workbook

from accounts.lib import formulas
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from tests.kit.people import Person

PEOPLE, LOG = "/admin/accounts/user/export/", "/admin/log/securityevent/export/"
EXPORTS = [(PEOPLE, "csv"), (PEOPLE, "xlsx"), (LOG, "csv")]
STARTS = [
    "=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " =", "\t=", "\r=", "\u3000＝",
    "\xa0-", " \u2003@", "\x0b=",
]  # fmt: skip
CALCULATED = re.compile(r"\s*[=+\-@\t\r\n＝＋－＠]")  # written here once more, so that the rule is not its own proof


def _rows(response: Any, kind: str) -> list[list[str]]:
    content = response.getvalue()
    if kind == "xlsx":
        sheet = load_workbook(io.BytesIO(content)).active
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
        return [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.bypass("CSV injection (CWE-1236): a spreadsheet runs what somebody typed")
@pytest.mark.parametrize(("path", "kind"), EXPORTS)
def test_no_cell_is_a_formula(office: Person, lisi: Person, path: str, kind: str) -> None:
    texts = [f"{start}cmd|'/C calc'!A{number}" for number, start in enumerate(STARTS)]
    User.objects.bulk_create(User(username=f"u{n}@example.edu", name=text, department=text)
                             for n, text in enumerate(texts))  # fmt: skip
    for text in texts:
        SecurityEvent.objects.create(kind="signed_out", username=text, actor_name=text, address=text[:30])
    response = office.post(path, {"format": kind})
    assert response.status_code == 200
    cells = [cell for row in _rows(response, kind) for cell in row]
    assert not [cell for cell in cells if CALCULATED.match(cell)]
    assert sum("cmd|" in cell for cell in cells) >= 2 * len(texts)


def _names(resolver: URLResolver) -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from ((f"{pattern.pattern}{route}", name) for route, name in _names(pattern))
        elif isinstance(pattern, URLPattern):
            yield str(pattern.pattern), pattern.name or ""


def test_every_export_is_tried() -> None:
    routes = {f"/{route}" for route, name in _names(get_resolver()) if "export" in route or "export" in name}
    assert routes == {path for path, _kind in EXPORTS}


@pytest.mark.parametrize("text", [*STARTS, "'", "''", "'=1", "''=1", "'a", "a", "", "it's", "' =1", "'\t"])
def test_what_was_made_harmless_comes_back(text: str) -> None:
    assert formulas.written(formulas.harmless(text)) == text.replace("\x0b", "\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize("text", ["王五", "a=b", "1", "138****8000", "O'Neill", '{"a": "=1"}', "2030-09-01 08:00"])
def test_plain_texts_stay_as_they_are(text: str) -> None:
    assert formulas.harmless(text) == text


def test_unprintable_characters_are_replaced() -> None:
    assert formulas.harmless("a\x07b") == "a\N{REPLACEMENT CHARACTER}b"
