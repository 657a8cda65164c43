"""What a clerk waits for on each page of the office, with 100,000 accounts and with 1,000,000.

    python -m benchmarks.lists [ACCOUNTS ...]

A PostgreSQL of its own, filled by benchmarks/population.py: of each account ten mail logins, ten events, two app
passwords, and one of whatever else there are lists of. A million accounts need 25 GB and half an hour. Each page is
asked for four times, and the best of the last three counts: the first fills the caches.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tests.kit.environment  # noqa: F401  (before Django's settings)

os.environ |= {"DJANGO_SETTINGS_MODULE": "portal.settings", "LOG_LEVEL": "ERROR"}

import django

django.setup()

from django.conf import settings
from django.db import connection
from django.test.utils import setup_test_environment
from django.utils import timezone

from accounts.users.models import User
from benchmarks import machine, population
from portal.celery import app
from portal.office.overview import figures
from tests.kit.databases import database
from tests.kit.people import PASSWORD, Person
from tests.kit.servers import migrated
from tests.kit.servers.postgres import cluster
from tests.kit.upkeep import register_tasks

LOOKS = 3

PAGES = {
    "people": "/admin/accounts/user/",
    "people, page 50": "/admin/accounts/user/?p=50",
    "people, sorted by the last sign-in": "/admin/accounts/user/?o=-6",
    "people with two-step on": "/admin/accounts/user/?two_step=on",
    "people with nothing bound": "/admin/accounts/user/?two_step=no_way",
    "people of a department": "/admin/accounts/user/?department__exact=第7学院",
    "people by a whole address": "/admin/accounts/user/?q=li.4996@example.edu",
    "people by a part of the address": "/admin/accounts/user/?q=49966",
    "people by a name that many have": "/admin/accounts/user/?q=伟",
    "people by a whole name": "/admin/accounts/user/?q=张芳",
    "people by a name that nobody has": "/admin/accounts/user/?q=欧阳",
    "people by the end of a number": "/admin/accounts/user/?q=4966",
    "one person's page": "/admin/accounts/user/{person}/desk/",
    "dashboard, 7 days": "/admin/dashboard/?days=7",
    "dashboard, 30 days": "/admin/dashboard/?days=30",
    "dashboard, 364 days": "/admin/dashboard/?days=364",
    "mail logins": "/admin/maillogins/maillogin/",
    "mail logins of one person": "/admin/maillogins/maillogin/?q=li.4996@example.edu",
    "mail logins of a name": "/admin/maillogins/maillogin/?q=张芳",
    "mail logins by IMAP": "/admin/maillogins/maillogin/?protocol__exact=imap",
    "security log": "/admin/log/securityevent/",
    "security log of one person": "/admin/log/securityevent/?q=li.4996@example.edu",
    "security log of a kind": "/admin/log/securityevent/?kind__exact=signed_in",
    "wrong passwords": "/admin/bans/failure/",
    "app passwords": "/admin/apppasswords/apppassword/",
    "app passwords of one person": "/admin/apppasswords/apppassword/?q=li.4996@example.edu",
    "trusted browsers": "/admin/browsers/trustedbrowser/",
    "SMS": "/admin/delivery/sms/",
    "SMS of one person": "/admin/delivery/sms/?q=li.4996@example.edu",
    "mails": "/admin/delivery/mail/",
}  # fmt: skip


@dataclass
class Look:
    """Seconds."""

    asked: int
    in_database: float
    whole: float


@contextmanager
def timed() -> Iterator[list[float]]:
    taken: list[float] = []

    def ask(execute: Any, *question: Any) -> Any:
        start = time.perf_counter()
        try:
            return execute(*question)
        finally:
            taken.append(time.perf_counter() - start)

    with connection.execute_wrapper(ask):
        yield taken


def look(clerk: Person, address: str) -> Look:
    with timed() as taken:
        start = time.perf_counter()
        response = clerk.get(address)
        whole = time.perf_counter() - start
    if response.status_code != 200:
        raise SystemExit(f"{address} answered {response.status_code}")
    return Look(len(taken), sum(taken), whole)


def looks(url: str, people: int) -> dict[str, Look]:
    migrated.migrate(url)
    with database(url):
        start = time.monotonic()
        person = population.fill(people)
        print(f"{people} accounts, filled in {time.monotonic() - start:.0f} s", flush=True)
        start = time.monotonic()
        figures.sum_up(timezone.localdate())
        print(f"figures of the day, summed up in {time.monotonic() - start:.1f} s", flush=True)
        clerk = Person(User.objects.create_superuser("itoffice@example.edu", PASSWORD))
        clerk.sign_in()
        return {name: best(clerk, address.format(person=person.pk)) for name, address in PAGES.items()}


def best(clerk: Person, address: str) -> Look:
    look(clerk, address)
    return min((look(clerk, address) for _ in range(LOOKS)), key=lambda one: one.whole)


def prepare() -> None:
    setup_test_environment(debug=False)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DEBUG = False
    register_tasks()
    app.conf.task_always_eager = True


def main(*sizes: int) -> None:
    print(machine.told(), flush=True)
    prepare()
    with cluster("-c", "shared_buffers=1GB", "-c", "max_wal_size=8GB") as server:
        found = {}
        for people in sizes:
            with server.session("postgres") as session:
                session.execute(f"CREATE DATABASE people_{people}")
            found[people] = looks(f"{server.url.rpartition('/')[0]}/people_{people}", people)
            show(found)


def show(found: dict[int, dict[str, Look]]) -> None:
    *_, last = found.values()
    first = next(iter(found.values()))
    print(f"\n| | queries | {' | '.join(f'{people:,}: database ms | page ms' for people in found)} | × |")
    print("|---" * (3 + 2 * len(found)) + "|")
    for name in PAGES:
        told = " | ".join(f"{at[name].in_database * 1000:.0f} | {at[name].whole * 1000:.0f}" for at in found.values())
        print(f"| {name} | {last[name].asked} | {told} | {last[name].whole / first[name].whole:.2f} |", flush=True)


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:] or ("100000", "1000000")))
