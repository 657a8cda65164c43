"""What a clerk waits for on each page of the office, with 100,000 accounts and with 1,000,000.

    python -m benchmarks.lists [ACCOUNTS ...]

A PostgreSQL of its own, in which the database writes the rows: of each account ten mail logins, ten events, two app
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
from django.db.models import Model
from django.test.utils import setup_test_environment
from django.utils import timezone

from accounts.bans.models import Failure
from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Mail, Sms
from accounts.log import events
from accounts.maillogins.models import MailLogin
from accounts.phones.models import Phone
from accounts.users.models import User
from apppasswords.models import AppPassword
from portal.celery import app
from portal.office.overview import figures
from tests.kit.crowd import database
from tests.kit.people import PASSWORD, Person
from tests.kit.servers import migrated
from tests.kit.servers.postgres import cluster
from tests.kit.upkeep import register_tasks

LOOKS = 3
DAYS = 360
EACH = 10  # mail logins and events of an account

# Of the n-th, as the database writes it.
LATIN = "(ARRAY['wang','li','zhang','liu','chen','yang','huang','zhao','wu','zhou','xu','sun','ma','zhu','hu'])"
FAMILY = "(string_to_array('王李张刘陈杨黄赵吴周徐孙马朱胡', NULL))"
GIVEN = "(string_to_array('伟芳娜敏静秀英丽强磊军洋勇艳杰娟涛明超霞平刚桂兰飞鹏辉红建华', NULL))"
NAME = (
    f"{FAMILY}[1 + n % 15] || {GIVEN}[1 + n / 15 % 30] || CASE n % 3 WHEN 0 THEN '' ELSE {GIVEN}[1 + n / 450 % 30] END"
)
ORIGIN = "'10.' || n % 200 || '.' || n / 200 % 250 || '.' || n / 50000 % 250"
RANDOM = "md5(n::text) || md5((-n)::text)"

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


def address(number: str) -> str:
    return f"{LATIN}[1 + {number} % 15] || '.' || {number} || '@example.edu'"


def copy(row: Model, times: int, /, **columns: str) -> None:
    """So many of it; `columns`: what differs, of the n-th."""
    table = row._meta.db_table
    names = [str(field.column) for field in row._meta.concrete_fields if not field.primary_key]
    told = ", ".join(columns.get(name, f't."{name}"') for name in names)
    written = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({written}) SELECT {told} FROM {table} t, generate_series(1, {times}) n "
            f"WHERE t.id = {row.pk}"
        )


def fill(people: int) -> User:
    """Somebody among them."""
    now, first = timezone.now(), User.objects.create_user("first@example.edu", PASSWORD, two_step_from=timezone.now())
    phone = Phone.objects.create(user=first, number="+8613000000000", confirmed=True)
    whose = f"(1 + (n - 1) % {people})"
    owner = f"{first.pk} + {whose}"
    days = f"({EACH} - 1 - (n - 1) / {people}) * {DAYS // EACH} + n % {DAYS // EACH}"
    copy(first, people, username=address("n"), name=NAME, department="'第' || n % 60 || '学院'",
         two_step_from="CASE WHEN n % 5 < 4 THEN t.two_step_from END",
         last_login="now() - n % 500000 * interval '1 minute'")  # fmt: skip
    copy(phone, people, user_id=owner, number="'+861' || (3100000000 + n)")
    secret = AppPassword.objects.create(user=first, name="Mail", digest="0" * 64, last_used_at=now)
    copy(secret, 2 * people, user_id=owner, digest=RANDOM, request="md5(n::text)", last_used_address=ORIGIN,
         last_used_protocol="(ARRAY['imap','smtp','pop3',''])[1 + n % 4]")  # fmt: skip
    login = MailLogin.objects.create(user=first, day=timezone.localdate(), protocol="imap", method="app", count=7)
    copy(login, EACH * people, user_id=owner, day=f"t.day - ({days})::int", address=ORIGIN, count="1 + n % 50",
         protocol="(ARRAY['imap','smtp','pop3'])[1 + n % 3]",
         last_at=f"t.last_at - ({days}) * interval '1 day' - n % 30000 * interval '1 second'")  # fmt: skip
    event = events.record(
        events.Kind.SIGNED_IN, first, address="10.1.1.1", method="code", browser="Chrome", system="Windows"
    )
    copy(event, EACH * people, user_id=owner, nonce="md5(n::text)", signature=RANDOM, seal=RANDOM, previous=RANDOM,
         username=address(whose),
         kind="(ARRAY['signed_in','signed_out','code_wrong','refused'])[1 + n % 4]", address=ORIGIN, position="n + 1",
         at=f"t.at - ({EACH * people} - n) * interval '{365 * 86400 / EACH / people} seconds'")  # fmt: skip
    copy(Failure.objects.create(network="10.1.1.1", account="0" * 32, channel="imap"), people, network=ORIGIN)
    message: dict[str, Any] = {"user": first, "language": "zh-hans", "expires_at": now, "status": Sms.Status.DELIVERED}
    sms = Sms.objects.create(**message, number="+8613000000000", purpose=Sms.Purpose.SIGN_IN, nonce="0" * 32)
    copy(
        sms, people, user_id=owner, gateway_id=RANDOM, created_at=f"t.created_at - ({people} - n) * interval '1 minute'"
    )
    copy(Mail.objects.create(**message, event=event), people, user_id=owner)
    device = {"browser": "Chrome", "system": "Windows", "address": "10.1.1.1"}
    browser = TrustedBrowser.objects.create(user=first, phone=phone, digest="0" * 64, expires_at=now, **device)
    copy(browser, people, user_id=owner, digest=RANDOM, seen_at="now() - n % 500000 * interval '1 minute'")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return User.objects.get(username=f"li.{1 + 15 * 333}@example.edu")


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
        person = fill(people)
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


def main(*sizes: int) -> None:
    setup_test_environment(debug=False)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DEBUG = False
    register_tasks()
    app.conf.task_always_eager = True
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
