"""Mail logins while many people sign in at the portal: does who reads mail notice?

    python -m benchmarks.rush

A PostgreSQL of its own, the portal and the mail login service as deploy/systemd starts them, with the shares of the
CPU that the units give them (here by niceness, which comes to about the same: ten steps are ten times). For twenty
seconds 200 logins a second with app passwords come to the mail login service, evenly, whether earlier ones were
answered or not: first by themselves, then while 50 people sign in as fast as the portal lets them. Everything runs on
the same cores, what asks as well.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from statistics import median, quantiles
from threading import Event, Thread, Timer
from typing import Any
from urllib.parse import urlencode

from benchmarks import people
from benchmarks.mail_login import ENVIRONMENT, ROOT, TOKEN
from tests.kit.servers import free_port
from tests.kit.servers.postgres import cluster
from tests.kit.waiting import wait_until

A_SECOND = 200
SECONDS = 20
LANES = 60  # that send mail logins in turn
PEOPLE = 50
PASSWORD = "battery-staple-2026"
NICE = {"mail": -10, "web": 0}  # and PostgreSQL as mail, as docs/operations.md tells


@contextmanager
def served(kind: str, application: str, *more: str) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "granian", "--port", str(port), "--workers", "2", "--no-access-log"]
    process = subprocess.Popen(
        [*command, "--log-level", "warning", "--workers-kill-timeout", "3", *more, application],
        cwd=ROOT, preexec_fn=lambda: os.nice(NICE[kind]),  # noqa: PLW1509 - it takes no lock
    )  # fmt: skip
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


# --- What asks: processes of their own -------------------------------------------------------------------------------


def read_mail(port: int, logins: list[list[str]]) -> dict[str, Any]:
    """Evenly, from when each should have been sent: who is late waits too."""
    times: list[float] = []
    statuses: Counter[int] = Counter()
    start = time.monotonic() + 0.5

    def lane(first: int) -> None:
        for number in range(first, A_SECOND * SECONDS, LANES):
            due = start + number / A_SECOND
            time.sleep(max(due - time.monotonic(), 0))
            name, password = logins[number % len(logins)]
            form = {"user": name, "password": password, "protocol": "imap", "address": f"10.0.{number % 200}.7"}
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("POST", "/login", urlencode(form), {"Authorization": f"Bearer {TOKEN}"})
            statuses[connection.getresponse().status] += 1
            connection.close()
            times.append(time.monotonic() - due)

    in_lanes(LANES, lane)
    cut = quantiles(times, n=1000)
    return {"statuses": statuses, "median": median(times), "p99": cut[989], "p999": cut[998], "longest": max(times)}


def sign_in(port: int, names: list[str]) -> dict[str, Any]:
    statuses: Counter[int] = Counter()
    over = Event()

    def somebody(number: int) -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            name, address = names[(number + turn * PEOPLE) % len(names)], f"10.9.{number}.{turn % 250}"
            headers = {"Host": "portal.example.edu", "X-Forwarded-Proto": "https", "X-Forwarded-For": address}
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/sign-in/", headers=headers)
            page = connection.getresponse()
            text = page.read().decode()
            cookies = "; ".join(
                value.partition(";")[0] for key, value in page.getheaders() if key.lower() == "set-cookie"
            )
            token = text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
            form = {"csrfmiddlewaretoken": token, "username": name, "password": PASSWORD}
            headers |= {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request(
                "POST", "/sign-in/", urlencode(form), headers | {"Referer": "https://portal.example.edu/"}
            )
            statuses[connection.getresponse().status] += 1
            connection.close()

    Timer(SECONDS + 2, over.set).start()
    in_lanes(PEOPLE, somebody)
    return {"statuses": statuses, "a_second": sum(statuses.values()) / (SECONDS + 2)}


def in_lanes(count: int, lane: Any) -> None:
    threads = [Thread(target=lane, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def asked(what: str, **order: Any) -> "subprocess.Popen[str]":
    nice = NICE["mail"] if what == "read_mail" else NICE["web"]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.rush", what], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, preexec_fn=lambda: os.nice(nice),  # noqa: PLW1509
    )  # fmt: skip
    assert process.stdin
    process.stdin.write(json.dumps(order))
    process.stdin.close()
    return process


def answered(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout
    found: dict[str, Any] = json.loads(process.stdout.read())
    process.wait()
    return found


def passwords_of_people() -> list[str]:
    """Some get a mailbox password, as the portal hashes it; two-step is off for them."""
    from django.contrib.auth.hashers import make_password

    from accounts.users.models import User

    names = [name for name, _secret in people.owners(10)]
    password = make_password(PASSWORD)
    User.objects.filter(username__in=names).update(password=password, two_step_from=None)
    return names


def show(name: str, mail: dict[str, Any]) -> None:
    figures = "  ".join(f"{key} {mail[key] * 1000:.1f} ms" for key in ("median", "p99", "p999", "longest"))
    print(f"{name:24}{figures}  {mail['statuses']}", flush=True)


def main() -> None:
    with cluster() as database, tempfile.TemporaryDirectory() as folder:
        os.environ |= ENVIRONMENT | {
            "DATABASE_URL": database.url, "STATIC_ROOT": folder, "TRUSTED_PROXIES": "1",
            "ALLOWED_HOSTS": "portal.example.edu",
        }  # fmt: skip
        for process in database.processes():  # those to come inherit it
            os.setpriority(os.PRIO_PROCESS, process, NICE["mail"])
        people.make(0)
        subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], cwd=ROOT, check=True)
        names, logins = passwords_of_people(), people.owners(50)
        from django.db import connection

        connection.close()
        with (
            served("mail", "apppasswords.maillogin.rsgi:application", "--interface", "rsgi") as mail,
            served("web", "portal.wsgi:application", "--interface", "wsgi", "--blocking-threads", "8") as web,
        ):
            answered(asked("read_mail", port=mail, logins=logins))  # warm
            show("by themselves", answered(asked("read_mail", port=mail, logins=logins)))
            crowd = asked("sign_in", port=web, names=names)
            show(f"while {PEOPLE} sign in", answered(asked("read_mail", port=mail, logins=logins)))
            came = answered(crowd)
            print(f"{came['a_second']:.1f} sign-ins a second, {came['statuses']}; {os.cpu_count()} cores")


if __name__ == "__main__":
    if sys.argv[1:]:
        asks: dict[str, Callable[..., dict[str, Any]]] = {"read_mail": read_mail, "sign_in": sign_in}
        print(json.dumps(asks[sys.argv[1]](**json.load(sys.stdin))))
    else:
        main()
