"""What is asked again and again is planned by PostgreSQL once for each connection; and answered as ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from accounts.bans.where import places
from accounts.lib.compiled import Change, Query
from accounts.users.models import OF_A_NAME, User
from tests.kit.crowd import Crowd
from tests.kit.databases import database

OF_A_KEY = Query(lambda pk: User.objects.filter(pk=pk))
RENAME = Change(lambda pk, name: (User.objects.filter(pk=pk), {"name": name}))


@contextmanager
def portals(url: str, **settings: Any) -> Iterator[None]:
    """This process asks as the portal does."""
    with database(url):
        connections.databases["default"] |= {"ENGINE": "portal.database", **settings}
        connections["default"] = connections.create_connection("default")
        try:
            yield
        finally:
            connections["default"].close()


@pytest.fixture
def as_portal(postgresql_crowd: Crowd, django_db_blocker: DjangoDbBlocker) -> Iterator[Crowd]:
    with django_db_blocker.unblock(), portals(postgresql_crowd.database_url):
        yield postgresql_crowd


def planned() -> list[str]:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


def person() -> User:
    return User.objects.create(username=f"planned{timezone.now().timestamp()}@example.edu")


def test_once_however_often_it_is_asked(as_portal: Crowd) -> None:
    people = [person() for _ in range(12)]
    before = len(planned())
    for one in people:
        assert OF_A_NAME.first(one.username) == one
    assert len(planned()) == before + 1
    assert list(User.objects.filter(username=people[0].username)) == people[:1]
    assert len(planned()) == before + 1, "what is built anew each time may be anything, and is not kept"


def test_changes_and_statements_too(as_portal: Crowd) -> None:
    one, before = person(), len(planned())
    for number in range(3):
        assert RENAME.run(one.pk, f"name {number}") == 1
        assert places.standing("203.0.113.7").kind is places.standing("203.0.113.8").kind
    assert len(planned()) == before + 2
    one.refresh_from_db()
    assert one.name == "name 2"
    assert RENAME.run(0, "nobody") == 0


def test_keys_of_every_length(as_portal: Crowd) -> None:
    for pk in (person().pk, 7_000_000, 7_000_000_000):
        one, _ = User.objects.get_or_create(pk=pk, defaults={"username": f"{pk}@example.edu"})
        assert OF_A_KEY.first(pk) == one
    assert OF_A_KEY.first(-1) is None


def test_after_what_was_rolled_back(as_portal: Crowd) -> None:
    one = person()

    @transaction.atomic
    def fail() -> None:
        assert OF_A_NAME.first(one.username) == one
        User.objects.create(username=one.username)

    for _ in range(3):
        with pytest.raises(IntegrityError):
            fail()
        assert OF_A_NAME.first(one.username) == one


def test_while_a_release_adds_a_column(as_portal: Crowd) -> None:
    one = person()
    assert OF_A_NAME.first(one.username) == one
    with connections["default"].cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_user ADD COLUMN of_the_next_release text DEFAULT 'x'")
        try:
            assert OF_A_NAME.first(one.username) == one
        finally:
            cursor.execute("ALTER TABLE accounts_user DROP COLUMN of_the_next_release")
    assert OF_A_NAME.first(one.username) == one


def test_nothing_stays_behind_in_a_pooler(postgresql_crowd: Crowd, django_db_blocker: DjangoDbBlocker) -> None:
    url = postgresql_crowd.database_url
    with django_db_blocker.unblock(), portals(url, DISABLE_SERVER_SIDE_CURSORS=True):
        one = person()
        assert OF_A_NAME.first(one.username) == one
        assert RENAME.run(one.pk, "renamed") == 1
        assert planned() == []
