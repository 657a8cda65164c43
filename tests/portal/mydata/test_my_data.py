"""A person takes a copy of what is kept of him: all of it, nothing of others, and nothing that opens anything."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
import time_machine
from django.apps import apps
from django.db.models import Field
from django.utils import timezone, translation

from accounts.delivery.models import Mail
from accounts.log.models import SecurityEvent
from accounts.phones.models import Phone, Suggestion
from accounts.users.models import User
from apppasswords import passwords
from portal.mydata.copies import A_DAY
from portal.mydata.parts import PARTS
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, OTHER_NUMBER, Person
from tests.kit.sitemap import Addresses

PAGE = "/security/data/"
OF_THE_OFFICE = "what a clerk did for or to somebody else"
COUNTER = "a counter that empties itself within a day"
WITH_IT = "a part of something that is there"
# What leads to a person and is not in the copy.
LEFT_OUT = {
    **dict.fromkeys(
        (
            "bans.Ban.lifted_by", "bans.KnownNetwork.created_by", "bans.KnownNetwork.edited_by",
            "aliases.Alias.created_by", "routes.Gateway.switched_by", "owners.Ownership.created_by",
            "rollouts.Rollout.made_by", "rollouts.Exemption.made_by", "rollouts.Exemption.ended_by",
            "rollouts.PreviewMail.user", "imports.Roster.made_by", "phones.HelpCode.issued_by", "admin.LogEntry.user",
            "directory.Sync.made_by", "log.SecurityEvent.actor", "openid.Application.user",
        ),
        OF_THE_OFFICE,
    ),
    "owners.Ownership.mailbox": "nobody signs in as a department mailbox",
    "directory.Asked.user": COUNTER,
    "apppasswords.Naming.user": COUNTER,
    "closures.Absence.user": "of who cannot sign in",
    "directory.Remembered.user": "a digest of a password, for minutes",
    "openid.Grant.user": "lives for a minute",
    "openid.RefreshToken.user": WITH_IT,
    "openid.IDToken.user": WITH_IT,
    "oauth2_provider.DeviceGrant.user": "a table that is not used",
    # One step further
    "delivery.Attempt.sms": WITH_IT,
    "factors.RecoveryCode.recovery_set": WITH_IT,
}  # fmt: skip
FOLLOWED = {
    "apppasswords.FirstUse.password": "password__user",
    "apppasswords.AppPassword.ownership": "ownership__owner",
}


def taken(person: Person, language: str = "en") -> tuple[dict[str, Any], str]:
    """data.json, and the page to read."""
    response = person.post(PAGE, headers={"accept-language": language})
    assert response.headers["Content-Type"] == "application/zip", response.content[:2000]
    with ZipFile(BytesIO(response.content)) as archive:
        assert archive.namelist() == ["data.json", "data.html"]
        return json.loads(archive.read("data.json")), archive.read("data.html").decode()


# --- All of it


def leading_here() -> Iterator[tuple[str, str]]:
    """Each column by which a row belongs to a person, or to a row that does: its name, and how a part would call it."""
    given = {part.model for part in PARTS} - {User}
    for model in apps.get_models():
        direct = [field for field in model._meta.concrete_fields if field.related_model is User]
        further = [field for field in model._meta.concrete_fields if field.related_model in given]
        for field in direct:
            yield f"{model._meta.label}.{field.name}", field.name
        if not direct:
            for field in further:
                name = f"{model._meta.label}.{field.name}"
                yield name, FOLLOWED.get(name, field.name)


def test_every_table_with_somebody_in_it_is_in_the_copy_or_left_out_on_purpose() -> None:
    given = {(part.model._meta.label, part.of) for part in PARTS}
    for name, way in leading_here():
        is_given = (name.rpartition(".")[0], way) in given
        assert is_given is not (name in LEFT_OUT), name
    assert LEFT_OUT.keys() <= {name for name, _way in leading_here()}, "a table that is no longer there"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_column_is_given_or_left_out_on_purpose(part: Any) -> None:
    columns: list[Field[Any, Any]] = list(part.model._meta.concrete_fields)
    names = {column.name for column in columns} - {"id", part.of.partition("__")[0]}
    shown = {column.name for column in part.shown}
    assert names <= shown | set(part.hidden)
    assert set(part.hidden) <= {column.name for column in columns}
    assert not shown & set(part.hidden) - {"password"}  # of a first use: its name


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_it_is_said_in_the_language_of_the_page(wangwu: Person, language: str) -> None:
    wangwu.arrive()
    _plain, page = taken(wangwu, language)
    with translation.override(language):
        assert all(str(part.title) in page for part in PARTS)
    headings = re.findall(r"<th scope=\"(?:col|row)\">(.*?)</th>", page)
    if language == "zh-hans":
        assert not [text for text in headings if not re.search(r"[一-鿿]", text)]
    else:
        assert not re.search(r"[一-鿿]", "".join(headings))


def test_what_somebody_has_done_is_in_it(wangwu: Person) -> None:
    assert wangwu.user
    Suggestion.objects.create(user=wangwu.user, number=f"+86{OTHER_NUMBER}")
    wangwu.sign_in()
    made = passwords.create(wangwu.user, "Foxmail", request="r")
    plain, page = taken(wangwu)
    assert plain["account"][0]["username"] == "wangwu@example.edu"
    assert [phone["number"] for phone in plain["phone"]] == ["138****8000"]
    assert plain["directory_number"][0]["number"] == "139****9000"
    assert [sms["purpose"] for sms in plain["sms"]] == ["sign_in"]
    assert [row["name"] for row in plain["app_passwords"]] == ["Foxmail"]
    assert {"signed_in", "app_password_created", "data_taken"} <= {event["kind"] for event in plain["events"]}
    assert "Foxmail" in page
    assert made is not None
    assert "zh-hans" not in page, "languages have names"
    without = page.partition("Nothing is kept of")[2]
    assert "Passkeys" in without
    assert "Bound phone" not in without


def test_a_thing_has_no_surname(wangwu: Person) -> None:
    """Chinese has two words for the name of somebody and of something."""
    assert wangwu.user
    wangwu.arrive()
    passwords.create(wangwu.user, "Foxmail", request="r")
    _plain, page = taken(wangwu, "zh-hans")
    rows = page.partition("<h2>客户端专用密码</h2>")[2].partition("</table>")[0]
    assert ">名称<" in rows
    assert "姓名" not in rows


# --- Nothing of others, nothing that opens anything


def test_nothing_of_others(wangwu: Person, make_user: MakeUser, manager: Person) -> None:
    other = make_user("zhaoliu", name="赵六", phone=OTHER_NUMBER)
    Addresses(other, Phone.objects.get(user=other))
    SecurityEvent.objects.create(
        kind="sessions_ended",
        user=wangwu.user,
        username="wangwu@example.edu",
        actor=manager.user,
        actor_name="manager@x",
    )
    wangwu.arrive()
    plain, page = taken(wangwu)
    text = json.dumps(plain) + page
    for name in ("zhaoliu", "赵六", "manager", "192.0.2.7", "139****9000"):
        assert name not in text
    assert any(event["by_office"] for event in plain["events"])


def test_no_secret(wangwu: Person) -> None:
    assert wangwu.user
    Addresses(wangwu.user, Phone.objects.get(user=wangwu.user))
    wangwu.arrive()
    plain, page = taken(wangwu)
    text = json.dumps(plain) + page
    assert NUMBER not in text
    assert wangwu.user.password not in text
    secrets = re.compile("digest|nonce|secret|hash|session$|token|key|seal|signature|request|code$|stamp|password$")
    names = {column.name for part in PARTS for column in part.shown}
    assert {name for name in names if secrets.search(name)} == {"must_change_password", "password"}  # that of a first
    assert all(row["password"] == "Outlook" for row in plain["app_passwords_first_used"])  # use is its name


# --- Who may


def test_it_asks_for_a_second_step(wangwu: Person) -> None:
    wangwu.arrive()
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert wangwu.post(PAGE).headers["Location"].startswith("/security/confirm/")


def test_the_owner_is_told_and_it_has_an_end(wangwu: Person) -> None:
    wangwu.arrive()
    for _time in range(A_DAY):
        taken(wangwu)
    refused = wangwu.post(PAGE, headers={"accept-language": "en"})
    assert "several times today" in refused.content.decode()
    assert SecurityEvent.objects.filter(kind="data_taken").count() == A_DAY
    assert Mail.objects.filter(event__kind="data_taken").count() == A_DAY
