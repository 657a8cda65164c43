"""deploy/upgrade while 200 mail logins and five sign-ins a second come, with ten million rows to migrate: who notices?

    python -m benchmarks.upgrade [ROWS]

PostgreSQL, Redis and the processes of deploy/systemd, as tests/real/test_upgrades.py has them. The next version gives
the table of mail logins, which every login writes to, another column and another index, and takes the column away.
Who has signed in opens a page from time to time. Ends with 1 if a mail login was not let in, or waited for a second, if
somebody did not get in, or was thrown out.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks import first_day, machine
from benchmarks.first_day import PASSWORD, PEOPLE
from benchmarks.mail_login import ENVIRONMENT, ROOT, TOKEN
from tests.kit.releases import GROWS, Releases
from tests.kit.servers import free_port
from tests.kit.servers.postgres import cluster
from tests.kit.servers.redis import Redis
from tests.kit.servers.units import Units, started

ROWS = 10_000_000
LONGEST = 1.0  # seconds
SECONDS = 20
RATES = {"read_mail": 200, "sign_in": 5, "look": 5}  # a second
NAMES = ("mailkey-worker", "mailkey-files", "mailkey-beat", "mailkey-mail", "mailkey-web")
FILL = """INSERT INTO maillogins_maillogin (user_id, day, protocol, method, count, last_at, address)
    SELECT person.id, current_date - day::int, 'p' || kind, 'app', 1, now(), '192.0.2.1'
    FROM accounts_user AS person, generate_series(1, 400) AS day, generate_series(1, 9) AS kind LIMIT %s"""


def fill(rows: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(FILL, [rows])
        cursor.execute("VACUUM ANALYZE maillogins_maillogin")
    connection.close()


def crowd(units: Units, owners: list[list[str]], gateway: int) -> "subprocess.Popen[str]":
    """Who comes, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.crowd"], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    ports = {name: units.of[f"mailkey-{name}"].port for name in ("web", "mail")} | {"gateway": gateway}
    tell(process, {"ports": ports, "takes": 0.2, "token": TOKEN, "password": PASSWORD, "owners": owners})
    return process


def tell(process: "subprocess.Popen[str]", order: dict[str, Any]) -> Any:
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def come(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    """Twenty seconds after the other."""
    for first in count(0, SECONDS * RATES["read_mail"]):
        yield tell(process, {"first": first % (PEOPLE - 100), "seconds": SECONDS, "rates": RATES})


def main(rows: int = ROWS) -> int:
    print(machine.told(), flush=True)
    with (
        cluster("-c", "max_wal_size=8GB") as database,
        Redis().start() as redis,
        tempfile.TemporaryDirectory() as folder,
    ):
        var, gateway = Path(folder), free_port()
        os.environ |= ENVIRONMENT | {
            "DEBUG": "on", "DATABASE_URL": database.url, "CELERY_BROKER_URL": redis.url, "VAR": folder,
            "TWILIO_BASE_URL": f"http://127.0.0.1:{gateway}", "TRUSTED_PROXIES": "1", "LOG_LEVEL": "ERROR",
            "ALLOWED_HOSTS": "portal.example.edu,127.0.0.1", "SHARED_NETWORKS": "10.0.0.0/8",
        }  # fmt: skip
        owners = first_day.fill()
        fill(rows)
        releases = Releases(var / "tree", Path(sys.executable).parent.parent)
        new = releases.after(releases.first, GROWS)
        with started(releases.tree, var, os.environ, *NAMES) as units:
            process = crowd(units, owners, gateway)
            try:
                people = come(process)
                next(people)  # warm
                found = {"before": [next(people)], "meanwhile": []}
                start = time.monotonic()
                upgrade = subprocess.Popen(
                    ["deploy/upgrade", new], cwd=releases.tree, env=os.environ | units.environment()
                )
                while upgrade.poll() is None:
                    found["meanwhile"].append(next(people))
                took = time.monotonic() - start
            finally:
                process.kill()
                process.wait()
    print(f"{rows:,} rows; deploy/upgrade ended with {upgrade.returncode} within {took:.0f} s")
    for when, each in found.items():
        for one in each:
            print(when, one["ends"])
            for what, times in one["times"].items():
                print(f"    {what:30}", "  ".join(f"{name} {value:.3f}" for name, value in times.items()))
    bad = [one for one in found["meanwhile"] if not is_well(one)]
    return 1 if bad or upgrade.returncode else 0


def is_well(found: dict[str, Any]) -> bool:
    fine = {"sign_in: done", "look: done", "read_mail: done", "mail login: 200"}
    return set(found["ends"]) <= fine and found["times"]["mail login"]["longest"] <= LONGEST


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
