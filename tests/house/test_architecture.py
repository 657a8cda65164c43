"""docs/architecture.md is true: its drawings are made from the code, and what it names is there."""

import re
from pathlib import Path

import pytest

from tests.house import architecture
from tests.house.architecture import PAGE, ROOT

TEXT = PAGE.read_text()
APPS = [path.parent.name for path in (ROOT / "accounts").glob("*/__init__.py")]
HOUSE = [ROOT / "accounts", ROOT / "apppasswords", ROOT / "portal"]
ROOMS = sorted({path.parent for package in HOUSE for path in package.rglob("*.py")})
TABLES = {
    "portal/settings.py",
    "accounts/log/kinds.py",
    "apppasswords/guides/on_computers.py",
}  # entries


def test_the_drawings_are_as_the_code_is() -> None:
    assert architecture.page(TEXT) == TEXT, "python -m tests.house.architecture --update"
    assert list(architecture.complaints()) == []


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        ("  accounts.phones.phones:off | is none", "there is no accounts.phones.phones:off"),
        ("  accounts.imports.imports:run | is not imported", "does not import accounts.imports.imports"),
        ("  accounts.signin.pages.views:sign_in | up", "up to accounts.signin.pages.views"),
    ],
)
def test_a_way_that_is_not_the_codes_is_noticed(planted: str, told: str) -> None:
    way = f"accounts.phones.phones:of | begins\n{planted}"
    assert any(told in one for one in architecture.complaints({"A way": way}))


@pytest.mark.parametrize("app", APPS)
def test_every_room_is_described(app: str) -> None:
    assert f"| `accounts/{app}/` |" in TEXT


def test_rooms_and_files_stay_small() -> None:
    """ "About 1,000 lines" of an app, and 300 of a file, are where somebody looks for a better place."""
    large = []
    for room in ROOMS:
        if room.name != "migrations":
            files = [file for file in room.glob("*.py") if str(file.relative_to(ROOT)) not in TABLES]
            lengths = {file: len(file.read_text().splitlines()) for file in files}
            large += [str(file) for file, length in lengths.items() if length > 300]
            large += [str(room)] * (sum(lengths.values()) > 1_200)
    assert large == []


def _named() -> list[str]:
    return sorted(set(re.findall(r"`([\w/]+(?:\.py|/))`", TEXT)))


@pytest.mark.parametrize("name", _named())
def test_what_is_named_is_there(name: str) -> None:
    assert Path(ROOT, name).exists()


def test_functions_that_are_named_are_there() -> None:
    answers = re.findall(r"^\| [^|]+\? \| (.+) \|$", TEXT, re.MULTILINE)
    assert len(answers) >= 10
    for answer in answers:
        for file, functions in re.findall(r"`([\w/]+\.py)`: ((?:`\w+`(?:, )?)+)", answer):
            for function in re.findall(r"`(\w+)`", functions):
                module = file.removesuffix(".py").replace("/", ".")
                assert architecture.defines(module, function), f"{file}: {function}"
