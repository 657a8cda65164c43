"""What a whole sign-in asks of the database, and costs beyond the hash of the password.

    python -m benchmarks.sign_in [--queries]

Somebody opens the sign-in page, enters the password, sees the page of the code, enters the code, and sees the home
page. SQLite, in one process, one person after the other; the hash costs nothing here, and no SMS is sent. `--queries`
shows what one of them asks, and from where.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import tests.kit.environment  # noqa: F401  (before Django's settings)

os.environ |= {"DJANGO_SETTINGS_MODULE": "portal.settings", "LOG_LEVEL": "ERROR"}
os.environ["DATABASE_URL"] = f"sqlite:///{os.environ['VAR']}/sign_in.sqlite3"

import django

django.setup()

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.delivery.models import Sms
from accounts.log import sealer
from accounts.phones.models import Phone
from accounts.users.models import User
from benchmarks import machine
from portal.celery import app
from tests.kit.people import PASSWORD, WINDOWS
from tests.kit.servers import migrated

PEOPLE, FIRST = 200, 20  # the first are not counted
ROOT = f"{Path(__file__).resolve().parent.parent}/"
STEPS: dict[str, Callable[[Client, User], Any]] = {
    "sign-in page": lambda browser, owner: browser.get("/sign-in/"),
    "password": lambda browser, owner: browser.post("/sign-in/", {"username": owner.username, "password": PASSWORD}),
    "page of the code": lambda browser, owner: browser.get("/sign-in/code/"),
    "code": lambda browser, owner: browser.post("/sign-in/code/", {"code": newest(owner).digits()}),
    "home": lambda browser, owner: browser.get("/"),
}


def newest(owner: User) -> Sms:
    return Sms.objects.filter(user=owner)[0]


def people(count: int) -> list[User]:
    made = []
    for number in range(count):
        owner = User.objects.create_user(f"person{number}@example.edu", PASSWORD, two_step_from=timezone.now())
        Phone.objects.create(user=owner, number=f"+86138{number:08}", confirmed=True)
        made.append(owner)
    return made


@contextmanager
def listened() -> Iterator[list[str]]:
    """Statements, and the lines of ours that asked."""
    heard: list[str] = []

    def hear(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        places = [f"{frame.filename.removeprefix(ROOT)}:{frame.lineno}" for frame in traceback.extract_stack()]
        ours = [place for place in places if place.startswith(("accounts", "apppasswords", "portal"))]
        if ours:
            heard.append(f"{' '.join(sql.split())[:150]}\n        {' < '.join(reversed(ours[-3:]))}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(hear):
        yield heard


def sign_in(browser: Client, owner: User) -> dict[str, float]:
    """Seconds of processor time for each step."""
    browser.cookies.clear()
    browser.defaults["REMOTE_ADDR"] = f"10.1.{owner.pk % 200}.{owner.pk // 200}"
    took = {}
    for name, go in STEPS.items():
        before = time.process_time()
        response = go(browser, owner)
        took[name] = time.process_time() - before
        if response.status_code >= 400:
            raise SystemExit(f"{name}: {response.status_code}")
    return took


def show_queries(browser: Client, owner: User) -> None:
    browser.cookies.clear()
    total = 0
    for name, go in STEPS.items():
        with listened() as heard:
            go(browser, owner)
        total += len(heard)
        print(f"{name:20}{len(heard):5} queries")
        for asked in heard if "--queries" in sys.argv else ():
            print(f"    {asked}")
    print(f"{'together':20}{total:5} queries\n")


def show_costs(browser: Client, owners: list[User]) -> None:
    costs = [sign_in(browser, owner) for owner in owners]
    for name in STEPS:
        print(f"{name:20}{median(cost[name] for cost in costs) * 1000:7.1f} ms")
    wholes = [sum(cost.values()) * 1000 for cost in costs]
    low, *_between, high = quantiles(wholes, n=10)
    print(f"{'together':20}{median(wholes):7.1f} ms (most {low:.1f} to {high:.1f})")


def main() -> None:
    print(machine.told(), flush=True)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DEBUG = False
    app.send_task = lambda *args, **options: None
    migrated.migrate(os.environ["DATABASE_URL"])
    sealer.begin()  # as where people are served
    owners = people(PEOPLE)
    browser = Client(headers={"User-Agent": WINDOWS, "Host": "localhost"})
    for owner in owners[:FIRST]:
        sign_in(browser, owner)
    show_queries(browser, owners[FIRST])
    show_costs(browser, owners[FIRST + 1 :])


if __name__ == "__main__":
    main()
