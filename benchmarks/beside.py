"""What the night's work makes others wait for: a process of its own that writes what is written all day, one after the
other, until its standard input ends. It prints the longest of each kind and the longest wait for a lock, in seconds.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from random import Random
from threading import Event, Thread

import tests.kit.environment  # noqa: F401  (before Django's settings)

os.environ |= {"DJANGO_SETTINGS_MODULE": "portal.settings", "LOG_LEVEL": "ERROR"}

import django

django.setup()

import psycopg
from django.conf import settings
from django.db.models import Max, Min
from django.utils import timezone

from accounts.bans import failures
from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Sms
from accounts.log import events
from accounts.maillogins import maillogins
from accounts.users.models import User
from portal.celery import app
from tests.kit.databases import database

WAITS = "SELECT max(clock_timestamp() - waitstart) FROM pg_locks WHERE NOT granted AND waitstart IS NOT NULL"
LOOKED_EVERY = 0.005  # seconds

Writes = dict[str, Callable[[User, Random], object]]
WRITES: Writes = {
    "mail login": lambda owner, _chance: maillogins.note(owner.pk, "imap", "app", "10.9.9.9", timezone.now()),
    "event": lambda owner, _chance: events.record(events.Kind.SIGNED_OUT, owner, address="10.9.9.9"),
    "SMS": lambda owner, _chance: Sms.objects.create(
        user=owner, language="en", number="+8613000000000", purpose=Sms.Purpose.SIGN_IN, nonce="0" * 32,
        expires_at=timezone.now(), status=Sms.Status.DELIVERED,
    ),
    "wrong password": lambda owner, chance: failures.note_failure(
        f"10.{chance.randrange(200)}.{chance.randrange(250)}.9", owner.username, str(chance.random()), "imap"
    ),
    "trusted browser seen": lambda owner, _chance: TrustedBrowser.objects.filter(user=owner).update(
        seen_at=timezone.now()
    ),
}  # fmt: skip


def watch(url: str, longest: dict[str, float], over: Event) -> None:
    with psycopg.connect(url, autocommit=True) as session:
        while not over.wait(LOOKED_EVERY):
            (wait,) = session.execute(WAITS).fetchone() or (None,)
            longest["wait for a lock"] = max(longest["wait for a lock"], wait.total_seconds() if wait else 0)


def end_with(over: Event) -> None:
    sys.stdin.read()
    over.set()


def main(url: str) -> None:
    settings.DEBUG = False
    app.send_task = lambda *args, **options: None
    chance, over = Random(1), Event()
    longest = dict.fromkeys(("wait for a lock", *WRITES), 0.0)
    with database(url):
        ends = User.objects.aggregate(first=Min("pk"), last=Max("pk"))
        people = list(User.objects.filter(pk__in=[chance.randint(ends["first"], ends["last"]) for _ in range(200)]))
        for write in WRITES.values():
            write(people[0], chance)  # connected, and what it needs read
        Thread(target=end_with, args=(over,), daemon=True).start()
        watcher = Thread(target=watch, args=(url, longest, over))
        watcher.start()
        print("ready", flush=True)
        while not over.is_set():
            for name, write in WRITES.items():
                owner, start = chance.choice(people), time.perf_counter()
                write(owner, chance)
                longest[name] = max(longest[name], time.perf_counter() - start)
        watcher.join()
    print(json.dumps(longest), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
