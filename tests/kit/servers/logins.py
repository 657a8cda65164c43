"""The mail login service as it runs: processes of its own, a database of its own."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import psycopg

from tests.kit.people import PASSWORD
from tests.kit.servers import free_port, migrated
from tests.kit.servers.postgres import OWNER, end_with_parent, running
from tests.kit.waiting import wait_until

ROOT = Path(__file__).parent.parent.parent.parent
TOKEN = "token-of-the-tests"
CANNOT_TELL = 503
PEOPLE = f"""
import json
from django.utils import timezone
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.limits import Limits, Scope
on = User.objects.create_user("on@example.edu", {PASSWORD!r}, two_step_from=timezone.now())
User.objects.create_user("off@example.edu", {PASSWORD!r})
User.objects.create_user("o'neil@example.edu", {PASSWORD!r}, two_step_from=timezone.now())
for_all = Limits(Scope.MAIL_AND_FILTERS)
print(json.dumps([passwords.create(on, name, limits=for_all)[1] for name in ("Mail", "Unused", "Limited", "Idle")]))
"""


class Reply(NamedTuple):
    status: int
    text: str
    headers: dict[str, str]
    seconds: float


class Database:
    """Where the service keeps its data, with two people in it: `on` with app passwords, `off` without two-step."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.log = folder / "service.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in ("REQUIRE_SERVERS", "VAR")},
            "DEBUG": "on", "VAR": str(folder), "DATABASE_URL": url, "MAIL_AUTH_TOKEN": TOKEN,
            "MAIL_REFUSED_AFTER": "0",
        }  # fmt: skip
        migrated.migrate(url)
        made = json.loads(self.manage("shell", "--verbosity", "0", "--command", PEOPLE))
        self.secret, self.unused, self.limited, self.idle = made

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def session(self) -> Any:
        """A connection of our own, outside of the service; `%s` or `?` for values."""
        if self.url.startswith("sqlite"):
            return sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None, timeout=5)
        port = int(self.url.rpartition(":")[2].partition("/")[0])
        return psycopg.connect(host="127.0.0.1", port=port, user=OWNER, dbname=OWNER, autocommit=True)

    def value(self, sql: str) -> Any:
        with closing(self.session()) as session:
            return session.execute(sql).fetchone()[0]

    def run(self, sql: str) -> None:
        with closing(self.session()) as session:
            session.execute(sql)

    def failures(self, address: str) -> int:
        return int(self.value(f"SELECT COUNT(*) FROM bans_failure WHERE network = '{address}'"))

    def bans(self, address: str) -> int:
        return int(self.value(f"SELECT COUNT(*) FROM bans_ban WHERE network = '{address}'"))


class LoginService:
    def __init__(self, database: Database, port: int, process: subprocess.Popen[bytes] | None = None) -> None:
        self.database = database
        self.port = port
        self.process = process

    def workers(self) -> list[int]:
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [int(child) for child in children.split()]

    def login(self, user: str, password: str, address: str, protocol: str = "imap") -> Reply:
        fields = {"user": user, "password": password, "protocol": protocol, "address": address}
        return self.ask("POST", "/login", urlencode(fields))

    def right(self, address: str) -> Reply:
        return self.login("on@example.edu", self.database.secret, address)

    def wrong(self, address: str) -> Reply:
        return self.login("on@example.edu", "wrong", address)

    def ask(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> Reply:
        given = {"Authorization": f"Bearer {TOKEN}"} if headers is None else headers
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            start = time.monotonic()
            connection.request(method, path, body or None, given)
            answer = connection.getresponse()
            text = answer.read().decode("ascii")
            return Reply(answer.status, text, dict(answer.getheaders()), time.monotonic() - start)

    def raw(self, request: bytes) -> bytes:
        """What comes until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as line:
            line.sendall(request)
            return b"".join(iter(lambda: line.recv(65536), b""))

    def at_once(self, count: int, what: "Any", *given: Any) -> list[Reply]:
        with ThreadPoolExecutor(count) as crowd:
            return [asked.result() for asked in [crowd.submit(what, *given) for _ in range(count)]]

    def count_ten_of(self, guesses: int, address: str) -> None:
        """At once: ten are counted, and ban. Who waited for too long is told so, and asks again, as programs do."""
        statuses = Counter(reply.status for reply in self.at_once(guesses, self.wrong, address))
        assert set(statuses) <= {401, 429, CANNOT_TELL}
        assert statuses[401] <= 10 <= statuses[401] + statuses[CANNOT_TELL], statuses
        for _later in range(statuses[CANNOT_TELL]):
            self.wrong(address)
        assert (self.database.bans(address), self.database.failures(address)) == (1, 10)

    def lives(self) -> bool:
        try:
            return self.ask("GET", "/health/live").status == 200
        except (OSError, HTTPException):
            return False


@contextmanager
def login_service(database: Database, *, workers: int = 2, **environment: str) -> Iterator[LoginService]:
    """As deploy/systemd starts it, but patient: a busy machine is no "cannot tell" to who asks for the truth. Who asks
    for the time gives MAIL_ANSWER_WITHIN. What it logs is in the database's folder."""
    environment = {"MAIL_ANSWER_WITHIN": "10"} | environment
    port = free_port()
    command = [sys.executable, "-m", "portal.serving", "protocol", "apppasswords.maillogin.server.request:MailServer"]
    command += [f"127.0.0.1:{port}", str(workers), "warning"]
    with database.log.open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=database.environment | environment, stderr=log,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - it takes no lock
        )  # fmt: skip
    try:
        service = LoginService(database, port, process)
        wait_until(service.lives, 180)
        yield service
    finally:
        process.terminate()
        process.wait(15)


@contextmanager
def login_service_on(kind: str, folder: Path) -> Iterator[LoginService]:
    """With a database of its own, of this kind."""
    if kind == "sqlite":
        with login_service(Database(f"sqlite:///{folder}/mailkey.sqlite3", folder)) as started:
            yield started
    else:
        with running() as url, login_service(Database(url, folder)) as started:
            yield started
