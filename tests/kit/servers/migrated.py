"""Databases with their tables. Migrations take seconds, and dozens of servers want a database of their own: the first
of a test run is migrated, the others are copies of it. From one run to the next it is kept as long as no migration
changes."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.servers import need

ROOT = Path(__file__).parent.parent.parent.parent
FOLDER = "MIGRATED_DATABASES"  # in the environment, which the processes of a test run share
KEPT = ROOT / ".venv" / "migrated"
APPS = ("accounts", "apppasswords", "portal")
MAKE_ROWS = ("requirements.txt", "portal/office/roles.py")  # besides migrations


@contextmanager
def shared() -> Iterator[None]:
    """The processes that are started meanwhile share their copies."""
    with tempfile.TemporaryDirectory(prefix="mailkey-migrated-") as folder:
        os.environ[FOLDER] = folder
        yield
        del os.environ[FOLDER]


def migrate(url: str) -> None:
    """Fill the empty database of this DATABASE_URL."""
    if FOLDER not in os.environ:
        _migrate(url)
        return
    copy = Path(os.environ[FOLDER]) / url.partition(":")[0]
    with _one_at_a_time(copy):
        if not copy.exists():
            _begin(url)
            _keep(url, copy)
            return
    _fill(url, copy)


def once(name: str, make: Callable[[], bytes]) -> bytes:
    """What the first of these processes makes."""
    if FOLDER not in os.environ:
        return make()
    file = Path(os.environ[FOLDER]) / name
    with _one_at_a_time(file):
        if not file.exists():
            file.write_bytes(make())
    return file.read_bytes()


@contextmanager
def _one_at_a_time(file: Path) -> Iterator[None]:
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _begin(url: str) -> None:
    before = KEPT / f"{_digest()}.{url.partition(':')[0]}"
    if before.exists():
        _fill(url, before)
    _migrate(url)  # what was kept knows nothing of rights that came since
    if not before.exists():
        KEPT.mkdir(exist_ok=True)
        _keep(url, before)


def _digest() -> str:
    found = hashlib.sha256()
    migrations = (path for app in APPS for path in sorted((ROOT / app).rglob("migrations/[0-9]*.py")))
    for path in (*migrations, *(ROOT / name for name in MAKE_ROWS)):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _migrate(url: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("DJANGO_SETTINGS_MODULE", "VAR")}
    with tempfile.TemporaryDirectory() as folder:
        environment |= {"DEBUG": "on", "DATABASE_URL": url, "VAR": folder}
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)


def _keep(url: str, copy: Path) -> None:
    unfinished = copy.with_suffix(f".{os.getpid()}")
    if (file := _file(url)) is not None:
        shutil.copyfile(file, unfinished)
    else:
        subprocess.run([need("pg_dump"), "--file", unfinished, url], check=True)
    unfinished.rename(copy)


def _fill(url: str, copy: Path) -> None:
    if (file := _file(url)) is not None:
        shutil.copyfile(copy, file)
    else:
        command = [need("psql"), "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(copy), url]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _file(url: str) -> Path | None:
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else None
