"""What restores nothing. (That a restore brings everything back: tests/house/test_release.py.)"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.filled.databases import Database
from tests.kit.servers import migrated, need

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def owner(tmp_path: Path) -> tuple[Path, str]:
    """Of a key of age: where the secret half is, and the public one."""
    identity = tmp_path / "identity"
    said = subprocess.run([need("age-keygen"), "-o", identity], check=True, capture_output=True, text=True).stderr
    return identity, said.split()[-1]


def _refused(database: Database, name: str, *arguments: str) -> str:
    with pytest.raises(AssertionError) as refused:
        database.run(ROOT, name, "manage.py", *arguments)
    return str(refused.value)


def test_what_restores_nothing_says_why(tmp_path: Path, owner: tuple[Path, str]) -> None:
    identity, recipient = owner
    database = Database(tmp_path)
    migrated.migrate(database.url("full"))
    folder = tmp_path / "backups"
    said = database.run(ROOT, "full", "manage.py", "backup", str(folder))
    assert "Phone numbers in it: 0 in clear, 0 sealed." in said
    (plain,) = folder.glob("*.tar")
    assert plain.stat().st_mode & 0o077 == 0, "nobody else reads it"
    assert "The database is not empty" in _refused(database, "full", "restore", str(plain))
    broken = tmp_path / "broken.tar"
    shutil.copyfile(plain, broken)
    with broken.open("r+b") as file:
        file.seek(broken.stat().st_size // 2)
        file.write(b"x" * 64)
    assert "damaged" in _refused(database, "empty", "restore", str(broken))
    assert "no backup, or damaged" in _refused(database, "empty", "restore", str(identity))
    database.run(ROOT, "full", "manage.py", "backup", str(folder), "--recipient", recipient)
    (sealed,) = folder.glob("*.age")
    assert "--identity" in _refused(database, "empty", "restore", str(sealed))
    assert "age says" in _refused(database, "full", "backup", str(folder), "--recipient", "age1nobody")
    assert len(list(folder.iterdir())) == 2, "what failed leaves nothing"
