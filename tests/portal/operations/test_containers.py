"""deploy/container: the image has what the services need, and the services are those of systemd. No engine is asked."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kit.deployment import PRODUCTION

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "container"
ELSEWHERE = {"backup", "ldap"}  # the database's own container; only who needs it


def _services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    return services


def _final_stage() -> str:
    return (FOLDER / "Containerfile").read_text().replace("\\\n", " ").rpartition("\nFROM ")[2]


def test_services_run_what_units_run() -> None:
    units = {path.stem.removeprefix("mailkey-"): path for path in (ROOT / "deploy" / "systemd").glob("*.service")}
    services = _services()
    assert units.keys() - ELSEWHERE == services.keys() - {"database", "broker", "prepare"}
    for name in units.keys() - ELSEWHERE:
        [started] = re.findall(r"^ExecStart=/srv/mailkey/(.*)$", units[name].read_text(), re.MULTILINE)
        expected = started.replace("%%", "%").replace("127.0.0.1:", "0.0.0.0:")
        assert services[name]["command"] == shlex.split(expected)
        for port in services[name].get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_the_image_begins_with_the_portal() -> None:
    [command] = re.findall(r"^CMD (.*)$", _final_stage(), re.MULTILINE)
    assert yaml.safe_load(command) == _services()["web"]["command"]


def test_what_is_named_is_there() -> None:
    services = _services()
    for service in services.values():
        if build := service.get("build"):
            context = (FOLDER / build["context"]).resolve()
            assert context == ROOT
            assert (context / build["dockerfile"]).is_file()
        for name in service.get("depends_on", {}):
            assert name in services
    for line in re.findall(r"^COPY (?!--from)(.*)$", (FOLDER / "Containerfile").read_text(), re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source


@pytest.mark.slow
def test_what_is_copied_is_enough(tmp_path: Path) -> None:
    """As in the image: nothing else is there."""
    for line in re.findall(r"^COPY (?!--from)(.*)$", _final_stage(), re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / target)
            else:
                shutil.copy(ROOT / source, tmp_path / target)
    environment = {"PATH": "/usr/bin:/bin", **PRODUCTION, "DATABASE_URL": f"sqlite:///{tmp_path / 'database'}"}
    for words in (["migrate", "--plan"], ["collectstatic", "--noinput", "--verbosity", "0"]):
        subprocess.run([sys.executable, "manage.py", *words], cwd=tmp_path, env=environment, check=True)
    assert list((tmp_path / "var" / "static").glob("mailkey.*.css"))
    assert (tmp_path / "docs" / "handbook-zh.md").is_file()
