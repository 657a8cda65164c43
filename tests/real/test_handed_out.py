"""deploy/release: what somebody downloads is what was committed, and can be checked."""

import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.releases import Releases
from tests.kit.servers import need

pytestmark = pytest.mark.slow
EXTRAS = ("", "-alibaba", "-ldap", "-tencent")
PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;\\]+)|--hash=sha256:(\w+)", re.MULTILINE)


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path / "tree", Path(sys.executable).parent.parent)


@pytest.fixture
def signed_by(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of who has a key."""
    home = tmp_path / "keys"
    home.mkdir(mode=0o700)
    environment = {**os.environ, "GNUPGHOME": str(home)}
    make = ["--pinentry-mode", "loopback", "--passphrase", "", "--quick-generate-key", "release@example.edu"]
    subprocess.run([need("gpg"), "--batch", *make], env=environment, check=True, capture_output=True)
    yield environment
    subprocess.run([need("gpgconf"), "--kill", "gpg-agent"], env=environment, check=True)


def test_what_is_handed_out_can_be_checked(releases: Releases, signed_by: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "release"

    def release(heading: str, *, is_committed: bool = True) -> subprocess.CompletedProcess[str]:
        (releases.tree / "CHANGELOG.md").write_text(f"# Changelog\n\n## {heading}\n\n- More.\n")
        if is_committed:
            releases.commit()
        words = [str(releases.tree / "deploy" / "release"), str(folder), "release@example.edu"]
        return subprocess.run(words, env=signed_by, capture_output=True, text=True, check=False)

    assert "what is not released" in release("Unreleased").stderr
    assert "not committed" in release("1.2.0 (2026-12-01)", is_committed=False).stderr
    assert not folder.exists()
    made = release("1.2.0 (2026-12-01)")
    assert made.returncode == 0, made.stderr

    parts = [f"mailkey-1.2.0{extra}.cdx.json" for extra in EXTRAS]
    assert {path.name for path in folder.iterdir()} == {"mailkey-1.2.0.tar.gz", "SHA256SUMS", "SHA256SUMS.asc", *parts}
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True)
    subprocess.run([need("gpg"), "--verify", "SHA256SUMS.asc", "SHA256SUMS"], cwd=folder, env=signed_by, check=True)
    assert _packed(folder / "mailkey-1.2.0.tar.gz") == releases.files()
    for extra, part in zip(EXTRAS, parts, strict=True):
        listed = json.loads((folder / part).read_text())
        assert listed["metadata"]["component"]["version"] == "1.2.0"
        assert _listed(listed) == _pinned(releases.tree / f"requirements{extra}.txt")

    releases.tag("v1.2.0")
    assert "must begin with a new version" in release("1.2.0 (2026-12-02)").stderr


def _packed(archive: Path) -> set[str]:
    with tarfile.open(archive) as tar:
        return {member.name.removeprefix("mailkey-1.2.0/") for member in tar.getmembers() if not member.isdir()}


def _pinned(requirements: Path) -> set[tuple[str, str]]:
    """Each package with its version and, for each file of it, with a hash."""
    found, package = set(), ""
    for name, version, digest in PINNED.findall(requirements.read_text()):
        package = name or package
        found.add((package, version or digest))
    return found


def _listed(parts: dict[str, Any]) -> set[tuple[str, str]]:
    found = {(part["name"], part["version"]) for part in parts["components"]}
    for part in parts["components"]:
        kept = [reference.get("hashes", []) for reference in part["externalReferences"]]
        found |= {(part["name"], digest["content"]) for hashes in kept for digest in hashes}
    return found
