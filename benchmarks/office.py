"""What pages of the IT office cost with 10,000 people and a year of data, beside the same pages with 100.

`make bench` runs it: two databases in a PostgreSQL of its own, filled by `demo_history`; each page is asked for in
both, one after the other, several rounds. Counted is the processor time of the portal and of PostgreSQL together.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from statistics import fmean, median

import tests.kit.environment  # noqa: F401  (before Django's settings)

os.environ |= {"DJANGO_SETTINGS_MODULE": "portal.settings", "LOG_LEVEL": "ERROR"}

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext, setup_test_environment

from accounts.audit.audit import Audit
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from benchmarks import machine
from benchmarks.mail_login import seconds
from portal.celery import app
from portal.office.dashboard import sections
from tests.kit.databases import database
from tests.kit.people import PASSWORD, Person
from tests.kit.servers import migrated
from tests.kit.servers.postgres import Cluster, cluster
from tests.kit.upkeep import register_tasks

FEW, MANY = 100, 10_000
ROUNDS = 5
PAGES = {f"dashboard, {days} days": f"/admin/dashboard/?days={days}" for days in sections.RANGES} | {
    "people, the first page": "/admin/accounts/user/",
    "people, by a part of the name": "/admin/accounts/user/?q=伟",
    "one person's page": "/admin/accounts/user/{person}/desk/",
    "mail logins, the first page": "/admin/maillogins/maillogin/",
    "security log, the first page": "/admin/log/securityevent/",
}


@dataclass
class University:
    """A database, and somebody of its IT office."""

    people: int
    url: str
    office: Person = field(default_factory=Person)
    person: int = 0

    def fill(self) -> None:
        migrated.migrate(self.url)
        with database(self.url):
            call_command("demo_history", people=self.people, stdout=StringIO())
            self.person = User.objects.filter(is_staff=False).earliest("pk").pk
            self.office.user = User.objects.create_superuser("itoffice@example.edu", PASSWORD)
            self.office.sign_in()
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")

    def ask(self, address: str, server: Cluster) -> "Answer":
        with database(self.url):
            self.office.get("/health/live")  # connected
            connection.ensure_connection()
            before, start = spent(server), time.monotonic()
            response = self.office.get(address.format(person=self.person))
            took = time.monotonic() - start
            cost = spent(server) - before
            if response.status_code != 200:
                raise SystemExit(f"{address} answered {response.status_code}")
            return Answer(cost, took)

    def queries(self, address: str) -> int:
        address = address.format(person=self.person)
        with database(self.url):
            self.office.get(address)  # what is remembered from now on does not count
            with CaptureQueriesContext(connection) as queries:
                self.office.get(address)
                return len(queries)


@dataclass
class Answer:
    """In seconds: processor time, and what a clerk waits for."""

    cost: float
    took: float


def spent(server: Cluster) -> float:
    """Seconds of processor time that portal and PostgreSQL took until now."""
    return time.process_time() + seconds(server.processes())


@contextmanager
def universities() -> Iterator[tuple[Cluster, University, University]]:
    with cluster() as server:
        with server.session() as session:
            for people in (FEW, MANY):
                session.execute(f"CREATE DATABASE people_{people}")
        address = server.url.rpartition("/")[0]
        few, many = (University(people, f"{address}/people_{people}") for people in (FEW, MANY))
        for university in (few, many):
            print(f"a year of {university.people} people ...", flush=True)
            university.fill()
        yield server, few, many


def show_pages(server: Cluster, few: University, many: University) -> None:
    print(f"\n{'':32}{'queries':>9}{'CPU ms':>9}{'× of ' + str(FEW):>10}{'waited ms':>11}")
    for name, address in PAGES.items():
        asked = [university.queries(address) for university in (few, many)]
        answers = [[university.ask(address, server) for university in (few, many)] for _ in range(ROUNDS)]
        # PostgreSQL's time comes in ticks of 10 ms: the mean of the rounds evens them out, a median would not.
        costs = [fmean(answer[place].cost for answer in answers) for place in (0, 1)]
        waited = median(answer[1].took for answer in answers)
        counts = str(asked[1]) if asked[0] == asked[1] else f"{asked[0]} → {asked[1]}"
        print(f"{name:32}{counts:>9}{costs[1] * 1000:9.0f}{costs[1] / costs[0]:10.2f}{waited * 1000:11.0f}")


def show_log(server: Cluster, university: University) -> None:
    """The whole log is read, beside its rows read and nothing done with them."""
    with database(university.url):
        connection.ensure_connection()
        ways: list[Callable[[], Iterable[object]]] = [
            lambda: Audit().faults(),
            lambda: SecurityEvent.objects.order_by("pk").iterator(),
        ]
        costs = [0.0, 0.0]
        for _ in range(ROUNDS):
            for place, read in enumerate(ways):
                before = spent(server)
                list(read())
                costs[place] += (spent(server) - before) / ROUNDS
        rows = SecurityEvent.objects.count()
    print(
        f"\nverify_events: {costs[0] / rows * 1e6:.0f} µs an event in a log of {rows}, "
        f"{costs[0] / costs[1]:.2f} × reading its rows"
    )


def main() -> None:
    print(machine.told(), flush=True)
    start = time.monotonic()
    setup_test_environment(debug=True)  # demo_history asks for it
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    register_tasks()
    app.conf.task_always_eager = True
    with universities() as (server, few, many):
        settings.DEBUG = False
        show_pages(server, few, many)
        show_log(server, many)
    print(f"{ROUNDS} rounds, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
