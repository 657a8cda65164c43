"""Numbers at rest with a million accounts: how long it takes to seal them all, and what the office waits for then.

    python -m benchmarks.sealing [ACCOUNTS]

A PostgreSQL of its own, with a phone, a number of the directory and an SMS of each account. They go from clear to a
key, and from that to one of SM4; in the middle and after each, clerks look for people by the last four digits.
"""

import sys
import time
from collections.abc import Iterator

from benchmarks import lists  # isort: skip  (before Django's models)

from django.conf import settings
from django.db import connection

from accounts.phones.models import Suggestion
from accounts.sealing import rotation
from accounts.users.models import User
from benchmarks import machine, population
from tests.kit.databases import database
from tests.kit.people import PASSWORD, Person
from tests.kit.servers import migrated
from tests.kit.servers.postgres import cluster

ACCOUNTS = 1_000_000
FIRST, SM = "first" * 8, "sm3:" + "next" * 10
STEPS = {"AES": [FIRST], "SM4": [SM, FIRST]}
PAGES = {
    "people by the last four digits": "/admin/accounts/user/?q=4966",
    "people": "/admin/accounts/user/",
    "one person's page": "/admin/accounts/user/{person}/desk/",
    "SMS": "/admin/delivery/sms/",
}


def fill(people: int) -> int:
    """Somebody among them."""
    first, _ = population.fill_people(people)
    whose = population.owner(first, people)
    suggestion = Suggestion.objects.create(user=first, number="+8613000000000")
    population.copy(suggestion, people, user_id=whose, number=population.NUMBER)
    population.fill_sms(first, people, whose)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("SET synchronous_commit = on")
        cursor.execute("VACUUM ANALYZE")
    return first.pk + people // 2


def look(clerk: Person, person: int) -> str:
    best = (lists.best(clerk, address.format(person=person)).whole for address in PAGES.values())
    return " | ".join(f"{seconds * 1000:.0f}" for seconds in best)


def go_over(batches: Iterator[rotation.Batch]) -> tuple[int, float, float]:
    """How many, in how many seconds, of which this process computed so many."""
    start, computed = time.perf_counter(), time.process_time()
    done = sum(batch.done for batch in batches)
    return done, time.perf_counter() - start, time.process_time() - computed


def main(people: int = ACCOUNTS) -> None:
    print(machine.told(), flush=True)
    lists.prepare()
    with cluster("-c", "shared_buffers=1GB", "-c", "max_wal_size=8GB") as server:
        with server.session("postgres") as session:
            session.execute("CREATE DATABASE people")
        url = f"{server.url.rpartition('/')[0]}/people"
        migrated.migrate(url)
        with database(url):
            start = time.monotonic()
            person = fill(people)
            clerk = Person(User.objects.create_superuser("itoffice@example.edu", PASSWORD))
            clerk.sign_in()
            print(f"{people:,} accounts, filled in {time.monotonic() - start:.0f} s")
            print(f"\n| | numbers | s | computed | {' | '.join(f'{name}, ms' for name in PAGES)} |")
            print("|---" * (4 + len(PAGES)) + "|")
            print(f"| in clear | | | | {look(clerk, person)} |", flush=True)
            for name, keys in STEPS.items():
                settings.NUMBER_KEYS = keys
                seal(name, clerk, person, people // 2)


def seal(name: str, clerk: Person, person: int, half: int) -> None:
    batches = rotation.run()
    some = go_over(until(batches, half))
    print(f"| {name}, half of the phones | {some[0]:,} | {some[1]:.0f} | {some[2]:.0f} | {look(clerk, person)} |")
    rest = go_over(batches)
    done, took, computed = (one + other for one, other in zip(some, rest, strict=True))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as PostgreSQL does by itself some minutes later
    print(f"| {name} | {done:,} | {took:.0f} | {computed:.0f} | {look(clerk, person)} |", flush=True)


def until(batches: Iterator[rotation.Batch], phones: int) -> Iterator[rotation.Batch]:
    """So many phones have gone over, with whatever comes before them."""
    for batch in batches:
        yield batch
        phones -= batch.done if batch.column == "phones.Phone.number" else 0
        if phones <= 0:
            return


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
