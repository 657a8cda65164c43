"""People do what they do with numbers, and then every value of every row is looked at."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.imports.models import Roster
from accounts.phones import phones, suggestions
from accounts.phones.models import Phone
from accounts.sealing import contents
from tests.accounts.sealing.test_numbers import AES, SM
from tests.conftest import MakeUser
from tests.kit.files_of_people import as_csv, hand_in
from tests.kit.people import NUMBER, OTHER_NUMBER, Person, code_from_phone

pytestmark = pytest.mark.django_db

# Where a number stands in clear, if nothing is said of it.
PLACES = {
    "phones_phone.number", "phones_suggestion.number", "delivery_sms.number", "django_session.session_data",
    "imports_roster.content", "imports_roster.report",
}  # fmt: skip
HALF, TOLD, LATE = "13800138777", "13800138888", "13800138999"


def everything() -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    yield f"{table}.{name}", _text(name, value)


def _text(name: str, value: object) -> str:
    if name == "session_data":
        return json.dumps(SessionStore().decode(str(value)))
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def live(make_user: MakeUser, manager: Person) -> Person:
    """One binds, changes and has a number from the directory, one stops half-way, a clerk hands in a file and types
    something into a form that comes too late."""
    person, other = Person(make_user("zhangsan")), Person(make_user("lisi"))
    assert person.user
    suggestions.keep({person.user.pk: f"+86{TOLD}"})
    person.enter_password()
    person.bind(NUMBER)
    other.enter_password()
    other.post("/sign-in/phone/", {"number": HALF, "agreed": "on"})
    wrong = hand_in(manager, as_csv(("邮箱", "姓名", "手机"), ("new", "新", HALF), ("no mailbox", "错", HALF)))
    assert wrong.wrong
    with time_machine.travel(timezone.now() + timedelta(minutes=121)):
        person.post("/security/phone/", {"number": LATE, "agreed": "on"})
    return other


@pytest.mark.parametrize("ring", [[], [AES], [SM]], ids=["clear", "aes", "sm4"])
def test_no_row_has_a_number(make_user: MakeUser, manager: Person, settings: Settings, ring: list[str]) -> None:
    settings.NUMBER_KEYS = ring
    live(make_user, manager)
    found = {place for place, text in everything() for number in (NUMBER, HALF, TOLD, LATE) if number in text}
    assert found == (set() if ring else PLACES)
    raw = dict(everything())["imports_roster.wrong"]  # in a file that is packed nobody finds it
    assert raw.startswith(contents.MARK.decode()) is bool(ring)


def test_and_yet_all_of_it_goes_on(make_user: MakeUser, manager: Person, settings: Settings) -> None:
    settings.NUMBER_KEYS = [SM]
    other = live(make_user, manager)
    settings.NUMBER_KEYS = [AES, SM]
    row = Roster.objects.get()
    assert row.reading
    assert HALF in str(row.reading["top"])
    assert HALF in manager.get(f"/admin/imports/roster/{row.pk}/change/").text
    zhangsan = Person(Phone.objects.get(number=f"+86{NUMBER}").user)
    zhangsan.arrive()
    assert zhangsan.is_in()
    other.enter_password()
    other.post("/sign-in/phone/", {"number": OTHER_NUMBER, "agreed": "on"})
    settings.NUMBER_KEYS = [SM, AES]
    other.post("/sign-in/phone/", {"code": code_from_phone(OTHER_NUMBER)})
    assert other.user
    phone = phones.of(other.user)
    assert phone
    assert phone.number == f"+86{OTHER_NUMBER}"


def test_what_a_session_holds_under_a_lost_key_is_forgotten(make_user: MakeUser, settings: Settings) -> None:
    """And the page asks anew."""
    settings.NUMBER_KEYS = [SM]
    other = Person(make_user("lisi"))
    other.enter_password()
    other.post("/sign-in/phone/", {"number": HALF, "agreed": "on"})
    settings.NUMBER_KEYS = [AES]
    answer = other.get("/sign-in/phone/")
    assert answer.status_code == 200
    assert HALF not in answer.text.replace(" ", "")
