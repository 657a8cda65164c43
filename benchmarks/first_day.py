"""Eight o'clock on the first day: everybody signs in, while every phone asks for mail.

    python -m benchmarks.first_day [PEOPLE_A_SECOND [SECONDS [PICTURE]]]

PostgreSQL, Redis, and the services of deploy/systemd with their own command lines, on all cores of the machine together
with what asks (benchmarks/crowd.py) and the gateway, which takes 200 ms. More people a second come for SECONDS (20)
each, until 99 of 100 pages no longer come within 1.5 s; then as many as four fifths of that, or PEOPLE_A_SECOND: by
themselves, with 500 mail logins a second, and with fifty attackers besides. Each has
the share of the processor that its unit asks for (benchmarks/shares.py, as root), and who asks the first one.
Prints tables for docs/performance.md, and draws the first one into PICTURE (docs/pictures/first-day.svg).
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from benchmarks import crowd, machine, shares
from benchmarks.drawing import lines_of_seconds
from benchmarks.mail_login import ENVIRONMENT, ROOT, TOKEN, seconds
from tests.kit.servers import free_port
from tests.kit.servers.postgres import Cluster, cluster
from tests.kit.servers.redis import Redis
from tests.kit.servers.units import Units, started

NAMES = ("mailkey-web", "mailkey-mail", "mailkey-worker", "mailkey-beat")
PEOPLE = 6_000
PASSWORD = "battery-staple-2026"
TAKES = 0.2  # seconds, the gateway
PAGE_WITHIN = 1.5  # seconds, 99 of 100
STEP, LAST_STEP = 2, 40  # people a second
MAIL_LOGINS = 500  # a second
ATTACKS = 100  # a second
PAGES = ("sign-in page", "password", "page of the code", "code", "home")
ROW = "| {what} | {count} | {median:.3f} | {p99:.3f} | {longest:.3f} |"


def fill() -> list[list[str]]:
    """People with a phone, one mailbox password and an app password each; the address and secret of every tenth."""
    import django

    django.setup()
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from accounts.phones.models import Phone
    from accounts.users.models import User
    from apppasswords import secrets
    from apppasswords.models import AppPassword

    call_command("migrate", verbosity=0)
    now, password = timezone.now(), make_password(PASSWORD)
    users = User.objects.bulk_create(
        User(username=f"person{n}@example.edu", password=password, two_step_from=now) for n in range(PEOPLE)
    )
    Phone.objects.bulk_create(Phone(user=user, number=f"+86138{n:08}") for n, user in enumerate(users))
    made = [secrets.new() for _ in users]
    AppPassword.objects.bulk_create(
        AppPassword(user=user, name="Mail", digest=secrets.digests(secret)[0])
        for user, secret in zip(users, made, strict=True)
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connection.close()
    return [[user.username, secret] for user, secret in zip(users, made, strict=True)][::10]


class Day:
    def __init__(self, units: Units, database: Cluster, redis: Redis, crowd: crowd.Line) -> None:
        self._units, self._database, self._redis, self._crowd = units, database, redis, crowd
        self._came = 0

    def come(self, length: float, **rates: float) -> dict[str, Any]:
        before = self.cpu()
        found: dict[str, Any] = self._crowd.tell({"first": self._came, "seconds": length, "rates": rates})
        self._came += round(rates.get("sign_in", 0) * length)
        found["cpu"] = {name: taken - before[name] for name, taken in self.cpu().items()}
        return found

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time until now, by who took them."""
        taken = {name: seconds(tree(unit.process.pid)) for name, unit in self._units.of.items() if unit.process}
        taken["PostgreSQL"] = seconds(self._database.processes())
        taken["Redis"] = seconds([self._redis.program.pid])
        return taken | {"who asks, and the gateway": seconds([self._crowd.pid])}

    @classmethod
    @contextmanager
    def begun(cls) -> Iterator[Self]:
        with (
            shares.given() as given, cluster() as database, Redis().start() as redis,
            tempfile.TemporaryDirectory() as folder,
        ):  # fmt: skip
            gateway = free_port()
            os.environ |= ENVIRONMENT | {
                "DATABASE_URL": database.url, "CELERY_BROKER_URL": redis.url,
                "STATIC_ROOT": f"{folder}/static", "VAR": folder, "TRUSTED_PROXIES": "1",
                "ALLOWED_HOSTS": "portal.example.edu", "SHARED_NETWORKS": "10.0.0.0/8",
                "TWILIO_BASE_URL": f"http://127.0.0.1:{gateway}", "LOG_LEVEL": "ERROR",
            }  # fmt: skip
            given.give("mailkey-postgresql", shares.OF_POSTGRESQL, database.processes())
            owners = fill()
            subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], cwd=ROOT, check=True)
            with crowd.begun() as line, started(ROOT, Path(folder), os.environ, *NAMES) as units:
                for name, unit in units.of.items():
                    given.give(name, shares.weight(name), tree(unit.process.pid) if unit.process else [])
                given.give("mailkey-crowd", shares.FIRST, [line.pid])
                ports = {"web": units.of["mailkey-web"].port, "mail": units.of["mailkey-mail"].port}
                line.tell({"ports": ports | {"gateway": gateway}, "takes": TAKES, "token": TOKEN,
                           "password": PASSWORD, "owners": owners})  # fmt: skip
                yield cls(units, database, redis, line)


