"""The portal as `make run` starts it: web server, Celery worker, SQLite, development outbox."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings

from tests.kit.servers import free_port, migrated
from tests.kit.waiting import wait_until

START_WITHIN = 180  # seconds


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[str]:
    """Its address. `folder` holds its data and its log; `environment` are settings."""
    port = free_port()
    var = Path(environment.setdefault("VAR", str(folder / "var")))
    if not (database := var / "mailkey.sqlite3").exists():
        var.mkdir(exist_ok=True)
        migrated.migrate(f"sqlite:///{database}")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    log = folder / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=settings.BASE_DIR,
            env=kept | {"DEBUG": "on", "PORT": str(port), "MAIL_PORT": str(free_port())} | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: process.poll() is not None or _answers(port), START_WITHIN)
            assert process.poll() is None, log.read_text()
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            process.wait(20)


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2):
            return True
    except (URLError, OSError):
        return False
