"""docs/security.md counts bugs of other systems; a test that shows one is marked with its row."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROW = re.compile(r"^\| (\d+) \| [^|]+ \| (`tests/[^|]+`) \|$", re.MULTILINE)
CASE = re.compile(r"rows? ([\d, and]+)")


def test_each_row_names_tests_that_are_marked_with_it() -> None:
    rows = {int(row): re.findall(r"`([^`]+)`", tests) for row, tests in ROW.findall(_text("docs/security.md"))}
    assert list(rows) == list(range(1, 46))
    marked = {path.relative_to(ROOT).as_posix(): _marked(path) for path in (ROOT / "tests").rglob("*.py")}
    for row, tests in rows.items():
        for file, name in (test.split("::") for test in tests):
            assert row in marked[file].get(name, set()), (row, name)
    assert {row for names in marked.values() for found in names.values() for row in found} <= rows.keys()


def _text(file: str) -> str:
    return (ROOT / file).read_text()


def _marked(path: Path) -> dict[str, set[int]]:
    """The rows of each test of a file; those of a class hold for its tests, those of the file for all."""
    tree = ast.parse(path.read_text())
    everywhere = {row for node in tree.body if isinstance(node, ast.Assign) for row in _rows(node.value)}
    found: dict[str, set[int]] = {}
    owners: list[ast.Module | ast.ClassDef] = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    for owner in owners:
        of_owner = everywhere.union(*map(_rows, getattr(owner, "decorator_list", [])))
        for test in owner.body:
            if isinstance(test, ast.FunctionDef):
                found[test.name] = of_owner.union(*map(_rows, test.decorator_list))
    return found


def _rows(node: ast.AST) -> Iterator[int]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "bypass":
            case = CASE.match(ast.literal_eval(call.args[0]))
            yield from map(int, re.findall(r"\d+", case[1]) if case else ())
