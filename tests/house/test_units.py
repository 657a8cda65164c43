"""The units of systemd: what a server of ours that is taken over could do to its machine."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.kit.servers import need

UNITS = sorted((Path(__file__).parent.parent.parent / "deploy" / "systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_little(unit: Path) -> None:
    command = [need("systemd-analyze"), "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"exposure level for \S+: ([0-9.]+)", said)
    assert found
    assert float(found[1]) < 2.5


def test_a_process_that_dies_is_started_again_by_its_server() -> None:
    for unit in UNITS:
        text = unit.read_text()
        assert ("Restart=always" in text) is ("StartLimitIntervalSec=0" in text) is ("Type=oneshot" not in text)
        assert "UMask=0077" in text
        assert ("portal.serving" in text) is ("ExecReload=" in text) is unit.with_suffix(".socket").exists()


def test_what_debian_leaves_dead_is_started_again_too(tmp_path: Path) -> None:
    """By what lies beside its unit, as deploy/install and docs/operations.md lay it there."""
    unit = tmp_path / "postgresql@.service"
    unit.write_text("[Service]\nType=forking\nExecStart=/bin/true\n")
    beside = tmp_path / "postgresql@.service.d" / "mailkey.conf"
    beside.parent.mkdir()
    beside.write_text((UNITS[0].parent / "again.conf").read_text())
    command = [need("systemd-analyze"), "verify", "--recursive-errors=no", "--man=no", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "mailkey.conf" not in said.stderr
    assert "Restart=on-failure" in beside.read_text()
