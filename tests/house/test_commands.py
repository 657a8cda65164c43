"""What a document tells somebody to type, or to look at in the administration, is there."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.house import guides
from tests.house.test_documents import DOCUMENTS, ROOT
from tests.kit.servers import showcase

CODE = re.compile(r"^ *```[a-z]*\n(.*?)^ *```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"manage\.py ([a-z_]+)([^\n|;>&)]*)")
OPTION = re.compile(r"(?<!\S)--[a-z-]+")
TARGET = re.compile(r"^(?:sudo )?(?:[A-Z_]+=\S* )*make ([a-z][a-z-]*)", re.MULTILINE)
OURS = re.compile(r"mailkey-[a-z.-]+")
UNIT = re.compile(r"\b(?:systemctl|journalctl)\b[^\n|;&]*")
MARKED = re.compile("“([^”]+)”|（([^）]+)）|\\(([^()]*[\u4e00-\u9fff][^()]*)\\)")  # 短信, as a page calls it
TROUBLES = [ROOT / "docs" / name for name in ("troubleshooting.md", "troubleshooting-zh.md")]
QUOTED = {"引号", "凭据管理器", "too many connections", "8 点 02 分的验证码没收到"}  # no words of ours


def code(document: Path) -> Iterator[str]:
    for block, inline in CODE.findall(document.read_text()):
        yield block or inline


def commands(document: Path) -> set[tuple[str, str]]:
    """Each with each of its options, and with none."""
    found = {one for text in code(document) for one in COMMAND.findall(text)}
    return {(name, option) for name, rest in found for option in ["", *OPTION.findall(rest)]}


def named(pattern: re.Pattern[str]) -> set[tuple[str, str]]:
    """Which document says so, and what."""
    return {(path.name, found) for path in DOCUMENTS for text in code(path) for found in pattern.findall(text)}


def test_commands_of_the_product_and_their_options() -> None:
    there = get_commands()
    said = {(path.name, *command) for path in DOCUMENTS for command in commands(path)}
    assert len(said) > 50
    assert {(document, name) for document, name, _ in said if name not in there} == set()
    parsers = {name: load_command_class(there[name], name).create_parser("manage.py", name) for _, name, _ in said}
    known = {
        name: {word for action in parser._actions for word in action.option_strings} for name, parser in parsers.items()
    }
    assert {one for one in said if one[2] and one[2] not in known[one[1]]} == set()


def test_targets_of_make() -> None:
    there = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    said = named(TARGET)
    assert len(said) > 10
    assert {one for one in said if one[1] not in there} == set()


def test_units_of_systemd() -> None:
    there = {path.name for path in (ROOT / "deploy/systemd").iterdir()}
    words = {(document, unit) for document, line in named(UNIT) for unit in line.split()}
    said = {(document, unit if "." in unit else f"{unit}.service") for document, unit in words if OURS.fullmatch(unit)}
    assert len(said) > 10
    assert {one for one in said if one[1] not in there} == set()


class TestTroubleshooting:
    def test_both_languages_know_the_same(self) -> None:
        both = [path.read_text() for path in TROUBLES]
        assert [text.count("\n### ") for text in both] == [both[0].count("\n### ")] * 2
        assert both[0].count("\n### ") > 25
        assert commands(TROUBLES[0]) == commands(TROUBLES[1])

    def test_every_symptom_says_where_to_look_or_what_to_do(self) -> None:
        for path in TROUBLES:
            for symptom in path.read_text().split("\n### ")[1:]:
                assert re.search(r"^- .+", symptom, re.MULTILINE), symptom

    @pytest.mark.parametrize("document", TROUBLES, ids=lambda path: path.name)
    def test_it_calls_everything_as_the_pages_do(self, document: Path) -> None:
        pages = [ROOT / "locale/zh_Hans/LC_MESSAGES/django.po", ROOT / "deploy/nginx/portal.conf"]
        said = unescape(re.sub(r'"\n"', "", "".join(path.read_text() for path in pages)))
        words = {"".join(found) for found in MARKED.findall(CODE.sub("", document.read_text()))}
        labels = {word for word in words if re.fullmatch("[\u4e00-\u9fff：]+", word)} - QUOTED
        if document.name.endswith("-zh.md"):  # there a bracket is a bracket
            labels = {word for word in labels if f"“{word}”" in document.read_text()}
        assert len(labels) > 8
        assert {label for label in labels if label not in said} == set()


def test_the_tour_is_through_the_house_that_is_started() -> None:
    text = (ROOT / "docs" / "tour.md").read_text()
    ports = {str(number) for number in showcase.PORTS.values()} | {"8000", "8001"}
    assert set(re.findall(r"(?<=:)\d{4,5}\b", text)) <= ports
    for packages in showcase.NEEDED.values():
        assert all(package in text for package in packages.split())


def test_the_guides_are_as_on_the_pages() -> None:
    assert guides.FILE.read_text() == guides.text(), "python -m tests.house.guides --update"
