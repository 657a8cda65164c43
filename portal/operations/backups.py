"""Backups: the database and the settings without which it is worth less, in one file.

It is a tar of `database` (PostgreSQL's custom format, or SQLite's file), `settings.tar` and SHA256SUMS. With a
recipient, a public key of age, it ends in .age, and only who has the secret key can read it: this machine cannot.
"""

import hashlib
import re
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from psycopg.conninfo import make_conninfo

from accounts.lib import clock

DATABASE, SETTINGS, SUMS = "database", "settings.tar", "SHA256SUMS"
ENCRYPTED = ".age"
FILES = "mailkey-*.tar*"
PACKAGES = {"age": "age", "pg_dump": "postgresql-client", "pg_restore": "postgresql-client"}


class Failed(Exception):
    """Why, in a sentence."""


def write(folder: Path, recipient: str = "") -> Path:
    """The file of this moment. A broken one never has a backup's name."""
    folder.mkdir(parents=True, exist_ok=True)
    with _work() as work:
        _dump(work / DATABASE)
        with tarfile.open(work / SETTINGS, "w") as archive:
            for file in _setting_files():
                archive.add(file)
        (work / SUMS).write_text(_sums(work))
        whole = work / "whole.tar"
        with tarfile.open(whole, "w") as archive:
            for name in (SUMS, DATABASE, SETTINGS):
                archive.add(work / name, name)
        if recipient:
            whole = _run("age", "--encrypt", "--recipient", recipient, "--output", whole.with_suffix(ENCRYPTED), whole)
        name = f"mailkey-{clock.in_file_name(timezone.now())}.tar{ENCRYPTED if recipient else ''}"
        return _laid(whole, folder / name)


def _laid(whole: Path, place: Path) -> Path:
    """Nobody else can read it, at any moment; what could not be written, as the disk is full, leaves nothing."""
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=place.parent) as folder:
        unfinished = Path(shutil.copyfile(whole, Path(folder) / place.name))
        unfinished.chmod(0o600)
        return unfinished.rename(place)


def delete_old(folder: Path, keep: timedelta) -> int:
    """But never the newest: a machine whose backups have failed for a month still has one."""
    older = sorted(folder.glob(FILES))[:-1]
    limit = datetime.now(UTC) - keep
    gone = [file for file in older if datetime.fromtimestamp(file.stat().st_mtime, UTC) < limit]
    for file in gone:
        file.unlink()
    return len(gone)


def restore(file: Path, identity: Path | None = None) -> Path:
    """Into the database of the settings, which must be empty. Where the kept settings lie now."""
    if connection.introspection.table_names():
        raise Failed("The database is not empty. Make it anew first: dropdb mailkey; createdb --owner mailkey mailkey")
    with _work() as work:
        if file.suffix == ENCRYPTED:
            if identity is None:
                raise Failed(f"{file} is encrypted: --identity names the file with the secret key of age.")
            file = _run("age", "--decrypt", "--identity", identity, "--output", work / "whole.tar", file)
        try:
            with tarfile.open(file) as archive:
                for name in (SUMS, DATABASE, SETTINGS):
                    _unpack(archive, name, work / name)
            whole = (work / SUMS).read_text() == _sums(work)
        except (OSError, tarfile.TarError, KeyError, ValueError) as error:
            raise Failed(f"{file} is no backup, or damaged: {error}") from error
        if not whole:
            raise Failed(f"{file} is damaged.")
        _load(work / DATABASE)
        kept = Path(tempfile.mkdtemp(prefix="mailkey-settings-")) / SETTINGS
        shutil.copyfile(work / SETTINGS, kept)
        return kept


def _unpack(archive: tarfile.TarFile, name: str, place: Path) -> None:
    """Of what we wrote, by name: the filters of extractall are unknown to the Python of Debian 12."""
    packed = archive.extractfile(name)
    if packed is None:
        raise ValueError(f"{name} is no file")
    with packed, place.open("wb") as file:
        shutil.copyfileobj(packed, file)


@contextmanager
def _work() -> Iterator[Path]:
    """A folder that nobody else reads."""
    with tempfile.TemporaryDirectory(prefix="mailkey-backup-") as folder:
        yield Path(folder)


def _dump(file: Path) -> None:
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(_database()["NAME"])) as source, closing(sqlite3.connect(file)) as copy:
            source.backup(copy)
    else:
        with _server() as server:
            _run("pg_dump", "--dbname", server, "--format", "custom", "--no-owner", "--file", file)


def _load(file: Path) -> None:
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(_database()["NAME"])) as copy:
            source.backup(copy)
    else:
        with _server() as server:
            _run("pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--dbname", server, file)


def _database() -> dict[str, Any]:
    return connection.settings_dict


@contextmanager
def _server() -> Iterator[str]:
    """As PostgreSQL's own programs are told which. Nobody sees the password among the running processes."""
    found = _database()
    with tempfile.NamedTemporaryFile("w", prefix="mailkey-pgpass-") as passfile:
        escaped = re.sub(r"([:\\])", r"\\\1", str(found["PASSWORD"] or ""))
        passfile.write(f"*:*:*:*:{escaped}\n")
        passfile.flush()
        given = {"host": found["HOST"], "port": found["PORT"], "user": found["USER"], "dbname": found["NAME"]}
        yield make_conninfo(passfile=passfile.name, **{name: value for name, value in given.items() if value})


def _run(program: str, *arguments: str | Path) -> Path:
    """It has written the file that --output names, if one is named."""
    try:
        command = [program, *arguments]  # of this file, and of who calls the command
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    except FileNotFoundError:
        raise Failed(f"There is no program {program} on this machine: apt install {PACKAGES[program]}") from None
    if done.returncode:
        raise Failed(f"{program} says: {done.stderr.strip()}")
    return Path(arguments[arguments.index("--output") + 1]) if "--output" in arguments else Path()


def _setting_files() -> list[Path]:
    """The file of settings, and those that it names."""
    file = settings.BASE_DIR / ".env"
    if not file.exists():
        return []
    named = re.findall(r"^[A-Z_]+_FILES?=(.+)$", file.read_text(), re.MULTILINE)
    paths = [Path(path.strip()) for value in named for path in value.split(",")]
    return [file, *(path for path in paths if path.is_file())]


def _sums(work: Path) -> str:
    """As sha256sum writes them."""
    return "".join(f"{_digest(work / name)}  {name}\n" for name in (DATABASE, SETTINGS))


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
