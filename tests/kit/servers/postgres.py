"""A PostgreSQL of our own, in a temporary folder, for as long as the tests run."""

import ctypes
import getpass
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from django.db import connection

from tests.kit.servers import free_port, need
from tests.kit.waiting import wait_until

OWNER = "mailkey"  # of the cluster and of the database
CONNECTIONS = 200


@contextmanager
def running() -> Iterator[str]:
    """Its DATABASE_URL."""
    with cluster() as made:
        yield made.url


@contextmanager
def cluster(*options: str) -> Iterator["Cluster"]:
    made = Cluster(*options)
    try:
        made.create()
        yield made
    finally:
        made.remove()


class Cluster:
    """It can be stopped, frozen and started again. It does not run as root, so root starts it as `postgres`."""

    def __init__(self, *options: str) -> None:
        self.options = options
        self.port = free_port()
        self.url = f"postgres://{OWNER}@127.0.0.1:{self.port}/{OWNER}"
        self._account = "postgres" if os.geteuid() == 0 else getpass.getuser()
        self._folder = Path(tempfile.mkdtemp(prefix="mailkey-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        initdb = need("initdb")
        if os.geteuid() == 0:
            shutil.chown(self._folder, self._account)
        options = ["--username", OWNER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        subprocess.run(
            [initdb, *options, self._folder / "data"],
            check=True, user=self._account, cwd=self._folder, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        self.start()
        with self.session("postgres") as session:
            session.execute(f"CREATE DATABASE {OWNER}")

    def start(self) -> None:
        command = [need("postgres"), "-D", str(self._folder / "data"), "-h", "127.0.0.1", "-p", str(self.port)]
        command += ["-k", "", "-N", str(CONNECTIONS), "-F", *self.options]  # -F: a power cut does not matter
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, user=self._account, cwd=self._folder, stdout=log, stderr=log,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - it takes no lock
            )  # fmt: skip
        wait_until(self._answers)

    def stop(self) -> None:
        """At once, whoever is connected."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(20)

    def freeze(self) -> None:
        """It keeps its connections, the system takes new ones for it, and it answers nobody."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        for process in self.processes():
            with suppress(ProcessLookupError):  # its connection was closed meanwhile
                os.kill(process, number)

    def session(self, database: str = OWNER) -> "psycopg.Connection":
        return psycopg.connect(host="127.0.0.1", port=self.port, user=OWNER, dbname=database, autocommit=True)

    def processes(self) -> list[int]:
        """The server and its children, one for each connection among them."""
        if self._process is None or self._process.poll() is not None:
            return []
        server = self._process.pid
        children = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii")
        return [server, *map(int, children.split())]

    def remove(self) -> None:
        self.thaw()
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def log(self) -> Path:
        return self._folder / "log"

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log.read_text(encoding="utf-8")
        try:
            self.session("postgres").close()
        except psycopg.OperationalError:
            return False
        return True


def somebody_waits() -> bool:
    """For what another transaction of this database holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def end_with_parent() -> None:
    """Linux stops it even when the tests are killed. Elsewhere nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG
