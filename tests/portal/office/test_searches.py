"""Whoever is meant is found, the same on both databases; and in a large university by an index."""

from collections.abc import Iterator
from importlib import import_module

import pytest
from django.db import connection
from django.db.models import QuerySet
from pytest_django import DjangoDbBlocker, Settings

from accounts.phones.models import Phone
from accounts.users.models import User
from portal.office import searches
from portal.operations import doctor
from tests.kit.databases import database
from tests.kit.servers import migrated

PEOPLE = {
    "zhang.wei@example.edu": ("张伟", "文学院"),
    "wei@example.edu": ("欧阳伟", "理学院"),
    "hui.wei@example.edu": ("Müller Wei", ""),
    "o'neil_1@example.edu": ("O'Neil 100%", "文学院"),
}
FOUND = {
    "张": {"zhang.wei@example.edu"},
    "伟": {"zhang.wei@example.edu", "wei@example.edu"},
    "欧阳伟": {"wei@example.edu"},
    "阳欧": set(),  # its characters are there, the part is not
    "伟 文学院": {"zhang.wei@example.edu"},
    "wei": {"zhang.wei@example.edu", "wei@example.edu", "hui.wei@example.edu"},
    "WEI 理": {"wei@example.edu"},
    "wei@example.edu": {"wei@example.edu"},  # and not those whose addresses end so
    "WEI@Example.EDU": {"wei@example.edu"},
    "ei@example.edu": {"zhang.wei@example.edu", "wei@example.edu", "hui.wei@example.edu"},
    "Müller": {"hui.wei@example.edu"},
    "ller w": {"hui.wei@example.edu"},
    "100%": {"o'neil_1@example.edu"},
    "'neil_": {"o'neil_1@example.edu"},
    "l%1": set(),
    "8123": {"wei@example.edu"},
}


def make_people() -> None:
    for username, (name, department) in PEOPLE.items():
        User.objects.create_user(username, name=name, department=department)
    owner = User.objects.get(username="wei@example.edu")
    Phone.objects.create(user=owner, number="+8613800138123", confirmed=True)


def names(people: QuerySet[User]) -> set[str]:
    return set(people.values_list("username", flat=True))


def test_on_sqlite(db: None) -> None:
    make_people()
    for typed, found in FOUND.items():
        assert names(searches.find(User.objects.all(), typed)) == found, typed


@pytest.fixture(scope="module")
def university(postgresql: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    url = f"{postgresql.rpartition('/')[0]}/searches"
    with django_db_blocker.unblock():
        with database(postgresql), connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE searches")
        migrated.migrate(url)
        with database(url):
            make_people()
            yield


def test_on_postgresql(university: None) -> None:
    for typed, found in FOUND.items():
        assert names(searches.find(User.objects.all(), typed)) == found, typed
    assert not any("docs/performance.md" in finding.words for _, finding in doctor.examine(only=["database"]))


@pytest.mark.parametrize(
    ("typed", "index"),
    [("wei@example.edu", "accounts_user_username"), ("hang", "people_by_part"), ("Müller", "people_by_part"),
     ("伟", "people_by_character"), ("欧阳伟", "people_by_"), ("8123", "people_by_part")],
)  # fmt: skip
def test_by_an_index(university: None, typed: str, index: str) -> None:
    """As the planner does where there are many; here there are few, and it is told that reading all of them is dear."""
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_indexscan = on")
    plan = searches.find(User.objects.all(), typed).order_by().explain()
    assert index in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("keys", [[], ["k" * 40], ["sm3:" + "k" * 40, "k" * 40]], ids=["clear", "aes", "two"])
def test_the_end_of_a_number_by_an_index(university: None, settings: Settings, keys: list[str]) -> None:
    settings.NUMBER_KEYS = keys
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
    assert "phones_by_last_digits" in searches.ending("8123").explain()


def test_where_the_extension_may_not_be_made(university: None, postgresql: str) -> None:
    """Migrated all the same, and everybody is found."""
    migration = import_module("accounts.users.migrations.0006_parts")
    table, url = User._meta.db_table, f"{postgresql.rpartition('/')[0]}/searches"
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION pg_trgm CASCADE")
        cursor.execute("CREATE ROLE poor LOGIN")
        cursor.execute("GRANT ALL ON SCHEMA public TO poor")
        cursor.execute(f"ALTER TABLE {table} OWNER TO poor")
        with database(url.replace("mailkey@", "poor@")), connection.schema_editor(atomic=False) as editor:
            migration.index(None, editor)
        assert indexes() == {"people_by_character"}
        for typed, found in FOUND.items():
            assert names(searches.find(User.objects.all(), typed)) == found, typed
        told = [finding.words for _, finding in doctor.examine(only=["database"])]
        assert any("docs/performance.md" in words for words in told)
        cursor.execute(f"ALTER TABLE {table} OWNER TO CURRENT_USER")
    with connection.schema_editor(atomic=False) as editor:
        migration.index(None, editor)
    assert indexes() == {"people_by_character", "people_by_part"}


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'people_by%'")
        return {name for (name,) in cursor.fetchall()}
