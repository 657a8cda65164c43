"""Does the time of a refusal tell anything of the mailbox? Looks at mailboxes of each kind in turn, and compares them.

    python -m benchmarks.timing [looks at each kind]

A PostgreSQL of its own that waits for its disk, the mail login service and the portal as deploy/systemd starts them;
then, as root, Dovecot and nginx with the files of deploy/, asked over IMAP. Beside a name that is nobody's stand
accounts that are disabled, with two-step on or off, without a password and, in fewer looks since each costs a fifth of
a second, with a hash of another system. A browser shows something like a trusted browser's cookie. Told are the gap of
the medians, and how likely a gap of the ranks like this one is by chance (Mann-Whitney): below 0.01 the two would be
told apart.
"""

import imaplib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import chain, count
from math import erfc, sqrt
from pathlib import Path
from statistics import median
from typing import TypeVar
from urllib.parse import urlencode

from benchmarks import machine
from benchmarks.mail_login import ENVIRONMENT, ROOT, TOKEN
from tests.kit import mail_programs
from tests.kit.servers import free_port
from tests.kit.servers.mail import MailSystem
from tests.kit.servers.postgres import cluster
from tests.kit.waiting import wait_until

LANES = 10
PATIENT_LANES = 40  # nginx keeps a refusal for two seconds
DURABLE = ("-c", "fsync=on", "-c", "synchronous_commit=on")  # what a commit costs tells too
OLDER = 6  # times fewer looks, and lanes
NOBODY = "unknown"
KINDS = [NOBODY, "disabled", "on", "off", "nopassword"]
T = TypeVar("T")
numbers = count()
unanswered: Counter[str] = Counter()


def p_value(ones: list[float], others: list[float]) -> float:
    """Two-sided, by the normal approximation, which hundreds of looks allow."""
    ranked = sorted([(value, 0) for value in ones] + [(value, 1) for value in others])
    ranks = sum(rank for rank, (_value, whose) in enumerate(ranked, 1) if whose == 0)
    n, m = len(ones), len(others)
    u = ranks - n * (n + 1) / 2
    return erfc(abs(u - n * m / 2) / sqrt(n * m * (n + m + 1) / 12) / sqrt(2))


def by_mail(port: int, kind: str) -> float:
    number = next(numbers)
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    form = {"user": f"{kind}@example.edu", "password": f"guess {number}", "protocol": "imap", "address": address}
    start = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/login", urlencode(form), {"Authorization": f"Bearer {TOKEN}"})
    status = connection.getresponse().status
    took = time.perf_counter() - start
    connection.close()
    if status == 503:  # the machine is busy with something else: it waited too long, and was told so
        unanswered[kind] += 1
        return by_mail(port, kind)
    if status != 401:
        raise SystemExit(f"{kind}: answered {status}")
    return took


def by_imap(way: str) -> Callable[[MailSystem, str], float]:
    """A whole refusal as a mail program sees it, from an address that nobody had before."""

    def look(system: MailSystem, kind: str) -> float:
        number = next(numbers)
        source = f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255 or 1}"
        with mail_programs.imap(system, source, way) as program:
            start = time.perf_counter()
            try:
                program.login(f"{kind}@example.edu", f"guess{number}")
            except imaplib.IMAP4.error as refusal:
                if "AUTHENTICATIONFAILED" not in str(refusal):
                    unanswered[kind] += 1  # as above
                    return look(system, kind)
            return time.perf_counter() - start

    return look


