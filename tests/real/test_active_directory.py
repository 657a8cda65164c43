"""A real domain controller: what it says of passwords, whom nested groups let in, and people who come, move and go."""

import time
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.directory import people
from accounts.directory.asking import client
from accounts.directory.asking.answers import Answer, Away
from accounts.directory.models import Mark
from accounts.users.models import User
from tests.kit.people import PASSWORD, Person
from tests.kit.servers.active_directory import (
    BASE,
    DISABLED,
    GROUPS,
    LONG_AGO,
    PEOPLE,
    ActiveDirectory,
    dn_of,
    modification,
    person,
    running,
)
from tests.kit.servers.directory import entry

pytestmark = pytest.mark.slow

NEW_PASSWORD = "another-Staple-2027"
MAIL = f"CN=Mail,{GROUPS}"
ELSEWHERE = f"CN=Elsewhere,{GROUPS}"
MEMBERS_OF = "(&(objectClass=user)(mail={{address}})(memberOf:1.2.840.113556.1.4.1941:={group}))"
DIRECTLY = "wangwu", "disabled", "mustchange", "expired", "going", "moving"
CHANGING = "halting", "turning", "parting"
TREE = [
    entry(PEOPLE, objectClass="organizationalUnit", ou="People"),
    entry(GROUPS, objectClass="organizationalUnit", ou="Groups"),
    person("lisi", displayName="李四", department="物理学院"),
    person("wangwu", displayName="王五", department="文学院"),
    person("disabled", userAccountControl=DISABLED),
    person("mustchange", pwdLastSet="0"),
    person("expired", accountExpires=LONG_AGO),
    *map(person, ("locked", "going", "moving")),
    person("outside"),
    entry(f"CN=Physics,{GROUPS}", objectClass="group", member=[dn_of("lisi"), dn_of("locked")]),
    entry(f"CN=Sciences,{GROUPS}", objectClass="group", member=f"CN=Physics,{GROUPS}"),
    *map(person, CHANGING),
    entry(ELSEWHERE, objectClass="group", member=[*map(dn_of, CHANGING)]),
    entry(MAIL, objectClass="group", member=[f"CN=Sciences,{GROUPS}", *map(dn_of, DIRECTLY)]),
]  # fmt: skip


@pytest.fixture(scope="module")
def controller() -> Iterator[ActiveDirectory]:
    with running() as directory:
        directory.change(modification(BASE, lockoutThreshold="3", lockoutDuration="-18000000000", minPwdAge="0"))
        directory.change(*TREE)
        yield directory


@pytest.fixture
def campus(controller: ActiveDirectory, settings: Settings) -> ActiveDirectory:
    """As docs/directory.md has it: members of one group, of those in it too."""
    for name, value in controller.settings().items():
        setattr(settings, name, value)
    settings.LDAP_FILTER = MEMBERS_OF.format(group=MAIL)
    settings.LDAP_ATTRIBUTES = {
        "address": "mail", "name": "displayName", "department": "department", "identity": "objectGUID"
    }  # fmt: skip
    settings.AUTHENTICATION_BACKENDS = ["accounts.directory.backend.Directory"]
    settings.PASSWORDS_IN_DIRECTORY, settings.LDAP_LEAVERS_LIMIT = True, 100
    return controller


def said(directory: ActiveDirectory, name: str, password: str = PASSWORD) -> Answer:
    return client.compare(directory.tls_url, f"{name}@example.edu", password, time.monotonic() + 10)


