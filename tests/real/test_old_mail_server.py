"""Passwords come out of the old mail server's own database, and it is only read."""

import csv
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.users.models import User
from portal.environment import urls
from tests.accounts.users.test_foreign_hashes import MADE
from tests.conftest import MakeUser
from tests.kit.people import PASSWORD
from tests.kit.servers import certificates, mariadb, postgres

HASHED = MADE["{SSHA512}"]
QUERY = "SELECT username, password, name FROM mailbox WHERE active = 1;"
TABLE = "CREATE TABLE mailbox (username VARCHAR(255), password VARCHAR(255), name VARCHAR(255), active INT)"
PEOPLE = [
    ("Newcomer@example.edu", HASHED, "张三", 1),
    ("own@example.edu", HASHED, "=1+1", 1),
    ("stranger@example.edu", HASHED, None, 1),
    ("plain@example.edu", "{PLAIN}hunter2", "李四", 1),
    ("gone@example.edu", HASHED, "王五", 0),
]


FUNCTIONS = {
    "postgres": [
        "CREATE FUNCTION note(hash text) RETURNS int LANGUAGE sql AS $$ INSERT INTO noted VALUES (hash) RETURNING 1 $$",
        "CREATE FUNCTION choke(hash text) RETURNS int LANGUAGE sql AS $$ SELECT hash::int $$",
    ],
    "mysql": [
        "CREATE FUNCTION note(hash text) RETURNS int BEGIN INSERT INTO noted VALUES (hash); RETURN 1; END",
        """CREATE FUNCTION choke(hash text) RETURNS int
           BEGIN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = hash; RETURN 1; END""",
    ],
}


class Old(NamedTuple):
    url: str
    run: Callable[..., None]  # as its administrator does


def fill(run: Callable[..., None]) -> None:
    rows = ", ".join(str(row).replace("None", "NULL") for row in PEOPLE)
    run(TABLE, f"INSERT INTO mailbox VALUES {rows}")


@contextmanager
def sqlite(folder: Path) -> Iterator[Old]:
    path = folder / "vmail.sqlite3"

    def run(*statements: str) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    yield Old(f"sqlite:///{path}", run)


@contextmanager
def postgresql(_folder: Path) -> Iterator[Old]:
    with postgres.cluster() as cluster:

        def run(*statements: str) -> None:
            with cluster.session() as session:
                for statement in statements:
                    session.execute(statement)

        yield Old(cluster.url, run)


@contextmanager
def mysql(_folder: Path) -> Iterator[Old]:
    with mariadb.running() as server:

        def run(*statements: str) -> None:
            server.run(f"USE {mariadb.DATABASE}", *statements)

        yield Old(server.url(f"?sslmode=verify-full&sslrootcert={server.authority}"), run)


SERVERS = [pytest.param(postgresql, marks=pytest.mark.slow), pytest.param(mysql, marks=pytest.mark.slow)]
only_servers = pytest.mark.parametrize("old", SERVERS, indirect=True)