def tree(process: int) -> list[int]:
    """With its children, and theirs."""
    there = Path(f"/proc/{process}/task/{process}/children")
    children = there.read_text(encoding="ascii").split() if there.exists() else []
    return [process, *(below for child in children for below in tree(int(child)))]


def page(found: dict[str, Any]) -> float:
    """Seconds within which 99 of 100 of the slowest kind of page came."""
    return max(float(found["times"][step]["p99"]) for step in PAGES if step in found["times"])


def all_is_well(found: dict[str, Any]) -> bool:
    return page(found) <= PAGE_WITHIN and not [end for end in found["ends"] if "Error" in end]


def most(day: Day, length: float, picture: Path | None) -> float:
    """People a second that the machine serves in time."""
    served, lines = 0.0, {"99 of 100 pages within": [0.0], "99 of 100 codes at the gateway": [0.0]}
    print("| people a second | pages: 99 of 100 within s | codes at the gateway | ms of CPU for one | ends |")
    print("|---|---|---|---|---|")
    for rate in range(STEP, LAST_STEP + 1, STEP):
        found = day.come(length, sign_in=rate)
        code = found["times"].get("until the gateway has the code", {"p99": float("nan")})["p99"]
        ends = ", ".join(f"{count} {end.partition(': ')[2]}" for end, count in found["ends"].items())
        print(f"| {rate} | {page(found):.2f} | {code:.2f} | {cost(found, rate * length)} | {ends} |", flush=True)
        for values, value in zip(lines.values(), (page(found), code), strict=True):
            values.append(value)
        if not all_is_well(found):
            break
        served = rate
    if picture:
        picture.write_text(lines_of_seconds(lines, STEP, "a second"))
    return served


def cost(found: dict[str, Any], people: float) -> str:
    """By who took it; who asks is not in the sum."""
    each = {name.removeprefix("mailkey-"): taken / people * 1000 for name, taken in found["cpu"].items()}
    asks = each.pop("who asks, and the gateway")
    parts = ", ".join(f"{name} {taken:.0f}" for name, taken in each.items())
    return f"{sum(each.values()):.0f} ({parts}; who asks {asks:.0f})"


def show(name: str, found: dict[str, Any]) -> None:
    print(f"\n{name}: {found['ends']}; CPU s { ({key: round(taken, 1) for key, taken in found['cpu'].items()}) }")
    print("\n| | count | median s | 99 of 100 within s | longest s |\n|---|---|---|---|---|")
    for what, times in found["times"].items():
        print(ROW.format(what=what, **times), flush=True)


def main(rate: float, length: float, picture: Path | None) -> None:
    print(machine.told(), flush=True)
    with Day.begun() as day:
        day.come(5, sign_in=2, read_mail=20)  # warm
        rate = rate or 0.8 * most(day, length, picture)
        show(f"{rate:.1f} people a second", day.come(length, sign_in=rate))
        show(f"and {MAIL_LOGINS} mail logins", day.come(length, sign_in=rate, read_mail=MAIL_LOGINS))
        half = rate / 2
        show(f"{half:.1f} people and 100 mail logins", day.come(length, sign_in=half, read_mail=100))
        show("and 50 attackers", day.come(length, sign_in=half, read_mail=100, attack=ATTACKS))


if __name__ == "__main__":
    given = [*sys.argv[1:], *("0", "20", "")[len(sys.argv) - 1 :]]
    main(float(given[0]), float(given[1]), Path(given[2]) if given[2] else None)
