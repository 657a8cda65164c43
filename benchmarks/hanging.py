"""Mail logins while the directory hangs: their p99, and what it did to anybody: failures, bans, wrong answers.

`python -m benchmarks.hanging [LOGINS]` starts a slapd, a PostgreSQL and the mail login service, and freezes the slapd.
It needs python-ldap (docs/directory.md).
"""

import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tests.kit.environment  # noqa: F401  (before Django's settings)

os.environ |= {"DJANGO_SETTINGS_MODULE": "portal.settings", "LOG_LEVEL": "ERROR"}

import django

django.setup()

from benchmarks import machine
from tests.kit.servers import directory, postgres
from tests.kit.servers.logins import CANNOT_TELL, Database, LoginService, Reply, login_service
from tests.kit.waiting import wait_until

PASSWORD = "kept-elsewhere-2026"
AT_ONCE = 12  # who ask


def main() -> None:
    print(machine.told(), flush=True)
    logins = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    with (
        tempfile.TemporaryDirectory(prefix="mailkey-hanging-") as folder,
        directory.running([directory.person("off", userPassword=PASSWORD)]) as slapd,
        postgres.running() as url,
        login_service(
            Database(url, Path(folder)), workers=2, MAIL_ANSWER_WITHIN="0.8", **slapd.settings(slapd.tls_url)
        ) as service,
    ):
        wait_until(lambda: off(service, PASSWORD).status == 200)
        slapd.service.freeze()
        try:
            measure(service, logins)
        finally:
            slapd.service.thaw()


def off(service: LoginService, password: str) -> Reply:
    return service.login("off@example.edu", password, "192.0.2.1")


def measure(service: LoginService, logins: int) -> None:
    asked: dict[str, tuple[Callable[[int], Reply], set[int]]] = {
        "asks the directory": (lambda one: off(service, f"new {one}"), set()),
        "known from before": (lambda one: off(service, PASSWORD), {200}),
        "by app password": (lambda one: service.right("192.0.2.10"), {200}),
    }
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        waiting = {name: [crowd.submit(ask, one) for one in range(logins // 3)] for name, (ask, _) in asked.items()}
    for name, (_ask, right) in asked.items():
        tell(name, [reply.result() for reply in waiting[name]], right)
    tell("all of them", [reply.result() for replies in waiting.values() for reply in replies], None)
    for table in ("bans_failure", "bans_ban"):
        print(f"{table}: {service.database.value(f'SELECT COUNT(*) FROM {table}')}")


def tell(name: str, replies: list[Reply], right: set[int] | None) -> None:
    """ "Cannot tell" is never a wrong answer."""
    times = sorted(reply.seconds for reply in replies)
    median, p99 = (times[int(len(times) * share)] for share in (0.5, 0.99))
    unknown = sum(reply.status == CANNOT_TELL for reply in replies)
    wrong = "" if right is None else f", {sum(reply.status not in {*right, CANNOT_TELL} for reply in replies)} wrong"
    print(f"{name}: {len(times)} logins, median {median:.3f} s, p99 {p99:.3f} s, {unknown} cannot tell{wrong}")


if __name__ == "__main__":
    main()
