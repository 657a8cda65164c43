"""An account that has left goes with all that was kept of it; what stays is named here, and why."""

import re
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import CASCADE, SET_NULL, Model
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.audit import audit
from accounts.bans.models import Ban, Failure
from accounts.closures import closures
from accounts.closures.models import Absence
from accounts.directory.models import Person as Entry
from accounts.log import sentences
from accounts.log.models import SecurityEvent
from accounts.phones.models import Phone, Suggestion
from accounts.users.models import User
from portal.celery import app
from portal.office import erasure
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, Person
from tests.kit.sitemap import Addresses
from tests.portal.test_settings import read

# Where a person who is gone is still named.
STAYS = {
    SecurityEvent: "the log of the network that law wants kept; it goes with EVENT_LIFETIME",
}
LIFETIME = timedelta(days=200)


@pytest.fixture
def left(make_user: MakeUser, settings: Settings) -> User:
    """Disabled for long, and once in every table that there is a page for."""
    settings.ERASE_AFTER = LIFETIME
    user = make_user("weichi", name="尉迟恭", phone=NUMBER, department="天文台")
    Addresses(user, Phone.objects.get(user=user))
    Suggestion.objects.create(user=user, number=f"+86{NUMBER}")
    wrong = {"network": "192.0.2.9", "account": user.username}
    ban = Ban.objects.create(until=timezone.now(), **wrong)
    Failure.objects.create(ban=ban, password_digest="d", channel="web", **wrong)
    LogEntry.objects.create(
        user=make_user("clerk"), content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk),
        object_repr=user.username, action_flag=CHANGE,
    )  # fmt: skip
    User.objects.filter(pk=user.pk).update(is_active=False)
    closures.run()
    return user


def later(by: timedelta) -> Any:
    return time_machine.travel(timezone.now() + by, tick=True)


def naming(*words: str) -> Iterator[type[Model]]:
    """The tables in which one of these stands anywhere."""
    for model in apps.get_models():
        for row in model._default_manager.values():
            if any(word in str(row) for word in words):
                yield model
                break


def test_no_row_names_who_is_erased_but_those_that_law_wants(left: User) -> None:
    words = ("weichi", "尉迟恭", NUMBER)
    before = set(naming(*words))
    assert len(before) > 5
    with later(LIFETIME + timedelta(hours=1)):
        erasure.run()
    assert set(naming(*words)) == set(STAYS)
    keys = {
        model._meta.label
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is User and model._default_manager.filter(**{field.name: left.pk}).exists()
    }
    assert keys == {model._meta.label for model in STAYS}


def test_each_table_lets_go_of_a_person() -> None:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.related_model is User and model not in STAYS:
                assert field.remote_field is not None
                assert field.remote_field.on_delete in (CASCADE, SET_NULL), field


def test_the_log_is_whole_and_says_it(left: User) -> None:
    with later(LIFETIME + timedelta(hours=1)):
        app.tasks["log.seal"]()
        erasure.run()
        app.tasks["log.seal"]()
        assert not list(audit.Audit().faults())
    event = SecurityEvent.objects.get(kind="expired")
    assert event.username == left.username
    assert left.username in sentences.full(event)


def test_the_notes_about_whose_address_ends_alike_stay(left: User, clerk: Person) -> None:
    assert clerk.user
    for name in (f"Brother of {left.username}", f"lao{left.username}", f"{left.username}.cn"):
        LogEntry.objects.create(user=clerk.user, object_repr=name, action_flag=CHANGE)
    erasure.erase(left, actor=clerk.user)
    assert {entry.object_repr for entry in LogEntry.objects.all()} == {f"lao{left.username}", f"{left.username}.cn"}


# --- When


def test_not_before_its_time_and_not_who_is_back(left: User) -> None:
    with later(LIFETIME - timedelta(hours=1)):
        erasure.run()
        assert User.objects.filter(pk=left.pk).exists()
        User.objects.filter(pk=left.pk).update(is_active=True)
        closures.run()
        assert not Absence.objects.exists()
        User.objects.filter(pk=left.pk).update(is_active=False)
        closures.run()
    with later(LIFETIME + timedelta(days=100)):
        erasure.run()
        assert User.objects.filter(pk=left.pk).exists(), "its days are counted anew"


def test_who_was_enabled_a_moment_ago_stays(left: User) -> None:
    User.objects.filter(pk=left.pk).update(is_active=True)
    with later(LIFETIME + timedelta(hours=1)):
        erasure.run()
    assert User.objects.filter(pk=left.pk).exists()


@pytest.mark.parametrize("disabled_at", [None, timezone.now()], ids=["there", "gone there too"])
def test_whom_the_directory_would_make_anew(left: User, settings: Settings, disabled_at: Any) -> None:
    settings.LDAP_SYNC = True
    Entry.objects.create(user=left, identity="1", disabled_at=disabled_at)
    with later(LIFETIME + timedelta(hours=1)):
        erasure.run()
    assert User.objects.filter(pk=left.pk).exists() is (disabled_at is None)


def test_never_unless_the_office_says_when(left: User, settings: Settings) -> None:
    settings.ERASE_AFTER = timedelta()
    with later(timedelta(days=5000)):
        erasure.run()
    assert User.objects.filter(pk=left.pk).exists()


def test_logins_of_mail_programs_are_kept_as_long_as_law_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, ERASE_AFTER="184d")["ERASE_AFTER"] == timedelta(days=184)
    with pytest.raises(SystemExit, match="ERASE_AFTER"):
        read(monkeypatch, ERASE_AFTER="183d")


# --- By the office


def test_the_command(left: User, lisi: Person) -> None:
    def said(*words: str) -> str:
        out = StringIO()
        call_command("erase", *words, stdout=out)
        return out.getvalue()

    assert said() == ""
    with later(LIFETIME + timedelta(hours=1)):
        assert said().startswith("weichi@example.edu: disabled since ")
    with pytest.raises(CommandError, match="disable it first"):
        said("lisi@example.edu")
    with pytest.raises(CommandError, match="no account"):
        said("nobody@example.edu")
    assert "is erased" in said("weichi@example.edu", "--reason", "on request")
    assert not User.objects.filter(pk=left.pk).exists()
    assert SecurityEvent.objects.get(kind="erased").detail == {"reason": "manage.py erase: on request"}


def test_the_page_that_asks_says_what_goes_and_what_stays(left: User, office: Person, settings: Settings) -> None:
    """And reads no row of it: there may be years of them."""
    one = f"/admin/accounts/user/{left.pk}/delete/"
    with CaptureQueriesContext(connection) as queries:
        page = office.get(one)
    assert not [query for query in queries if "maillogin" in query["sql"]]
    chosen = {"action": "delete_selected", "_selected_action": [left.pk]}
    for answer in (page, office.post("/admin/accounts/user/", chosen)):
        text = answer.content.decode()
        assert "weichi@example.edu · 尉迟恭 · 天文台" in text
        assert f"保留 {settings.EVENT_LIFETIME.days} 天" in text
        assert "无法恢复" in text
        assert not re.search("Places?|Sign ins?|Namings?", text), "names of tables"


def test_the_page_that_deletes_an_account_does_it_too(left: User, office: Person) -> None:
    office.post(f"/admin/accounts/user/{left.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=left.pk).exists()
    assert set(naming("weichi")) == set(STAYS)
    event = SecurityEvent.objects.get(kind="erased")
    assert office.user
    assert event.actor_id == office.user.pk