def test_what_it_says_of_passwords(campus: ActiveDirectory, settings: Settings) -> None:
    found = {
        name: said(campus, name)
        for name in ("lisi", "wangwu", "disabled", "mustchange", "expired", "outside", "nobody")
    }
    assert found == {
        "lisi": Answer.RIGHT,  # by a group in a group in a group
        "wangwu": Answer.RIGHT,
        "disabled": Answer.DISABLED,
        "mustchange": Answer.MUST_CHANGE,
        "expired": Answer.DISABLED,
        "outside": Answer.NOBODY,
        "nobody": Answer.NOBODY,
    }
    for name in ("lisi", "mustchange", "expired"):
        assert said(campus, name, "wrong") is Answer.WRONG, name
    assert [said(campus, "locked", f"wrong {one}") for one in range(3)] == [Answer.WRONG] * 3
    assert said(campus, "locked") is Answer.LOCKED
    assert client.compare(campus.url, "lisi@example.edu", PASSWORD, time.monotonic() + 10) is Answer.RIGHT  # StartTLS
    settings.LDAP_STARTTLS = "off"
    with pytest.raises(Away):  # in clear it takes no password, not even the service account's
        client.compare(campus.url, "lisi@example.edu", PASSWORD, time.monotonic() + 10)
    settings.LDAP_PASSWORD_CHANGE = "ad"
    change = campus.tls_url, "wangwu@example.edu", PASSWORD
    assert not client.change(*change, "short", time.monotonic() + 10)
    assert client.change(*change, NEW_PASSWORD, time.monotonic() + 10)
    assert said(campus, "wangwu", NEW_PASSWORD) is Answer.RIGHT


@pytest.mark.django_db
def test_people_come_move_and_go(campus: ActiveDirectory) -> None:
    """Known by objectGUID, whatever else changes; who is disabled there is out here at once."""
    people.sync()
    known = {user.username.partition("@")[0]: user for user in User.objects.filter(is_active=True)}
    assert set(known) == {"lisi", "wangwu", "mustchange", "expired", "locked", "going", "moving"}
    lisi = Person(known["lisi"])
    assert (known["lisi"].name, known["lisi"].department) == ("李四", "物理学院")
    assert lisi.enter_password().headers["Location"] == "/"
    campus.change(
        modification(dn_of("lisi"), userAccountControl=DISABLED),
        modification(dn_of("moving"), mail="renamed@example.edu", department="moved"),
        f"dn: {dn_of('going')}\nchangetype: delete\n",
    )
    people.sync()
    assert not lisi.is_in()
    moved = User.objects.get(username="renamed@example.edu")
    assert (moved.pk, moved.department) == (known["moving"].pk, "moved")
    assert set(User.objects.filter(is_active=False)) == {known["lisi"], known["going"]}
    campus.change(modification(dn_of("lisi"), userAccountControl="512"))
    people.sync()
    assert lisi.enter_password().headers["Location"] == "/"


@pytest.mark.django_db
def test_who_has_changed_is_read_by_the_count_of_one_controller(campus: ActiveDirectory, settings: Settings) -> None:
    settings.LDAP_FILTER = MEMBERS_OF.format(group=ELSEWHERE)  # whom the other trials know nothing of
    people.sync()
    assert not people.read(only_changes=True).people
    campus.change(
        modification(dn_of("halting"), userAccountControl=DISABLED),
        modification(dn_of("turning"), department="moved"),
        f"dn: {dn_of('parting')}\nchangetype: delete\n",
    )
    assert sorted(one.address for one in people.read(only_changes=True).people) == [
        "halting@example.edu", "turning@example.edu",
    ]  # fmt: skip
    plan = people.sync(only_changes=True)
    assert plan
    assert ([user.username for user in plan.leavers], len(plan.edits)) == (["halting@example.edu"], 1)
    assert not people.read(only_changes=True).people
    assert User.objects.get(username="parting@example.edu").is_active, "who is gone is no change of anybody"
    mark = Mark.objects.get()
    for server, at in ((mark.server, str(int(mark.at) + 1_000_000)), ("another", mark.at)):  # put back; another one
        Mark.objects.update(server=server, at=at)
        assert people.read(only_changes=True).is_whole
    people.sync(only_changes=True)
    assert not User.objects.get(username="parting@example.edu").is_active
    campus.change(modification(dn_of("halting"), userAccountControl="512"))
    people.sync(only_changes=True)
