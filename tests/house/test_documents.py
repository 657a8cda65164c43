"""Lists in the documents are whole, and what they lead to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"])
TEST = re.compile(r"`(tests/[a-z_/]+\.py)::(\w+)`")
PATH = re.compile(r"`(tests/[a-z0-9_/.]*)")
BARE = re.compile(r"`(test_\w+(?:\.py)?)`")
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


def test_both_readmes_name_the_same_commands_and_documents() -> None:
    """What one says and the other does not was forgotten there."""
    english, chinese = (ROOT / name for name in ("README.md", "README.zh-CN.md"))
    commands = r"`[^`\n]*\b(?:make|manage\.py|PORT=)[^`]*`"
    for what in (commands, "^make .*$", "https?://localhost[^> ]*", "`[a-z]+@[^`]+`"):
        named = [set(re.findall(what, path.read_text(), re.MULTILINE)) for path in (english, chinese)]
        assert named[0] == named[1]
    only = {"docs/decisions/README.md", "docs/README.md"}  # English, for who changes it
    led_to = [set(LINK.findall(path.read_text())) - {english.name, chinese.name} for path in (english, chinese)]
    assert led_to[0] - only <= led_to[1] <= led_to[0] | {"docs/handbook-zh.md"}
