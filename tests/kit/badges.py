"""`python -m tests.kit.badges`: the small pictures at the top of the README, made of what the files of this tree say.
tests/house/test_badges.py holds them to it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from portal import version
from tests.kit.mutants import scores

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs" / "pictures" / "badges"
DEBIAN = {"bookworm": "12", "trixie": "13"}
WIDE = 6.6  # of a character
GREY, BLUE, GREEN = "#4b5563", "#0b5cad", "#15703a"


class Badge(NamedTuple):
    file: str
    name: str
    says: str
    colour: str = BLUE

    @property
    def words(self) -> str:
        return f"{self.name}: {self.says}"

    @property
    def link(self) -> str:
        return f"![{self.name}](docs/pictures/badges/{self.file}.svg)"


def all_of_them() -> Iterator[Badge]:
    django = _found(r"^Django==(\d+\.\d+)", _read("requirements-direct.txt"))
    python = _found(r'^target-version = "py3(\d+)"', _read("pyproject.toml"))
    suites = re.findall(r'"\$\{VERSION_CODENAME:-\}" = (\w+) \]', _read("deploy/install"))
    yield Badge("version", "version", version.read() or "before 1.0.0")
    yield Badge("licence", "licence", _found(r"^(BSD 3-Clause) ", _read("LICENSE")))
    yield Badge("python", "Python", f"3.{python} or newer")
    yield Badge("django", "Django", f"{django} LTS" if django.endswith(".2") else django)
    yield Badge("debian", "Debian", " and ".join(DEBIAN[suite] for suite in suites))
    yield Badge("mutants", "changes of security rules noticed", f"{_noticed():.1f} %", GREEN)


def _noticed() -> float:
    found = scores.read().values()
    return 100 * sum(score.noticed for score in found) / sum(score.changes for score in found)


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    assert found, pattern
    return found[1]


def drawn(badge: Badge) -> str:
    left, right = (WIDE * len(text) + 14 for text in (badge.name, badge.says))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right:.0f}" height="20" role="img" '
        f'aria-label="{badge.words}"><title>{badge.words}</title>'
        '<style>text{font:11px Verdana,"DejaVu Sans",sans-serif;fill:#fff;text-anchor:middle}</style>'
        f'<clipPath id="r"><rect width="{left + right:.0f}" height="20" rx="3"/></clipPath><g clip-path="url(#r)">'
        f'<rect width="{left:.0f}" height="20" fill="{GREY}"/>'
        f'<rect x="{left:.0f}" width="{right:.0f}" height="20" fill="{badge.colour}"/></g>'
        f'<text x="{left / 2:.0f}" y="14">{badge.name}</text>'
        f'<text x="{left + right / 2:.0f}" y="14">{badge.says}</text></svg>\n'
    )


def draw() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for badge in all_of_them():
        (FOLDER / f"{badge.file}.svg").write_text(drawn(badge), encoding="utf-8")


if __name__ == "__main__":
    draw()
