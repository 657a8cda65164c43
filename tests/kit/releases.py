"""Versions of this tree that nobody has released: today's, and others that change some of its files."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.kit.servers import need

ROOT = Path(__file__).parent.parent.parent
PEOPLE_OF_GIT = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.edu"]

MIGRATION = """from django.db import migrations, models

from accounts.lib.growing import AddIndexWhileServed


class Migration(migrations.Migration):
    dependencies = [("maillogins", "{after}")]
    atomic = {atomic}
    operations = [{operation}]
"""
FOLDER = "accounts/maillogins/migrations"
GROWS = {
    f"{FOLDER}/0002_note.py": MIGRATION.format(
        after="0001_initial", atomic=True,
        operation='migrations.AddField("maillogin", "note", models.CharField(max_length=9, db_default=""))',
    ),
    f"{FOLDER}/0003_index.py": MIGRATION.format(
        after="0002_note", atomic=False,
        operation='AddIndexWhileServed("maillogin", models.Index(fields=["address"], name="of_an_address"))',
    ),
    f"{FOLDER}/0004_gone.py": MIGRATION.format(
        after="0003_index", atomic=True, operation='migrations.RemoveField("maillogin", "note")'
    ),
    "portal/wsgi.py": "\n_old = application\ndef application(environ, start):\n"
    "    return _old(environ, lambda status, headers, *more: start(status, [*headers, ('X-Version', 'new')], *more))\n",
}  # fmt: skip


class Releases:
    """A checkout of its own, at the first of them."""

    def __init__(self, tree: Path, venv: Path) -> None:
        self.tree = tree
        tree.mkdir()
        mine = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        names = subprocess.run(mine, cwd=ROOT, check=True, capture_output=True).stdout.split(b"\0")
        there = b"\0".join(name for name in names if name and (ROOT / name.decode()).exists())
        packed = subprocess.run(
            [need("tar"), "--create", "--null", "--files-from=-"],
            cwd=ROOT,
            input=there,
            check=True,
            capture_output=True,
        ).stdout
        subprocess.run([need("tar"), "--extract"], cwd=tree, input=packed, check=True)
        (tree / ".venv").symlink_to(venv.resolve())
        self._git("init", "--quiet", "--initial-branch", "main")
        self.first = self.commit()

    def after(self, release: str, changes: Mapping[str, str]) -> str:
        """One that has these files, what stands in them added to what stands in them there; and back to the first."""
        self._git("checkout", "--quiet", "--detach", release)
        for name, text in changes.items():
            file = self.tree / name
            file.write_text((file.read_text() if file.exists() else "") + text)
        made = self.commit()
        self._git("checkout", "--quiet", "--detach", self.first)
        return made

    def commit(self) -> str:
        self._git("add", "--all")
        self._git(*PEOPLE_OF_GIT, "commit", "--quiet", "--message", "A release")
        return self.here()

    def tag(self, name: str) -> None:
        self._git("tag", name)

    def files(self) -> set[str]:
        return set(self._git("ls-files").splitlines())

    def here(self) -> str:
        return self._git("rev-parse", "HEAD")

    def _git(self, *words: str) -> str:
        return subprocess.run(
            [need("git"), *words], cwd=self.tree, check=True, capture_output=True, text=True
        ).stdout.strip()
