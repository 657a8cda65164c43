"""Several databases of which one writes: it is found when another one is gone, and again at once."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.conf import settings

from portal.database import hosts
from tests.kit.servers.postgres import OWNER, Cluster, cluster
from tests.kit.servers.wire import Wire

PLACES = {"host": "one,two,three", "port": "5432"}


@pytest.fixture(autouse=True)
def nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_found", [])


class Info:
    """Of a connection, as psycopg tells it."""

    def __init__(self, host: str, port: int = 5432) -> None:
        self.info, self.host, self.port = self, host, port


def test_the_one_that_was_found_comes_first() -> None:
    assert hosts.in_order(PLACES)["host"] == "one,two,three"
    hosts.note(Info("two"))  # type: ignore[arg-type]
    assert hosts.in_order(PLACES)["host"] == "two,one,three"
    assert hosts.in_order({"host": "one,two"})["host"] == "two,one", "the port may go without saying"
    hosts.note(Info("three"))  # type: ignore[arg-type]
    assert hosts.in_order(PLACES)["host"] == "three,one,two"


def test_each_keeps_its_port() -> None:
    hosts.note(Info("two", 5433))  # type: ignore[arg-type]
    ordered = hosts.in_order({"host": "one,two", "port": "5432,5433", "dbname": "mailkey"})
    assert (ordered["host"], ordered["port"], ordered["dbname"]) == ("two,one", "5433,5432", "mailkey")


def test_a_single_one_stays_as_it_is() -> None:
    hosts.note(Info("two"))  # type: ignore[arg-type]
    assert hosts.in_order({"host": "one", "port": 5432}) == {"host": "one", "port": 5432}
    assert hosts.in_order({"dbname": "mailkey"}) == {"dbname": "mailkey"}


ASKED = """
import os, sys, django
django.setup()
from django.db import connection
from portal.database import base
base.watch(connection)
from portal.database.pulse import pulse
print("ready", flush=True)
for _ in sys.stdin:
    connection.close()
    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS written AS SELECT 1")
        print(connection.connection.info.port, flush=True)
    except Exception as error:
        print(type(error).__name__, flush=True)
"""


@pytest.fixture
def standby_and_writer() -> Iterator[tuple[Cluster, Cluster]]:
    with ExitStack() as stack:
        standby, writer = stack.enter_context(cluster()), stack.enter_context(cluster())
        with standby.session() as session:
            session.execute(f"ALTER DATABASE {OWNER} SET default_transaction_read_only = on")
        yield standby, writer


@pytest.mark.slow
def test_one_that_says_nothing_and_one_that_only_reads(standby_and_writer: tuple[Cluster, Cluster]) -> None:
    """As a page asks that finds the database gone: for some seconds it is refused, then another one answers."""
    standby, writer = standby_and_writer
    with Wire(writer.port) as first, Wire(writer.port) as last:
        last.late = 0.15  # it need not be quick
        url = f"postgres://{OWNER}@127.0.0.1:{first.port},127.0.0.1:{standby.port},127.0.0.1:{last.port}/{OWNER}"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        asking = subprocess.Popen(
            [sys.executable, "-c", ASKED], cwd=settings.BASE_DIR, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=kept | {"DJANGO_SETTINGS_MODULE": "portal.settings", "DEBUG": "on", "DATABASE_URL": url},
        )  # fmt: skip
        with asking as process:
            assert process.stdin
            assert process.stdout
            ask, read = process.stdin, process.stdout

            def answer() -> str:
                ask.write("\n")
                ask.flush()
                return read.readline().strip()

            assert read.readline() == "ready\n"
            assert answer() == str(first.port)
            first.silence()
            began, answers = time.monotonic(), [""]
            while time.monotonic() - began < 15 and answers[-1] != str(last.port):
                answers.append(answer())
            assert answers[-1] == str(last.port), answers
            assert set(answers[1:-1]) <= {"OperationalError", "Silent"}
            calls = first.calls
            assert answer() == str(last.port)
            assert first.calls == calls, "whoever is gone is not waited for again"