@pytest.fixture(scope="module", params=[sqlite, *SERVERS])
def old(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    with request.param(tmp_path_factory.mktemp("old")) as server:
        fill(server.run)
        yield server


@pytest.fixture(autouse=True)
def configured(settings: Settings, old: Old, make_user: MakeUser) -> None:
    names = ("Crypt", "SaltedSha", "DovecotPbkdf2", "ForeignArgon2")
    foreign = [f"accounts.users.foreign_hashers.{name}" for name in names]
    settings.PASSWORD_HASHERS = ["accounts.users.hashers.Argon2id", *foreign]
    settings.TAKEOVER_DATABASE, settings.TAKEOVER_QUERY = urls.foreign_database(old.url), QUERY
    make_user("own")
    User.objects.filter(pk=make_user("newcomer").pk).update(password=make_password(None))


def take(**options: bool) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("takeover", from_database=True, stdout=out, stderr=err, **options)
    except SystemExit:
        assert err.getvalue()
    assert "{" not in out.getvalue() + err.getvalue(), "nothing of a hash"
    return out.getvalue(), err.getvalue()


def refused() -> str:
    with pytest.raises(CommandError) as error:
        take()
    assert not any(secret in str(error.value) for secret in ("{", "hunter2", "very secret"))
    return str(error.value)


def newcomer() -> User:
    return User.objects.get(username="newcomer@example.edu")


def test_people_keep_their_passwords(old: Old) -> None:
    told = "1 have a password here, must choose one or may have none, 1 not known here, 1 refused\n"
    out, err = take(dry_run=True)
    assert out == f"1 would be taken over, {told}"
    assert err == "line 4 (plain@example.edu): scheme PLAIN is not known\n"
    assert not newcomer().has_usable_password()
    out, _err = take()
    assert out == f"1 taken over, {told}"
    assert newcomer().check_password(PASSWORD)
    assert newcomer().password.startswith("argon2$argon2id$")
    assert take()[0].startswith("0 taken over, 2 have a password here")


def test_its_people_are_a_file_for_the_import() -> None:
    out, _err = take(people=True)
    rows = list(csv.reader(out.splitlines()))
    assert rows[:4] == [
        ["address", "name"], ["Newcomer@example.edu", "张三"], ["own@example.edu", "'=1+1"],
        ["stranger@example.edu", ""],
    ]  # fmt: skip
    assert len(rows) == 5
    assert not newcomer().has_usable_password()


def test_what_is_wrong_with_the_query_is_told(settings: Settings) -> None:
    for query, why in (
        ("SELECT username, passwrd FROM mailbox", "passwrd"),
        ("SELECT username, password FROM mailboxes", "mailboxes"),
        ("SELECT username FROM mailbox", "must give address and hash"),
        ("SELECT username, password FROM mailbox; DELETE FROM mailbox", "cannot be read: "),
        ("WITH gone AS (DELETE FROM mailbox RETURNING *) SELECT username, password FROM gone", "cannot be read: "),
    ):
        settings.TAKEOVER_QUERY = query
        assert why in refused()
    settings.TAKEOVER_QUERY = QUERY
    assert take()[0].startswith("1 taken over")


def test_a_database_that_is_away_or_refuses_is_a_sentence(settings: Settings) -> None:
    where = dict(settings.TAKEOVER_DATABASE)
    settings.TAKEOVER_DATABASE = where | {"PORT": 1, "NAME": f"{where['NAME']}-none"}
    assert "cannot be read: " in refused()
    settings.TAKEOVER_DATABASE = where | {"USER": "somebody", "NAME": f"{where['NAME']}-none"}
    assert "cannot be read: " in refused()
    settings.TAKEOVER_DATABASE = {}
    assert "TAKEOVER_DATABASE_URL is not set" in refused()


@only_servers
def test_nothing_is_written_there_and_no_error_repeats_a_hash(settings: Settings, old: Old) -> None:
    """A function of that database that writes, and one that stops at what it reads."""
    old.run("CREATE TABLE noted (hash text)", *FUNCTIONS[old.url.partition(":")[0]])
    for function, why in (("note", "cannot be read: "), ("choke", "broken off")):
        settings.TAKEOVER_QUERY = f"SELECT username, password FROM mailbox WHERE {function}(password) = 1"
        assert why in refused()
    settings.TAKEOVER_QUERY = QUERY
    assert take()[0].startswith("1 taken over")


@only_servers
def test_the_way_there_is_guarded_as_the_url_says(settings: Settings, old: Old, tmp_path: Path) -> None:
    """A server that has no TLS, or another authority's certificate, is told nothing."""
    url, strange = old.url.partition("?")[0], certificates.make(tmp_path / "tls")
    settings.TAKEOVER_DATABASE = urls.foreign_database(f"{url}?sslmode=verify-full&sslrootcert={strange}")
    said = refused()
    assert "SSL" in said or "certificate" in said
    settings.TAKEOVER_DATABASE = urls.foreign_database(f"{url}?sslmode=disable")
    assert take()[0].startswith("1 taken over")
