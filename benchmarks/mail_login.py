"""What an answer of the mail login service costs, beside an empty Django view and a loop over hashes.

`make bench` runs it: a PostgreSQL of its own, both servers started alike, one case after the other, several rounds.
Counted is the processor time of the server and of PostgreSQL, which other programs on the machine disturb least.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import ClassVar
from urllib.parse import urlencode
from urllib.request import urlopen

from benchmarks import machine, people
from tests.kit.servers import free_port
from tests.kit.servers.postgres import Cluster, cluster
from tests.kit.waiting import wait_until

ROOT = Path(__file__).parent.parent
ROUNDS = 5
REQUESTS = 1_350  # a case and round
CLIENTS = 4  # that ask at once
WORKERS = 2
WRITTEN_WITHIN = 4.0  # seconds after an answer, until all is noted
RESTS = 10  # seconds
TICK = 1 / os.sysconf("SC_CLK_TCK")
AIM = {"right": 1.3, "wrong": 2.0, "banned": 1.4}  # times the empty view
TOKEN = "token-of-the-benchmark"

ENVIRONMENT = {
    "DEBUG": "off",
    "DJANGO_SETTINGS_MODULE": "portal.settings",
    "SECRET_KEY": "of-the-benchmark" * 4,
    "SMS_CODE_KEY": "of-the-benchmark" * 4,
    "APP_PASSWORD_KEYS": "of-the-benchmark" * 4,
    "FACTOR_KEYS": "other-ways-of-the-benchmark" * 2,
    "EVENT_LOG_KEYS": "of-the-benchmark" * 4,
    "MAIL_AUTH_TOKEN": TOKEN,
    "OIDC_SIGNING_KEYS": "-----BEGIN PRIVATE KEY-----bm90IHVzZWQ=-----END PRIVATE KEY-----",
    "ALLOWED_HOSTS": "127.0.0.1",
    "PUBLIC_URL": "https://portal.example.edu",
    "MAIL_DOMAIN": "example.edu",
    "SMS_GATEWAY": "twilio",
    "TWILIO_ACCOUNT_SID": "none",
    "TWILIO_AUTH_TOKEN": "none",
    "TWILIO_FROM": "+15005550006",
    "CELERY_BROKER_URL": "memory://",
    "SHARED_NETWORKS": "",
    "MAIL_REFUSED_AFTER": "0",  # nobody waits for what is measured
}


@dataclass
class Case:
    """One kind of request to one server, and what its rounds cost."""

    name: str
    server: "Server"
    requests: list[str]  # of all rounds
    answer: str
    counts: bool = False  # as logins that were let in
    costs: list[float] = field(default_factory=list)  # µs of processor time a request, one number a round
    of_database: list[float] = field(default_factory=list)  # PostgreSQL's part of them
    times: list[float] = field(default_factory=list)  # seconds until the answer
    counted: ClassVar[int] = 0  # of all cases

    def run(self, number: int, database: Cluster) -> None:
        share = len(self.requests) // ROUNDS
        requests = self.requests[number * share : (number + 1) * share]
        order = json.dumps({"port": self.server.port, "clients": CLIENTS, "requests": requests})
        start, before = time.monotonic(), self._used(database)
        load = subprocess.run(
            [sys.executable, "-m", "benchmarks.load"], input=order, capture_output=True, text=True, check=True, cwd=ROOT
        )
        Case.counted += len(requests) if self.counts else 0
        after = self._all_written(database)
        idle = self.server.idle * (time.monotonic() - start)
        result = json.loads(load.stdout)
        if set(result["statuses"]) != {self.answer}:
            raise SystemExit(f"{self.name}: answered {result['statuses']} and not {self.answer}")
        server, of_database = ((then - now) / len(requests) * 1e6 for then, now in zip(after, before, strict=True))
        self.costs.append(server - idle / len(requests) * 1e6 + of_database)
        self.of_database.append(of_database)
        self.times += result["times"]

    def _used(self, database: Cluster) -> tuple[float, float]:
        return self.server.seconds(), seconds(database.processes())

    def _all_written(self, database: Cluster) -> tuple[float, float]:
        """What follows the answers is the case's too, and not the next one's. To look whether it is written costs
        PostgreSQL as much as ten logins: once, and not counted."""
        time.sleep(WRITTEN_WITHIN)
        used = self._used(database)
        if self.counts and (written := _counted(database)) != Case.counted:
            raise SystemExit(f"{self.name}: {written} of {Case.counted} were written {WRITTEN_WITHIN} seconds later")
        return used

    @property
    def cost(self) -> float:
        return median(self.costs)

    @property
    def p99(self) -> float:
        return quantiles(self.times, n=100)[-1] * 1000


MAIL = ["portal.serving", "protocol", "apppasswords.maillogin.server.request:MailServer", "127.0.0.1:{port}",
        str(WORKERS), "warning"]  # fmt: skip
# With as few threads as it can have, which is the cheapest.
EMPTY = ["granian", "--interface", "wsgi", "--port", "{port}", "--workers", str(WORKERS), "--blocking-threads", "1",
         "--no-access-log", "--log-level", "warning", "--workers-kill-timeout", "3",
         "benchmarks.empty:application"]  # fmt: skip


class Server:
    """The service as deploy/systemd starts it, or the empty view."""

    def __init__(self, module: list[str], environment: dict[str, str]) -> None:
        self.port = free_port()
        command = [part.format(port=self.port) for part in module]
        self.process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=environment)
        self.idle = 0.0  # what it uses while nobody asks, seconds of a second

    def rest(self) -> None:
        """Learns that."""
        start, before = time.monotonic(), self.seconds()
        time.sleep(RESTS)
        self.idle = (self.seconds() - before) / (time.monotonic() - start)

    def answers(self) -> bool:
        try:
            urlopen(f"http://127.0.0.1:{self.port}/health/live", timeout=1).close()
        except OSError:
            return False
        return True

    def seconds(self) -> float:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return seconds([self.process.pid, *map(int, children.split())])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def seconds(processes: list[int]) -> float:
    """The processor time that these processes, and children of theirs that have ended, took until now."""
    ticks = 0
    for process in processes:
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since they were listed
            fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks * TICK


def _counted(database: Cluster) -> int:
    with database.session() as session:
        [[count]] = session.execute("SELECT coalesce(sum(count), 0)::bigint FROM maillogins_maillogin")
        return int(count)


@contextmanager
def server(module: list[str], environment: dict[str, str]) -> Iterator[Server]:
    started = Server(module, environment)
    try:
        wait_until(started.answers, 30)
        yield started
    finally:
        started.stop()


def request(user: str, password: str, address: str) -> str:
    body = urlencode({"user": user, "password": password, "protocol": "imap", "address": address})
    return (
        f"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


def cases(mail: Server, empty: Server) -> list[Case]:
    total = ROUNDS * REQUESTS
    made = [Case("empty Django view", empty, [request("a@example.edu", "x", "192.0.2.1")] * total, "200")]
    for count in people.COUNTS:
        owners = people.owners(count)
        right = [request(*owners[n % len(owners)], "192.0.2.1") for n in range(total)]
        made.append(Case(f"right, {count} app passwords", mail, right, "200", counts=True))
    for at, count in enumerate(people.COUNTS):
        owners = people.owners(count)
        wrong = [
            request(owners[n % len(owners)][0], "wrong password", people.network(at, n % (total // 9)))
            for n in range(total)
        ]
        made.append(Case(f"wrong, {count} app passwords", mail, wrong, "401"))
    fresh = [request(*owner, "192.0.2.1") for owner in people.unused(total)]
    made.append(Case("right, and its use is written", mail, fresh, "200", counts=True))
    made.append(Case("banned", mail, [request(*people.owners(1)[0], people.BANNED)] * total, "429"))
    return made


def show(measured: list[Case], loop: dict[int, float]) -> None:
    empty = measured[0]
    print(f"\n{'':32}{'CPU µs':>9}{'rounds':>10}{'PostgreSQL':>12}{'× empty view':>14}{'p99 ms':>9}")
    for case in measured:
        of_database, spread = median(case.of_database), f"{min(case.costs):.0f}–{max(case.costs):.0f}"
        shown = f"{case.cost:9.0f}{spread:>10}{of_database:12.0f}{case.cost / empty.cost:14.2f}{case.p99:9.1f}"
        print(f"{case.name:32}{shown}")
    for count, cost in loop.items():
        print(f"{f'loop over {count} Argon2id hashes':32}{cost:9.0f}{cost / empty.cost:14.0f}")
    costs = {case.name: case.cost for case in measured}
    said = [f"banned costs {costs['banned'] / empty.cost:.2f} × the empty view (aim: {AIM['banned']})"]
    for kind in ("right", "wrong"):
        one, fifty = (costs[f"{kind}, {count} app passwords"] for count in (1, 50))
        said.append(
            f"{kind} costs {one / empty.cost:.2f} × the empty view (aim: {AIM[kind]}), with 50 app passwords "
            f"{(fifty / one - 1) * 100:+.0f} %, and 1/{loop[50] / fifty:.0f} of a loop over 50 hashes"
        )
    print(f"\nConclusion: {'; '.join(said)}.")


def main() -> None:
    print(machine.told(), flush=True)
    start = time.monotonic()
    with cluster() as database:
        os.environ |= ENVIRONMENT | {"DATABASE_URL": database.url}
        people.make(ROUNDS * REQUESTS)
        environment = dict(os.environ)
        with server(MAIL, environment) as mail, server(EMPTY, environment) as empty:
            measured = cases(mail, empty)
            for one in (mail, empty):
                one.rest()
            for number in range(ROUNDS):
                for case in measured:
                    case.run(number, database)
    show(measured, people.loop_over_hashes())
    print(f"{ROUNDS} rounds of {REQUESTS} requests, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
