"""From the last release to today: its own code fills a database, which is then migrated. Whatever people could do
before, they can do afterwards.

Until there is a release, the first commit that knows how to fill a database stands in for one.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.kit.filled.databases import Database, PostgresqlDatabase
from tests.kit.servers import miss, need

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
FILLER = "tests/kit/filled/fill.py"

# Tables that a release leaves empty: nothing here uses them.
EMPTY = {
    "oauth2_provider.DeviceGrant",  # a way in that is not offered
    "operations.Heartbeat",  # written anew every ten seconds
    "rollouts.PreviewMail",  # gone within a minute, to the clerk who asked for it
    "accounts.User_user_permissions",  # rights come by roles
    "routes.Spending",  # counts against a budget, and none is set
}

# Answers that are meant to differ from the last release's, and why. Empty again after each release.
SHOWN_ONCE_MORE = "files have a column more: one that was checked before is shown once more first"
MEANT: dict[str, str] = {
    f"roles: {role}": "who reads what is sent sees the gateways, and who administers switches them"
    for role in ("help desk", "auditor", "administrator")
} | {
    "log: events": "these three roles were given it by the upgrade",
    "webmail: who": "other sites are told how somebody signed in: amr, acr",
    "import: imported": SHOWN_ONCE_MORE,
    "import: person": SHOWN_ONCE_MORE,
}


def git(*arguments: str) -> str:
    """What it says; the test is skipped if there is no history to speak of."""
    command = [need("git"), "-c", f"safe.directory={ROOT}", *arguments]  # the tests may run as root
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        miss(f"There is no history to take the last release from: git says {done.stderr.strip()!r}")
    return done.stdout.strip()


def release() -> str | None:
    """The commit that gave the last version its number, before this one, whether its tag came along or not; None: what
    the working tree holds."""
    if git("rev-parse", "--is-shallow-repository") == "true":
        miss("The history is cut short, so the last release is not in it: git fetch --unshallow")
    for number in re.findall(
        r"^## (\d+\.\d+\.\d+) \(", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    ):
        numbered = git("log", "--format=%H", f"-S## {number} (", "--", "CHANGELOG.md").split()
        if numbered and numbered[-1] != git("rev-parse", "HEAD"):
            return numbered[-1]
    commits = git("log", "--diff-filter=A", "--format=%H", "--", FILLER).split()
    return commits[-1] if commits else None


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the last release."""
    commit = release()
    if commit is None:
        return ROOT
    tree: Path = tmp_path_factory.mktemp("released")
    archive = tree.with_suffix(".tar")
    git("archive", "--output", str(archive), commit)
    subprocess.run([need("tar"), "--extract", "--file", archive, "--directory", tree], check=True)
    archive.unlink()
    return tree


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        yield Database(tmp_path)
        return
    database = PostgresqlDatabase(tmp_path, request.getfixturevalue("postgresql"))
    database.create("filled")
    yield database
    database.drop()


class Today(NamedTuple):
    """A database that this tree has filled, as `today`."""

    database: PostgresqlDatabase
    secrets: str


@pytest.fixture(scope="module")
def today(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Today]:
    database = PostgresqlDatabase(tmp_path_factory.mktemp("today"), postgresql)
    database.create("today")
    database.migrate(ROOT, "today")
    yield Today(database, database.run(ROOT, "today", "-m", "tests.kit.filled", "fill"))
    database.drop()


def test_a_release_fills_every_table(today: Today) -> None:
    """What it leaves empty is not asked about once it is a release, and cannot be asked about any more then."""
    assert set(json.loads(today.database.run(ROOT, "today", "-m", "tests.kit.filled", "empty"))) == EMPTY


def test_people_can_do_after_a_restore_what_they_could_before(today: Today, tmp_path: Path) -> None:
    """The drill: all that there is, backed up for the owner of a key, lost, and brought back."""
    database, secrets = today
    identity = tmp_path / "identity"
    said = subprocess.run([need("age-keygen"), "-o", identity], check=True, capture_output=True, text=True).stderr
    database.run(ROOT, "today", "manage.py", "backup", str(tmp_path), "--recipient", said.split()[-1])
    (file,) = tmp_path.glob("mailkey-*.tar.age")
    assert b"PGDMP" not in file.read_bytes()
    database.create("restored")
    database.run(ROOT, "restored", "manage.py", "restore", str(file), "--identity", str(identity))
    database.run(ROOT, "restored", "manage.py", "migrate", "--check")
    database.copy("today", "asked_today")  # answers leave traces
    before = database.ask(ROOT, "asked_today", secrets)
    assert before["log: faults"] == []
    assert database.ask(ROOT, "restored", secrets) == before


@pytest.mark.share(2)
def test_people_can_do_after_the_migration_what_they_could_before(released: Path, database: Database) -> None:
    database.migrate(released, "filled")
    secrets = database.run(released, "filled", "-m", "tests.kit.filled", "fill")
    database.copy("filled", "asked")  # answers leave traces: a ban, a use
    before = database.ask(released, "asked", secrets)
    database.migrate(ROOT, "filled")
    database.run(ROOT, "filled", "manage.py", "migrate", "--check")
    after = database.ask(ROOT, "filled", secrets)
    assert before["log: faults"] == []  # it asks what it means to
    assert before["mail login: app password"][0] == "YES"
    differing = [
        f"{name}: {said} before, {after.get(name, 'not asked')} afterwards"
        for name, said in before.items()
        if name not in MEANT and after.get(name, "not asked") != said
    ]
    assert not differing, "\n".join(differing)
