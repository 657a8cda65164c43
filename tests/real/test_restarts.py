"""Servers that are restarted and reloaded while they are asked all the time, on a socket that is handed over."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from tests.kit.servers.logins import ROOT, Database, LoginService
from tests.kit.servers.postgres import end_with_parent
from tests.kit.waiting import wait_until

HANDS_OVER = 'exec 3<&{}; export LISTEN_PID=$$; exec "$@"'.format
ASKERS = 3


class Site:
    """One server after the other on a socket that outlives them."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *what: str) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = int(self._socket.getsockname()[1])
        self.log = folder / "server.log"
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._systemd.bind(str(folder / "notify"))
        self._systemd.settimeout(60)
        self._environment = {**environment, "NOTIFY_SOCKET": str(folder / "notify")}
        self._command = [sys.executable, "-m", "portal.serving", *what, "127.0.0.1:1"]
        self._start()

    def _start(self) -> None:
        """Returns when it says that it is ready, as `systemctl restart` does."""
        descriptor = self._socket.fileno()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", HANDS_OVER(descriptor), "bash", *self._command], cwd=ROOT, env=self._environment,
                pass_fds=[descriptor], stdout=log, stderr=log, preexec_fn=end_with_parent,  # noqa: PLW1509
            )  # fmt: skip
        assert self._systemd.recv(100) == b"READY=1"

    def restart(self) -> None:
        self.stop()
        self._start()

    def reload(self) -> None:
        before = self.workers()
        self._process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.workers()) == len(before) and not self.workers() & before, 120)

    def hang_up(self) -> None:
        self._process.send_signal(signal.SIGHUP)

    def workers(self) -> set[str]:
        main = self._process.pid
        return set(Path(f"/proc/{main}/task/{main}/children").read_text().split())

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def close(self) -> None:
        self.stop()
        self._socket.close()
        self._systemd.close()

    def get(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=60) as answer:
            return str(answer.read().decode())


@contextmanager
def site(folder: Path, environment: Mapping[str, str], *what: str) -> Iterator[Site]:
    made = Site(folder, environment, *what)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def asked_all_the_time(ask: Callable[[], object]) -> Iterator[list[object]]:
    """What is answered meanwhile; whoever is refused fails the test."""
    answers: list[object] = []
    over = Event()

    def go_on() -> None:
        while not over.is_set():
            answers.append(ask())

    with ThreadPoolExecutor(ASKERS) as crowd:
        asking = [crowd.submit(go_on) for _ in range(ASKERS)]
        try:
            yield answers
        finally:
            over.set()
        for one in asking:
            one.result()


def test_a_new_version_takes_over_and_a_broken_one_does_not(tmp_path: Path) -> None:
    code = tmp_path / "greeter.py"

    def write(word: str) -> None:
        code.write_text(f"def application(environ, start):\n    start('200 OK', [])\n    return [b'{word}']\n")

    write("old")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    with site(tmp_path, environment, "wsgi", "greeter:application") as served:
        with asked_all_the_time(served.get) as answers:
            write("new")
            served.reload()
            wait_until(lambda: answers[-ASKERS:] == ["new"] * ASKERS)
            code.write_text("this is no Python")
            before = served.workers()
            served.hang_up()
            wait_until(lambda: "the old workers go on" in served.log.read_text())
            wait_until(lambda: served.workers() == before)
            write("newer")
            served.restart()
            wait_until(lambda: answers[-ASKERS:] == ["newer"] * ASKERS)
        assert set(answers) == {"old", "new", "newer"}


@pytest.mark.slow
def test_no_login_is_lost(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/mailkey.sqlite3", tmp_path)
    environment = database.environment | {"MAIL_ANSWER_WITHIN": "10"}
    with site(tmp_path, environment, "rsgi", "apppasswords.maillogin.rsgi:application") as served:
        service = LoginService(database, served.port)
        with asked_all_the_time(lambda: service.right("192.0.2.1").status) as answers:
            served.reload()
            during = len(answers)
            served.restart()
            wait_until(lambda: len(answers) > during + 10 * ASKERS)
        assert during > ASKERS
        assert set(answers) == {200}
