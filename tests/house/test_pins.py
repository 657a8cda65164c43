import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?==([^\s;\\]+)(.*)", re.MULTILINE)


def pins(file: str) -> dict[str, str]:
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version, _ in PIN.findall(_text(file))}


def _text(file: str) -> str:
    return (ROOT / file).read_text().replace("\\\n", "")


@pytest.mark.parametrize(
    ("direct", "locked"),
    [
        ("requirements-direct.txt", "requirements.txt"),
        ("requirements-dev-direct.txt", "requirements-dev.txt"),
        ("requirements-alibaba-direct.txt", "requirements-alibaba.txt"),
        ("requirements-tencent-direct.txt", "requirements-tencent.txt"),
        ("requirements-ldap-direct.txt", "requirements-ldap.txt"),
        ("requirements-mysql-direct.txt", "requirements-mysql.txt"),
    ],
)
class TestPins:
    def test_what_is_asked_for_is_what_is_installed(self, direct: str, locked: str) -> None:
        assert pins(direct)
        assert pins(direct).items() <= pins(locked).items(), "run `make pins`"

    def test_every_pin_carries_hashes(self, direct: str, locked: str) -> None:
        lines = [line for line in _text(locked).splitlines() if line and not line.lstrip().startswith("#")]
        assert lines
        assert all(PIN.match(line) and "--hash=sha256:" in line for line in lines)


@pytest.mark.parametrize(
    "extra",
    [
        "requirements.txt",
        "requirements-alibaba.txt",
        "requirements-tencent.txt",
        "requirements-ldap.txt",
        "requirements-mysql.txt",
    ],
)
def test_both_files_pin_the_same_versions(extra: str) -> None:
    used, development = pins(extra), pins("requirements-dev.txt")
    assert {name: development[name] for name in used.keys() & development} == {
        name: used[name] for name in used.keys() & development
    }