def on_the_web(port: int, kind: str) -> float:
    number = next(numbers)
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    headers = {"Host": "portal.example.edu", "X-Forwarded-Proto": "https", "X-Forwarded-For": address}
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/sign-in/", headers=headers)
    page = connection.getresponse()
    text = page.read().decode()
    cookies = "; ".join(value.partition(";")[0] for key, value in page.getheaders() if key.lower() == "set-cookie")
    fields = dict(field.split('" value="', 1) for field in text.split('<input type="hidden" name="')[1:])
    form = {name: value.partition('"')[0] for name, value in fields.items()}
    form |= {"username": f"{kind}@example.edu", "password": f"guess {number}"}
    cookies += f"; __Host-browser={'x' * 43}"  # as if it were of a trusted browser
    headers |= {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
    start = time.perf_counter()
    connection.request("POST", "/sign-in/", urlencode(form), headers | {"Referer": "https://portal.example.edu/"})
    status = connection.getresponse().status
    took = time.perf_counter() - start
    connection.close()
    if status != 200:
        raise SystemExit(f"{kind}: answered {status}")
    return took


def compare(title: str, look: Callable[[T, str], float], port: T, kinds: list[str], looks: int, lanes: int) -> None:
    def lane(number: int) -> dict[str, list[float]]:
        """Each begins with another kind: or all would ask for a hash at the same moment."""
        times: dict[str, list[float]] = {kind: [] for kind in kinds}
        for turn in range(looks // lanes * len(kinds)):
            kind = kinds[(number + turn) % len(kinds)]
            times[kind].append(look(port, kind))
        return times

    with ThreadPoolExecutor(lanes) as crowd:
        parts = list(crowd.map(lane, range(lanes)))
    found = [list(chain.from_iterable(part[kind] for part in parts)) for kind in kinds]
    nobody = found[kinds.index(NOBODY)]
    print(f"{title}, {len(nobody)} looks at each; {NOBODY}: {median(nobody) * 1000:.1f} ms")
    for kind, times in zip(kinds, found, strict=True):
        if kind != NOBODY:
            gap = (median(times) - median(nobody)) * 1000
            print(f"    {kind:12}{gap:+8.2f} ms   p = {p_value(nobody, times):.3f}", flush=True)


@contextmanager
def served(kind: str, application: str) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "portal.serving", kind, application, f"127.0.0.1:{port}", "2", "warning"]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_until(lambda: lives(port), 60)
        yield port
    finally:
        process.terminate()
        process.wait(15)


def lives(port: int) -> bool:
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except OSError:
        return False


def people() -> None:
    import django

    django.setup()
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from accounts.users.models import User

    call_command("migrate", verbosity=0)
    password, on = make_password("battery-staple-2026"), timezone.now()
    given: dict[str, dict[str, object]] = {
        "disabled": {"is_active": False}, "on": {"two_step_from": on}, "off": {},
        "nopassword": {"password": make_password(None)},
    }  # fmt: skip
    for kind, fields in given.items():
        User.objects.create(**{"username": f"{kind}@example.edu", "password": password, **fields})
    connection.close()


def older() -> None:
    from django.contrib.auth.hashers import make_password
    from django.db import connection

    from accounts.users.models import User

    User.objects.create(username="older@example.edu", password=make_password("x", hasher="pbkdf2_sha256"))
    connection.close()


def through_mail_servers(database: str, looks: int) -> None:
    with tempfile.TemporaryDirectory(prefix="mailkey-timing-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # servers drop their privileges and still need their files
        system = MailSystem(folder, DATABASE_URL=database, MAIL_REFUSED_AFTER="0.4", BRAKE_AFTER_FAILURES="1000000")
        try:
            system.start()
            system.start_nginx()
            compare("through Dovecot", by_imap("imap"), system, KINDS, looks, LANES)
            compare("through nginx", by_imap("nginx_imap"), system, KINDS, looks, PATIENT_LANES)
        finally:
            system.stop()


def main() -> None:
    print(machine.told(), flush=True)
    looks = int(sys.argv[1]) if sys.argv[1:] else 2_000
    with cluster(*DURABLE) as database, tempfile.TemporaryDirectory() as folder:
        os.environ |= ENVIRONMENT | {
            "DATABASE_URL": database.url, "STATIC_ROOT": folder, "TRUSTED_PROXIES": "1",
            "ALLOWED_HOSTS": "portal.example.edu", "MAIL_REFUSED_AFTER": "0.4", "BRAKE_AFTER_FAILURES": "1000000",
        }  # fmt: skip
        people()
        from django.core.management import call_command

        call_command("collectstatic", interactive=False, verbosity=0)
        with (
            served("protocol", "apppasswords.maillogin.server.request:MailServer") as mail,
            served("wsgi", "portal.wsgi:application") as portal,
        ):
            compare("mail login", by_mail, mail, KINDS, looks, LANES)
            compare("web", on_the_web, portal, KINDS, looks, 2)
            older()
            few = looks // OLDER
            compare("mail login", by_mail, mail, [NOBODY, "older"], few, 2)
            compare("web", on_the_web, portal, [NOBODY, "off", "older"], few, 2)
        if os.geteuid() == 0:
            through_mail_servers(database.url, looks)
    print(f"told to come later: {dict(unanswered)}")


if __name__ == "__main__":
    main()
