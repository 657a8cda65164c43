"""Servers that are restarted and reloaded while they are asked all the time, on a socket that is handed over."""

import os
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.servers.logins import ROOT, Database, LoginService
from tests.kit.servers.units import ASKERS, Unit, asked_all_the_time
from tests.kit.waiting import wait_until

UNIT = f"""Type=notify
ExecStart={sys.executable} -m portal.serving {{}} 127.0.0.1:1
ExecReload={sys.executable} -m portal.reloading $MAINPID
"""


@contextmanager
def site(folder: Path, environment: Mapping[str, str], what: str) -> Iterator[Unit]:
    file = folder / "server.service"
    file.write_text(UNIT.format(what))
    made = Unit(file, ROOT, folder, environment)
    assert made.start()
    try:
        yield made
    finally:
        made.close()


def get(served: Unit) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/", timeout=60) as answer:
        return str(answer.read().decode())


def test_a_new_version_takes_over_and_a_broken_one_does_not(tmp_path: Path) -> None:
    code = tmp_path / "greeter.py"

    def write(word: str) -> None:
        code.write_text(f"def application(environ, start):\n    start('200 OK', [])\n    return [b'{word}']\n")

    write("old")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    with site(tmp_path, environment, "wsgi greeter:application") as served:
        with asked_all_the_time(lambda: get(served)) as answers:
            write("new")
            assert served.reload()
            wait_until(lambda: answers[-ASKERS:] == ["new"] * ASKERS)
            code.write_text("this is no Python")
            assert not served.reload()
            assert "the old processes go on" in served.log.read_text()
            write("newer")
            assert served.restart()
            wait_until(lambda: answers[-ASKERS:] == ["newer"] * ASKERS)
        assert set(answers) == {"old", "new", "newer"}


@pytest.mark.slow
def test_no_login_is_lost(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/mailkey.sqlite3", tmp_path)
    environment = database.environment | {"MAIL_ANSWER_WITHIN": "10"}
    with site(tmp_path, environment, "protocol apppasswords.maillogin.server.request:MailServer") as served:
        service = LoginService(database, served.port)
        with asked_all_the_time(lambda: service.right("192.0.2.1").status) as answers:
            assert served.reload()
            during = len(answers)
            assert served.restart()
            wait_until(lambda: len(answers) > during + 10 * ASKERS)
        assert during > ASKERS
        assert set(answers) == {200}
