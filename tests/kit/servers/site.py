"""The portal as it really runs: web server and worker are processes, with a folder and a database of their own."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import requests
from django.conf import settings

from portal.development.management.commands import up
from tests.kit.people import PASSWORD
from tests.kit.servers import free_port, migrated
from tests.kit.servers.programs import Program
from tests.kit.waiting import wait_until

PEOPLE = 80  # p0@example.edu, p1@example.edu, ..., with the phones 13800138000, 13800138001, ...

PREPARE = """
import django; django.setup()
from django.core.management import call_command
from django.utils import timezone
from accounts.phones import notice
from accounts.phones.models import Phone
from accounts.users.models import User
call_command("demo", verbosity=0)
password = User.objects.get(username="zhangsan@example.edu").password
for n in range(int({people})):
    user = User.objects.create(username=f"p{{n}}@example.edu", password=password, two_step_from=timezone.now())
    Phone.objects.create(user=user, number=f"+861380013{{8000 + n}}", **notice.now().columns)
"""


def _environment(var: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DEBUG": "on",
        "VAR": str(var),
        "SMS_GATEWAY": "outbox",
        "CELERY_BROKER_URL": "filesystem://",
        "SMS_RESEND_AFTER": "0",
        "SMS_REQUEUE_AFTER": "1",
    } | more


@cache
def _database() -> bytes:
    """Made once by the processes of a test run, copied for every site."""
    return migrated.once("site", _made)


def _made() -> bytes:
    with tempfile.TemporaryDirectory(prefix="mailkey-database-") as folder:
        path = Path(folder) / "mailkey.sqlite3"
        migrated.migrate(f"sqlite:///{path}")
        program = PREPARE.format(people=PEOPLE)
        subprocess.run(
            [sys.executable, "-c", program], env=_environment(Path(folder)), cwd=settings.BASE_DIR, check=True
        )
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()


class Site:
    def __init__(self, **environment: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mailkey-site-"))
        self.var = self.folder / "var"
        self.var.mkdir()
        self.database = self.var / "mailkey.sqlite3"
        self.database.write_bytes(_database())
        self.environment = _environment(self.var, **environment)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._programs: list[Program] = []
        self._people = iter(range(PEOPLE))

    def start(self, name: str, command: list[str], environment: Mapping[str, str]) -> Program:
        log = self.folder / f"{name}-{len(self._programs)}.log"
        program = Program(command, log, self.environment | dict(environment), settings.BASE_DIR)
        self._programs.append(program)
        return program

    def start_web(self, environment: Mapping[str, str] | None = None) -> Program:
        program = self.start("web", up.web_server(self.port), environment or {})
        wait_until(lambda: self._is_ready(program), 120)
        return program

    def _is_ready(self, program: Program) -> bool:
        assert program.runs(), program.log.read_text()
        try:
            return requests.get(f"{self.url}/health/ready", timeout=2).ok
        except requests.ConnectionError:
            return False

    def start_worker(
        self, environment: Mapping[str, str] | None = None, *, ready: bool = True, files: bool = False
    ) -> Program:
        """`files`: the one that reads files of people, and nothing else."""
        program = self.start("worker", up.files_worker() if files else up.worker(), environment or {})
        if ready:
            wait_until(lambda: " ready." in program.log.read_text(), 120)
        return program

    def keep_a_worker(self) -> None:
        """As systemd does: one that ended itself is followed by another."""
        if not any(worker.runs() for worker in self._workers()):
            self.start_worker(ready=False)

    def kill_workers(self) -> None:
        for worker in self._workers():
            worker.kill()

    def _workers(self) -> list[Program]:
        return [program for program in self._programs if program.log.name.startswith("worker")]

    def run(self, program: str) -> None:
        """A few lines of Python beside the running site."""
        command = [sys.executable, "-c", f"import django; django.setup()\n{program}"]
        subprocess.run(command, env=self.environment, cwd=settings.BASE_DIR, check=True, timeout=60)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes to the database meanwhile."""
        with closing(sqlite3.connect(self.database, timeout=20, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield
            database.execute("ROLLBACK")

    def execute(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.database, timeout=20)) as database, database:
            database.execute(statement, values)

    def visitor(self) -> "Visitor":
        """Somebody who was not here yet, with a bound phone."""
        n = next(self._people)
        return Visitor(self, f"p{n}@example.edu", f"1380013{8000 + n}")

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def outbox(self, number: str = "") -> list[dict[str, Any]]:
        """The SMS that went out (to this number)."""
        path = self.var / "outbox.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [sms for sms in map(json.loads, lines) if sms["to"].endswith(number)]

    def code(self, number: str) -> str:
        """The newest code that came to this phone, waited for."""
        return str(wait_until(lambda: self.outbox(number), 30)[-1]["code"])

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.database, timeout=20)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query, values)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: object, *_: object) -> None:
        for program in reversed(self._programs):
            program.kill()
        if error:
            print(self.logs()[-20_000:])
        shutil.rmtree(self.folder)


class Visitor(requests.Session):
    """Somebody at a browser, far from the test's own process."""

    def __init__(self, site: Site, name: str, number: str) -> None:
        super().__init__()
        self.site, self.name, self.number = site, name, number
        self.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        self.headers["Accept-Language"] = "en"

    def open(self, path: str) -> requests.Response:
        return self.get(self.site.url + path, timeout=30, allow_redirects=False)

    def submit(self, path: str, **fields: str) -> requests.Response:
        if "csrf" not in self.cookies:
            self.open("/sign-in/")
        fields["csrfmiddlewaretoken"] = str(self.cookies["csrf"])
        return self.post(self.site.url + path, fields, timeout=30, allow_redirects=False)

    def enter_password(self, password: str = PASSWORD) -> requests.Response:
        return self.submit("/sign-in/", username=self.name, password=password)

    def enter_code(self) -> requests.Response:
        return self.submit("/sign-in/code/", code=self.site.code(self.number))

    def is_in(self) -> bool:
        return self.open("/").status_code == 200

    def sms(self) -> list[dict[str, Any]]:
        """The rows of the SMS to this person, the oldest first."""
        return self.site.rows("SELECT * FROM delivery_sms WHERE number = ? ORDER BY id", f"+86{self.number}")

    def statuses(self) -> list[str]:
        return [row["status"] for row in self.sms()]

    def __enter__(self) -> Self:
        return self
