"""Lists in the documents are whole, and what they lead to is there."""

import re
from pathlib import Path

import pytest

from tests.kit import documents

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"])
TEST = re.compile(r"`(tests/[a-z_/]+\.py)::(\w+)`")
PATH = re.compile(r"`(tests/[a-z0-9_/.]*)")
BARE = re.compile(r"`(test_\w+(?:\.py)?)`")
CHINESE = {f"docs/{name}-zh.md" for name in ("handbook", "people", "troubleshooting")}  # what only Chinese people read
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = [target for target in LINK.findall(document.read_text()) if "://" not in target]
    assert not [target for target in targets if not (document.parent / target).exists()]


def test_every_test_that_is_named_is_there() -> None:
    named = {found for document in DOCUMENTS for found in TEST.findall(document.read_text())}
    assert len(named) > 20
    assert not [(file, test) for file, test in named if f"def {test}(" not in (ROOT / file).read_text()]


def test_so_are_those_that_are_named_shortly() -> None:
    """A file or a folder; a name alone, of a file or of a test."""
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    assert not [path for path in set(PATH.findall(text)) if not (ROOT / path).exists()]
    files = list((ROOT / "tests").rglob("test_*.py"))
    there = {path.name for path in files}.union(*(re.findall(r"def (test_\w+)", path.read_text()) for path in files))
    assert set(BARE.findall(text)) - there == set()


def test_the_list_of_decisions_is_whole_and_in_order() -> None:
    folder = ROOT / "docs" / "decisions"
    titles = []
    for path in sorted(folder.glob("0*.md")):
        number, title = path.read_text().splitlines()[0].removeprefix("# ").split(". ", 1)
        assert path.name.startswith(f"{int(number):04}-")
        titles.append(f"{number}. [{title}]({path.name})")
    assert titles == re.findall(r"^\d+\. \[.*$", (folder / "README.md").read_text(), re.MULTILINE)


def test_every_document_is_in_the_index() -> None:
    listed = set(LINK.findall((ROOT / "docs" / "README.md").read_text()))
    assert {path.name for path in (ROOT / "docs").glob("*.md") if path.name != "README.md"} <= listed


def test_every_document_is_in_the_navigation_of_the_site() -> None:
    led_to = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text().partition("nav:")[2]))
    files = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert {name for name in files - led_to if not name.startswith("decisions/0")} == set()


def test_both_readmes_name_the_same_commands_and_documents() -> None:
    """What one says and the other does not was forgotten there."""
    english, chinese = (ROOT / name for name in ("README.md", "README.zh-CN.md"))
    commands = r"`[^`\n]*\b(?:make|manage\.py|PORT=)[^`]*`"
    for what in (commands, "^make .*$", "https?://localhost[^> ]*", "`[a-z]+@[^`]+`"):
        named = [set(re.findall(what, path.read_text(), re.MULTILINE)) for path in (english, chinese)]
        assert named[0] == named[1]
    only = {"docs/decisions/README.md", "docs/README.md"}  # English, for who changes it
    led_to = [set(LINK.findall(path.read_text())) - {english.name, chinese.name} for path in (english, chinese)]
    assert led_to[0] - only <= led_to[1] <= led_to[0] | CHINESE


@pytest.mark.parametrize(
    ("page", "target", "led_to"),
    [
        ("operations.md", "sms.md#settings", "sms.md#settings"),
        ("mail-servers/dovecot.md", "../webmail.md", "../webmail.md"),
        ("README.md", "../CONTRIBUTING.md", "project/CONTRIBUTING.md"),
        ("decisions/0097-mutants.md", "../../benchmarks/README.md", "../project/benchmarks/README.md"),
        ("project/CONTRIBUTING.md", "docs/architecture.md", "../architecture.md"),
        ("project/CONTRIBUTING.md", "SECURITY.md", "SECURITY.md"),
        ("project/benchmarks/README.md", "../docs/sms.md#abuse", "../../sms.md#abuse"),
    ],
)
def test_a_link_of_a_file_is_one_of_the_site(page: str, target: str, led_to: str) -> None:
    assert documents.led_to(target, page) == led_to


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("在页面\n上方", "在页面上方"),
        ("点“确定”\n  即可", "点“确定”即可"),
        ("短信\n- 邮件", "短信\n- 邮件"),
        ("用户\n\n邮箱", "用户\n\n邮箱"),
        ("an English\nline", "an English\nline"),
    ],
)
def test_lines_of_chinese_close_up(source: str, shown: str) -> None:
    assert documents.CLOSES_UP.sub("", source) == shown


def test_a_list_that_only_a_forge_sees_is_noticed() -> None:
    assert documents.SWALLOWED.findall("<p>like this:\n- one\n- two</p>\n<p>and\n1. so</p>")
    assert not documents.SWALLOWED.findall("<p>a sentence - with\na dash</p>\n<ul>\n<li>one</li>\n</ul>")


def test_nothing_comes_from_another_host() -> None:
    assert documents.FOREIGN.findall('<link rel="stylesheet" href="https://fonts.example.com/a.css">')
    assert documents.FOREIGN.findall('<script src="//cdn.example.com/a.js"></script>')
    assert not documents.FOREIGN.findall('<script src="assets/a.js"></script><a href="https://example.com/">')
