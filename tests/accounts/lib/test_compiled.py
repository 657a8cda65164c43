"""A query that is compiled once finds what the ORM finds, whoever asks next, and with whatever values."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.lib.compiled import Query
from accounts.phones.models import Phone
from accounts.sessions import halfway
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import NUMBER

JOINED_SINCE = Query(
    lambda name, since: (
        User.objects.filter(username=name, date_joined__gte=since)
        .select_related("phone")
        .annotate(version=F("ways_version"))
    )
)


def test_each_value_finds_its_own(make_user: MakeUser) -> None:
    now = timezone.now()
    people = [make_user(name, phone=NUMBER if name == "b" else None) for name in ("a", "b")]
    for person in people:
        for since, found in ((now - timedelta(days=1), [person]), (now + timedelta(days=1), [])):
            asked = JOINED_SINCE.all(person.username, since)
            plain = list(JOINED_SINCE._build(person.username, since))
            assert asked == plain == found
            for one, other in zip(asked, plain, strict=True):
                assert {**vars(one), "_state": None} == {**vars(other), "_state": None}
    found_with_phone = JOINED_SINCE.first("b@example.edu", now - timedelta(days=1))
    assert found_with_phone
    assert found_with_phone.phone == Phone.objects.get()
    assert JOINED_SINCE.first("nobody@example.edu", now) is None


def test_what_was_found_is_not_remembered(make_user: MakeUser) -> None:
    since = timezone.now() - timedelta(days=1)
    assert JOINED_SINCE.first("a@example.edu", since) is None
    user = make_user("a")
    with CaptureQueriesContext(connection) as asked:
        assert JOINED_SINCE.first("a@example.edu", since) == user
    assert len(asked) == 1
    user.delete()
    assert JOINED_SINCE.first("a@example.edu", since) is None


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_by_its_own_connection(make_user: MakeUser) -> None:
    user = make_user("a")
    found: list[User | None] = []

    def ask() -> None:
        found.append(JOINED_SINCE.first("a@example.edu", user.date_joined))
        connection.close()

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [user] * 4


def test_a_changed_setting_makes_another_query(make_user: MakeUser, settings: Settings) -> None:
    user = make_user("a", phone=NUMBER)
    for steps in (["phone", "app"], ["app"], ["phone"]):
        settings.SECOND_STEPS = steps
        read = halfway.account(user.pk, "10.0.0.1")
        assert read
        assert {name for name in vars(read) if name.startswith("has_")} == {f"has_{way}" for way in steps}
        assert vars(read).get("has_phone", True) is True
