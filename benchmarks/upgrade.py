"""deploy/upgrade while 200 mail logins a second come in, with a table of ten million rows to migrate: who notices?

    python -m benchmarks.upgrade [ROWS]

PostgreSQL, Redis and the processes of deploy/systemd, as tests/real/test_upgrades.py has them. The next version gives
the table of mail logins, which every login writes to, another column and another index. Ends with 1 if a login was not
let in, or waited for a second.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import mail_rush, people
from benchmarks.mail_login import ENVIRONMENT
from tests.kit.releases import GROWS, Releases
from tests.kit.servers.postgres import cluster
from tests.kit.servers.redis import Redis
from tests.kit.servers.units import started

ROWS = 10_000_000
LONGEST = 1.0  # seconds
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


def logins(port: int) -> dict[str, Any]:
    """Of twenty seconds."""
    return mail_rush.answered(mail_rush.asked(port=port, logins=people.owners(50)))


def main(rows: int = ROWS) -> int:
    with cluster() as database, Redis().start() as redis, tempfile.TemporaryDirectory() as folder:
        var = Path(folder)
        os.environ |= ENVIRONMENT | {
            "DEBUG": "on", "DATABASE_URL": database.url, "CELERY_BROKER_URL": redis.url, "VAR": folder,
            "SMS_GATEWAY": "outbox",
        }  # fmt: skip
        people.make(0)
        fill(rows)
        releases = Releases(var / "tree", Path(sys.executable).parent.parent)
        new = releases.after(releases.first, GROWS)
        with started(releases.tree, var, os.environ, *NAMES) as units:
            port = units.of["mailkey-mail"].port
            logins(port)  # warm
            found = {"before": [logins(port)], "meanwhile": []}
            start = time.monotonic()
            upgrade = subprocess.Popen(["deploy/upgrade", new], cwd=releases.tree, env=os.environ | units.environment())
            while upgrade.poll() is None:
                found["meanwhile"].append(logins(port))
            print(
                f"{rows:,} rows; deploy/upgrade ended with {upgrade.returncode} after {time.monotonic() - start:.0f} s"
            )
    for when, each in found.items():
        for mail in each:
            mail_rush.show(when, mail)
    bad = [mail for mail in found["meanwhile"] if set(mail["statuses"]) != {"200"} or mail["longest"] > LONGEST]
    return 1 if bad or upgrade.returncode else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
