"""What is said to assessors points at something that is there: code, tests, settings, commands."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = ("asvs.md", "compliance-zh.md", "threats.md")
NAMED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(
    r"(?:accounts|apppasswords|portal|tests|deploy|static|templates|docs)/[\w./-]*|requirements[\w-]*\.txt"
)
SETTING = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|DEBUG|ADMINS")
SAMPLES = {"NAME_FILE"}  # no name, but how names are made
ANSWERS = {"符合", "部分符合", "单位", "不符合"}


def _text(document: str) -> str:
    return (ROOT / "docs" / document).read_text()


def _rows(document: str) -> list[list[str]]:
    lines = re.findall(r"^\| (.*) \|$", _text(document).replace("| |", "|  |"), re.MULTILINE)
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_named_is_there(document: str) -> None:
    named = set(NAMED.findall(_text(document)))
    paths = {name.split("::")[0] for name in named if PATH.fullmatch(name.split("::")[0])}
    assert len(paths) > 8
    assert not [path for path in paths if not (ROOT / path).exists()]
    names = {name for name in named if SETTING.fullmatch(name)} - SAMPLES
    assert names
    asked_for = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert not [name for name in names - asked_for if not hasattr(settings, name)]
    commands = {name.split()[1] for name in named if name.startswith("manage.py ")}
    assert commands <= get_commands().keys()


def test_each_answer_of_the_comparison_is_one_of_four_and_points_somewhere() -> None:
    rows = [row for row in _rows("compliance-zh.md") if len(row) == 5 and row[0] not in ("条款", "条文")]
    rows = [row for row in rows if set(row[0]) != {"-"}]
    assert len(rows) > 60
    assert {row[2] for row in rows} == ANSWERS
    assert not [row for row in rows if not row[3] and row[2] != "单位"]
    assert not [row for row in rows if not row[4] and row[2] in ("符合", "部分符合")]


def test_each_requirement_has_its_answer_and_its_place() -> None:
    rows = [row for row in _rows("asvs.md") if re.fullmatch(r"\d+\.\d+\.\d+", row[0])]
    numbers = [tuple(map(int, row[0].split("."))) for row in rows]
    assert numbers == sorted(set(numbers))
    assert Counter(row[1] for row in rows) == {"1": 70, "2": 183}  # as the standard has them
    said = {row[0]: int(row[1]) for row in _rows("asvs.md") if len(row) == 3 and row[1].isdigit()}
    assert Counter(row[2] for row in rows) == said
    assert not [row for row in rows if not row[3]]
    assert not [row for row in rows if not row[4] and row[2] != "n/a"]
