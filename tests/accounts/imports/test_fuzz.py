"""Whatever was done to a file: no row is lost, put together with another, or invented without being named.

Two hundred files here; all two thousand, or others, with FUZZED_FILES=2000 (and FUZZED_FROM=…).
"""

import os
from collections import Counter
from typing import Any

import pytest

from accounts.imports import columns
from accounts.imports.resource import PeopleResource
from accounts.spreadsheets import spreadsheets, workbooks
from accounts.spreadsheets.rows import Refused
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit import fuzzed_files
from tests.kit.fuzzed_files import Fuzzed, marks_of

FILES = int(os.environ.get("FUZZED_FILES", "200"))
FIRST = int(os.environ.get("FUZZED_FROM", "1"))


def _in_this_process(content: bytes, sheet: str, limits: Any, _beat: Any) -> dict[str, Any]:
    """A process for each of hundreds would take minutes; tests/accounts/spreadsheets/test_spreadsheets.py starts it."""
    found = workbooks.answer(content, sheet, limits)
    if "why" in found:
        raise workbooks.Unreadable(found["why"])
    return found


@pytest.fixture
def clerk(make_user: MakeUser) -> User:
    return make_user("itoffice", is_staff=True, is_superuser=True)


def test_no_row_is_lost_merged_or_invented(clerk: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "read", _in_this_process)
    wrong, refused = [], 0
    for seed in range(FIRST, FIRST + FILES):
        file = fuzzed_files.make(seed)
        found = list(_faults(file, clerk))
        refused += found == ["refused"]
        wrong += [f"{seed}: {fault} ({file.what})" for fault in found if fault != "refused"]
    assert wrong == []
    assert refused < FILES / 3, "a file is refused as a whole only where nothing of it can be read"


def _faults(file: Fuzzed, clerk: User) -> list[str]:
    try:
        table = spreadsheets.read(file.content, headings=columns.is_heading, known=columns.words())
        names = columns.of(table.headers)
    except Refused:
        return ["refused"]
    resource = PeopleResource(clerk)
    resource.check(table, names)
    named = {complaint.line for complaint in resource.complaints}
    told = "\n".join(text for row in table.rows if row.line in named for text in row.texts)
    told += "\n".join(text for row in table.top if row.line < table.heading for text in row.texts)
    told += "\n".join(header for header, name in zip(table.headers, names, strict=True) if not name)
    people = [_marks(user, file, table) for user in resource.create_instances]
    faults = [f"put together: {sorted(marks)}" for marks in people if len(marks) > 1]
    faults += [f"invented: {user}" for user, marks in zip(resource.create_instances, people, strict=True) if not marks]
    counted = Counter(mark for marks in people for mark in marks)
    faults += [f"twice: {mark}" for mark, times in counted.items() if times > 1 and "_twice" not in file.what]
    faults += [f"lost: {mark}" for mark in file.present - counted.keys() - marks_of(told)]
    return faults


def _marks(user: User, file: Fuzzed, table: spreadsheets.Table) -> set[str]:
    """The rows that a person was made of."""
    texts = [user.username, user.name]
    if not any("合并" in note for note in table.notes):  # a department of the row above, which is told
        texts.append(user.department)
    return {mark for text in texts for mark in marks_of(text)} & set(file.marks)
