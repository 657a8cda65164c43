"""`manage.py up`, which `make run` calls: one command starts everything and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.kit.servers import free_port
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent.parent


class Running:
    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.marker = str(folder)
        hidden = ("SMS_GATEWAY", "EMAIL_URL", "CELERY_BROKER_URL", "MAILBOX_URL")
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        environment |= {"DEBUG": "on", "VAR": str(folder), "PORT": str(port), "MAIL_PORT": str(free_port())}
        self.log = folder / "up.log"
        folder.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )

    def answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=1) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False

    def runs(self) -> bool:
        return self.answers() and "Ctrl-C" in self.log.read_text()

    def left_over(self) -> list[int]:
        """Processes of this run, known by their environment."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if f"VAR={self.marker}\0".encode() in (entry / "environ").read_bytes() and not _is_dead(entry):
                        found.append(int(entry.name))
                except OSError:
                    continue
        return found


def _is_dead(entry: Path) -> bool:
    return (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path / "var", free_port())
    yield running
    if running.process.poll() is None:
        running.process.terminate()
        running.process.wait(15)


def test_one_command_starts_everything_and_leaves_nothing_behind(up: Running, tmp_path: Path) -> None:
    """Not when it is told to stop, and not when it is killed; what people did meanwhile is there the next time."""
    wait_until(up.runs, 180)
    assert len(up.left_over()) >= 3
    _sees_that_the_port_is_taken(Running(tmp_path / "second", up.port))
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(15) == 0
    wait_until(lambda: not up.left_over(), 10)
    assert "added zhangsan@example.edu" in up.log.read_text()
    up.log.unlink()

    again = Running(tmp_path / "var", up.port)
    wait_until(again.runs, 180)
    assert "added" not in again.log.read_text()
    again.process.kill()
    again.process.wait(5)
    wait_until(lambda: not again.left_over(), 20)


def _sees_that_the_port_is_taken(second: Running) -> None:
    assert second.process.wait(30) == 1
    said = second.log.read_text().strip().splitlines()
    assert len(said) == 1
    assert f"port {second.port} is taken" in said[0]
