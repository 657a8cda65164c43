"""How what is asked all day and all night grows with the university.

    python -m benchmarks.growth [ACCOUNTS ...]

For each size a PostgreSQL database of benchmarks/population.py (with a million accounts 25 GB and half an hour): a mail
login, a sign-in, pages of the office, the verification of the log, each task of the night with those beside it that
write meanwhile, and the size on disk. With more than one size it draws docs/pictures/growth-*.svg.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from random import Random
from statistics import median
from typing import TypeVar

from benchmarks import lists  # isort: skip  (before Django's models)

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.audit.audit import Audit
from accounts.delivery.models import Sms
from accounts.users.models import User
from apppasswords import secrets
from apppasswords.models import AppPassword
from benchmarks import machine, population
from benchmarks.drawing import growth
from benchmarks.mail_login import ENVIRONMENT, MAIL, ROOT, Server, request, seconds, server
from portal.celery import app
from portal.office.overview import figures
from tests.kit import upkeep
from tests.kit.databases import database
from tests.kit.people import PASSWORD, WINDOWS, Person
from tests.kit.servers import migrated
from tests.kit.servers.postgres import Cluster, cluster

SIZES = (1_000, 10_000, 100_000, 1_000_000)
OWNERS, LOGINS, SIGN_INS = 500, 1_500, 40
TURNED_BY = 10_000  # fewer people have no fiftieth page
# So that exactly a day's rows have expired: see benchmarks/population.py.
LIFETIMES = {
    "EVENT_LIFETIME": timedelta(days=364),
    "MAIL_LOGIN_LIFETIME": timedelta(days=population.DAYS - 1),
    "SMS_HISTORY_LIFETIME": timedelta(days=population.RECENT - 1),
    "PLACE_LIFETIME": timedelta(days=3 * population.RECENT - 1),
}
IDLE_NETWORKS = """INSERT INTO bans_network SELECT network FROM bans_failure
    WHERE at < now() - interval '29 days' ON CONFLICT DO NOTHING"""
PICTURES = ROOT / "docs" / "pictures"
DRAWN = {
    "growth-people": ("a mail login", "a sign-in", "one person's page", "people", "mail logins", "security log",
                      "dashboard, 30 days"),
    "growth-nights": ("verification of the log", "deletion of a day's rows", "figures of a day"),
}  # fmt: skip

Found = dict[str, float]
T = TypeVar("T")


def some(people: int, count: int) -> list[User]:
    chance, first = Random(people), User.objects.order_by("pk").values_list("pk", flat=True)[0]
    return list(User.objects.filter(pk__in=[first + chance.randrange(1, people) for _ in range(count)]))


@contextmanager
def mail_service(url: str) -> Iterator[Server]:
    """With the keys of this process, by which the rows were made."""
    keys = {name: ",".join(getattr(settings, name)) for name in ("APP_PASSWORD_KEYS", "EVENT_LOG_KEYS")}
    environment = {**os.environ, **ENVIRONMENT, **keys, "SECRET_KEY": settings.SECRET_KEY, "DATABASE_URL": url}
    with server(MAIL, environment) as started:
        yield started


def mail_logins(url: str, people: int, database_server: Cluster) -> Found:
    owners = some(people, OWNERS)
    made = [secrets.new() for _ in owners]
    AppPassword.objects.bulk_create(
        AppPassword(user=owner, name="Measured", digest=secrets.digests(secret)[0])
        for owner, secret in zip(owners, made, strict=True)
    )
    asked = [request(owner.username, secret, "10.9.9.9") for owner, secret in zip(owners, made, strict=True)]
    with mail_service(url) as mail:
        _ask(mail, asked)
        before = mail.seconds() + seconds(database_server.processes())
        took = _ask(mail, asked * (LOGINS // len(asked)))
        cost = mail.seconds() + seconds(database_server.processes()) - before
    return {"a mail login": median(took), "a mail login, processor": cost / len(took)}


def _ask(mail: Server, requests: list[str]) -> list[float]:
    order = json.dumps({"port": mail.port, "clients": 1, "requests": requests})
    load = [sys.executable, "-m", "benchmarks.load"]
    found = json.loads(subprocess.run(load, input=order, capture_output=True, text=True, check=True, cwd=ROOT).stdout)
    if set(found["statuses"]) != {"200"}:
        raise SystemExit(f"mail logins were answered {found['statuses']}")
    return list(map(float, found["times"]))


def sign_ins(people: int) -> Found:
    """Of people whose password costs no hash."""
    browser, took = Client(headers={"User-Agent": WINDOWS, "Host": "localhost"}), []
    for number, owner in enumerate(some(people, SIGN_INS)):
        User.objects.filter(pk=owner.pk).update(two_step_from=timezone.now())
        browser.cookies.clear()
        browser.defaults["REMOTE_ADDR"] = f"10.250.{number // 200}.{number % 200}"
        start = time.perf_counter()
        browser.get("/sign-in/")
        browser.post("/sign-in/", {"username": owner.username, "password": PASSWORD})
        browser.get("/sign-in/code/")
        browser.post("/sign-in/code/", {"code": Sms.objects.filter(user=owner)[0].digits()})
        page = browser.get("/")
        took.append(time.perf_counter() - start)
        if page.status_code != 200:
            raise SystemExit(f"a sign-in ended with {page.status_code}")
    return {"a sign-in": median(took)}


def verification() -> Found:
    audit = Audit()
    took, faults = timed(lambda: list(audit.faults()))
    if faults:
        raise SystemExit(f"the log is not whole: {faults}")
    return {"verification of the log": took}


def nights(url: str) -> Found:
    """Each task that deletes, with a process beside it that writes; then the rest of the night."""
    for name, lifetime in LIFETIMES.items():
        setattr(settings, name, lifetime)
    with connection.cursor() as cursor:
        cursor.execute(IDLE_NETWORKS)
    found: Found = {}
    with beside(url) as longest:
        for name in upkeep.nightly():
            found[name] = timed(app.tasks[name])[0]
    found["deletion of a day's rows"] = sum(found[name] for name in upkeep.nightly())
    return found | {f"longest, {name}": value for name, value in longest.items()}


@contextmanager
def beside(url: str) -> Iterator[Found]:
    longest: Found = {}
    command = [sys.executable, "-m", "benchmarks.beside", url]
    writer = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdout
    assert writer.stdout.readline() == "ready\n"
    yield longest
    longest.update(json.loads(writer.communicate()[0]))


def timed(act: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    value = act()
    return time.perf_counter() - start, value


def measure(url: str, people: int, person: User, database_server: Cluster) -> Found:
    clerk = Person(User.objects.create_superuser("itoffice@example.edu", PASSWORD))
    clerk.sign_in()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        found: Found = {"GB on disk": cursor.fetchone()[0] / 1e9}
    found["figures of a day"] = timed(lambda: figures.sum_up(timezone.localdate()))[0]
    pages = {
        name: lists.best(clerk, address.format(person=person.pk))
        for name, address in lists.PAGES.items()
        if people >= TURNED_BY or "?p=" not in address
    }
    for name, look in pages.items():
        found |= {name: look.whole, f"{name}: in the database": look.in_database}
    for part in (mail_logins(url, people, database_server), sign_ins(people), verification(), nights(url)):
        found |= part
    return found


def show(found: Mapping[int, Found]) -> None:
    print(f"\n| | {' | '.join(f'{people:,}' for people in found)} |\n|---{'|---' * len(found)}|")
    for name in list(found.values())[-1]:
        values = " | ".join(f"{at[name]:.4g}" if name in at else "" for at in found.values())
        print(f"| {name} | {values} |", flush=True)


def draw(found: Mapping[int, Found]) -> None:
    for picture, names in DRAWN.items():
        series = {name: [at[name] for at in found.values()] for name in names}
        (PICTURES / f"{picture}.svg").write_text(growth(list(found), series))
    (PICTURES / "growth-disk.svg").write_text(
        growth(list(found), {"on disk": [at["GB on disk"] for at in found.values()]}, "GB")
    )


def main(*sizes: int) -> None:
    print(machine.told(), flush=True)
    lists.prepare()
    found: dict[int, Found] = {}
    with cluster("-c", "shared_buffers=1GB", "-c", "max_wal_size=8GB") as server:
        for people in sizes:
            url = f"{server.url.rpartition('/')[0]}/people_{people}"
            with server.session("postgres") as session:
                session.execute(f"CREATE DATABASE people_{people}")
            migrated.migrate(url)
            with database(url):
                took, person = timed(partial(population.fill, people))
                print(f"{people} accounts, filled in {took:.0f} s", flush=True)
                found[people] = measure(url, people, person, server)
            show(found)
    if len(found) > 1:
        draw(found)


if __name__ == "__main__":
    main(*(map(int, sys.argv[1:]) if sys.argv[1:] else SIZES))
