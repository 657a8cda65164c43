"""Mail logins, 200 a second, as other benchmarks ask for them: evenly, whether earlier ones were answered or not."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from statistics import median, quantiles
from threading import Thread
from typing import Any
from urllib.parse import urlencode

from benchmarks.mail_login import ROOT, TOKEN
from tests.kit.servers import free_port
from tests.kit.waiting import wait_until

A_SECOND = 200
SECONDS = 20
LANES = 60  # that send mail logins in turn
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


def in_lanes(count: int, lane: Any) -> None:
    threads = [Thread(target=lane, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def asked(**order: Any) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.mail_rush"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, preexec_fn=lambda: os.nice(NICE["mail"]),  # noqa: PLW1509
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


def show(name: str, mail: dict[str, Any]) -> None:
    figures = "  ".join(f"{key} {mail[key] * 1000:.1f} ms" for key in ("median", "p99", "p999", "longest"))
    print(f"{name:24}{figures}  {mail['statuses']}", flush=True)


if __name__ == "__main__":
    print(json.dumps(read_mail(**json.load(sys.stdin))))
