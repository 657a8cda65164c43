"""Databases that programs of a tree fill, migrate and ask, each in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg

# The same before and after, as an installation has them; not the defaults of development, which may change.
KEYS = {
    name: f"the-release-test-has-a-{name.lower().replace('_', '-')}-of-its-own"
    for name in ("SECRET_KEY", "SMS_CODE_KEY", "APP_PASSWORD_KEYS", "FACTOR_KEYS", "EVENT_LOG_KEYS", "MAIL_AUTH_TOKEN")
}


class Database:
    """One that is filled, and copies of it."""

    def __init__(self, var: Path) -> None:
        self.var = var

    def url(self, name: str) -> str:
        return f"sqlite:///{self.var / name}.sqlite3"

    def create(self, name: str) -> None:
        """An empty one; SQLite makes its file itself."""

    def copy(self, name: str, to: str) -> None:
        shutil.copyfile(self.var / f"{name}.sqlite3", self.var / f"{to}.sqlite3")

    def run(self, tree: Path, name: str, *arguments: str, given: str = "") -> str:
        """A program of this tree. Nothing of the tests' own environment gets into it."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        environment = kept | {"DEBUG": "on", "VAR": str(self.var), "DATABASE_URL": self.url(name), **KEYS}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tree, env=environment, input=given, check=False, capture_output=True,
            text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(arguments)} in {tree}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def migrate(self, tree: Path, name: str) -> None:
        self.run(tree, name, "manage.py", "migrate", "--verbosity", "0")

    def ask(self, tree: Path, name: str, secrets: str) -> dict[str, Any]:
        answers: dict[str, Any] = json.loads(self.run(tree, name, "-m", "tests.kit.filled", "ask", given=secrets))
        return answers


class PostgresqlDatabase(Database):
    """Beside those that others of the test run use."""

    def __init__(self, var: Path, server: str) -> None:
        super().__init__(var)
        self.server = server
        self.names: list[str] = []

    def url(self, name: str) -> str:
        return f"{self.server.rpartition('/')[0]}/release_{name}"

    def create(self, name: str) -> None:
        self._execute(f"CREATE DATABASE release_{name}")
        self.names.append(f"release_{name}")

    def copy(self, name: str, to: str) -> None:
        self._execute(f"CREATE DATABASE release_{to} TEMPLATE release_{name}")
        self.names.append(f"release_{to}")

    def drop(self) -> None:
        for name in self.names:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, sql: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as session:
            session.execute(sql.encode())
