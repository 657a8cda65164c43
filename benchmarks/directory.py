"""How long it takes to take 10,000 people from a directory: all are new, some are edited, there is nothing to do.

`python -m benchmarks.directory` starts a slapd and a PostgreSQL of its own. It needs python-ldap (docs/directory.md).
"""

import os
import time
from collections.abc import Callable

import tests.kit.environment  # noqa: F401  (before Django's settings)

os.environ |= {"DJANGO_SETTINGS_MODULE": "portal.settings", "LOG_LEVEL": "ERROR"}

import django

django.setup()

from django.conf import settings

from accounts.directory import people
from accounts.users.models import User
from benchmarks import machine
from tests.kit.databases import database
from tests.kit.servers import directory, migrated, postgres

PEOPLE, CHANGES = 10_000, 100


def main() -> None:
    print(machine.told(), flush=True)
    everybody = [directory.person(f"p{number}", cn=f"张{number}", ou="物理学院") for number in range(PEOPLE)]
    with directory.running(everybody) as slapd, postgres.running() as url:
        migrated.migrate(url)
        for name, value in slapd.settings().items():
            setattr(settings, name, [value] if name == "LDAP_URLS" else value)
        with database(url):
            told("all of them are new", people.sync)
            told("nothing to do", people.sync)
            User.objects.filter(pk__in=User.objects.values("pk")[:CHANGES]).update(department="")
            told(f"{CHANGES} are edited", people.sync)
            told("dry run", people.look)
            told("what has changed", lambda: people.sync(only_changes=True))


def told(what: str, run: Callable[[], object]) -> None:
    began = time.monotonic()
    assert run() is not None
    print(f"{what}: {time.monotonic() - began:.1f} s, {User.objects.count()} people")


if __name__ == "__main__":
    main()
