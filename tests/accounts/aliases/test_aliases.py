"""Other addresses of a mailbox, as the office grants them and their owner sees them."""

import pytest

from accounts.aliases.models import Alias
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from portal.office import roles
from tests.conftest import MakeUser
from tests.kit.officers import clerk_with
from tests.kit.people import NUMBER, Person

ADD = "/admin/aliases/alias/add/"


@pytest.fixture
def clerk(make_user: MakeUser) -> Person:
    return clerk_with(make_user, roles.ADMINISTRATOR)


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    return make_user("wangwu", phone=NUMBER, language="en")


def asked(**changed: str) -> dict[str, str]:
    return {"address": "press@example.edu", "mailbox": "wangwu@example.edu", "receives": "on", "note": ""} | changed


def test_it_is_granted_shown_and_withdrawn(clerk: Person, owner: User, make_user: MakeUser) -> None:
    assert clerk.post(ADD, asked(address="Press＠example.edu")).status_code == 302
    alias = Alias.objects.get()
    assert (alias.address, alias.user, alias.receives, alias.created_by) == (
        "press@example.edu", owner, True, clerk.user
    )  # fmt: skip
    reader, other = Person(owner), Person(make_user("lisi", phone="13700137001"))
    for person in (reader, other):
        person.arrive()
    assert "press@example.edu" in reader.get("/guides/iphone/").content.decode()
    assert "press@example.edu" not in other.get("/guides/iphone/").content.decode()
    assert clerk.post(f"/admin/aliases/alias/{alias.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Alias.objects.exists()
    kinds = SecurityEvent.objects.filter(user=owner, kind__startswith="alias").order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == ["alias_granted", "alias_withdrawn"]


def test_what_is_not_granted(clerk: Person, owner: User, make_user: MakeUser) -> None:
    make_user("off")
    make_user("dean", is_staff=True, is_superuser=True)
    Alias.objects.create(address="taken@example.edu", user=owner)
    for changed in (
        {"address": "press"},
        {"address": "press@elsewhere.example"},
        {"address": "press+news@example.edu"},
        {"address": "wangwu@example.edu"},
        {"address": "taken@example.edu"},
        {"address": "off@example.edu"},  # a mailbox keeps its mail
        {"address": "dean@example.edu", "receives": ""},  # a colleague's
        {"mailbox": "dean@example.edu"},
        {"mailbox": "nobody@example.edu"},
        {"mailbox": "off@example.edu wangwu@example.edu nobody@example.edu"},
    ):
        response = clerk.post(ADD, asked(**changed))
        assert response.status_code == 200, changed
        assert "errorlist" in response.content.decode(), changed
    assert Alias.objects.count() == 1
    assert clerk.post(ADD, asked(address="off@example.edu", receives="")).status_code == 302, "to be sent as"
