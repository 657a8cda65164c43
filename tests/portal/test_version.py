"""What CHANGELOG.md begins with is the version, in the administration's foot too."""

from pathlib import Path

import pytest

from portal import version
from tests.kit.people import Person

RELEASED = "# Changelog\n\n## 1.2.0 (2026-12-01)\n\n- More.\n\n## 1.1.0 (2026-06-01)\n"


@pytest.mark.parametrize(
    ("changelog", "read"),
    [
        (RELEASED, "1.2.0"),
        (RELEASED.replace("## 1.2.0", "## Unreleased\n\n- Yet more.\n\n## 1.2.0"), "1.2.0+"),
        ("# Changelog\n\n## Unreleased\n\n- The first.\n", ""),
    ],
)
def test_the_first_heading_says_it(changelog: str, read: str) -> None:
    assert version.of(changelog) == read


def test_ours_begins_with_one() -> None:
    assert version.read() == version.of((Path(__file__).parents[2] / "CHANGELOG.md").read_text())


def test_staff_read_it_and_nobody_else(clerk: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "read", lambda: "1.2.0")
    clerk.sign_in()
    assert "Mailkey 1.2.0" in clerk.get("/admin/").text
    assert "1.2.0" not in clerk.get("/security/phone/").text
