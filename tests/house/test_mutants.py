"""`make mutants`: which changes there are, that they take the place of what was there, and that tests are asked."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils.functional import SimpleLazyObject

from tests.kit import coverage
from tests.kit.mutants import branches, changes, rooms, scores, trials
from tests.kit.mutants.__main__ import WANTED, reasons, tried
from tests.kit.mutants.rooms import ROOMS, ROOT

SOURCE = '''
LIMIT = 5


class Rows:
    def claim(self, rows, tries: int = 3) -> bool:
        """Not 7."""
        if tries >= LIMIT and not rows:
            raise ValueError("too many")
        rows.filter(used_at=None, tries__lt=tries).update(tries=tries + 1)
        return bool(rows)
'''


def test_each_part_of_a_rule_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "rows.py"
    file.write_text(SOURCE)
    found = [str(mutant).removeprefix("Rows.claim: ") for mutant in changes.of(file)]
    update = "rows.filter(used_at=None, tries__lt=tries).update(tries=tries + 1)"
    rule = "if tries >= LIMIT and (not rows):"
    assert found == [
        f"{rule} -> if not (tries >= LIMIT and (not rows)):",
        f"{rule} -> if tries >= LIMIT or not rows:",
        f"{rule} -> if tries > LIMIT and (not rows):",
        f"{rule} -> if tries >= LIMIT and (not not rows):",
        "raise ValueError('too many') -> pass",
        f"{update} -> None",
        f"{update} -> rows.filter(used_at=None, tries__lt=tries).update()",
        f"{update} -> rows.filter(used_at=None, tries__lt=tries).update(tries=tries - 1)",
        f"{update} -> rows.filter(used_at=None, tries__lt=tries).update(tries=tries + 2)",
        f"{update} -> rows.filter(tries__lt=tries).update(tries=tries + 1)",
        f"{update} -> rows.filter(used_at=None).update(tries=tries + 1)",
        "return bool(rows) -> return None",
    ]


def test_what_is_excused_could_be_changed() -> None:
    """Or the line is about a rule that is no more."""
    excused = reasons()
    files = {name.split(" ", 1)[0] for name in excused}
    possible = {f"{file} {mutant}" for file in files for mutant in changes.of(ROOT / file)}
    assert excused.keys() <= possible
    assert all(len(reason) > 20 for reason in excused.values())


def test_rooms_have_their_modules_and_tests() -> None:
    for room in ROOMS.values():
        for pattern in (*room.modules, *room.tests):
            assert list(ROOT.glob(pattern)), pattern


def test_whoever_holds_a_function_gets_the_changed_one(tmp_path: Path) -> None:
    file = tmp_path / "kept.py"
    file.write_text("from functools import cache\n\n\n@cache\ndef kept(a):\n    return a == 5\n\n\nheld = kept\n")
    spec = spec_from_file_location("kept", file)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    bystander = SimpleLazyObject(lambda: pytest.fail("nobody asks it who it is"))
    [turned] = [mutant for mutant in changes.of(file) if str(mutant) == "kept: return a == 5 -> return a != 5"]
    trials.exchange(turned, trials.functions({str(file)}))
    assert module.held(4) is True
    assert module.held(5) is False
    del bystander


TWO = """
def made():
    return [
        lambda age: age == 5,
        lambda age: age == 7,
    ]


five, seven = made()
"""


def test_of_two_without_a_name_only_that_one_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "two.py"
    file.write_text(TWO)
    spec = spec_from_file_location("two", file)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    [turned] = [mutant for mutant in changes.of(file) if "age != 5" in str(mutant)]
    trials.exchange(turned, trials.functions({str(file)}))
    assert [module.five(age) for age in (5, 6, 7)] == [False, True, True]
    assert [module.seven(age) for age in (5, 6, 7)] == [False, False, True]


RULE = """
import time
from functools import cache, wraps


def guarded(rule):
    @wraps(rule)
    def inner(age):
        return age > 0 and rule(age)

    return inner


@guarded
def allowed(age):
    return limit() <= age


@cache
def limit():
    return 18


def forgotten(age):
    return age > 7


def asked_by_nobody(age):
    return age < 3


def kept_from_the_start(least):
    return lambda age: age > least


old = kept_from_the_start(60)


def waits(long):
    if long:
        time.sleep(3600)
"""
TESTS = """
import rule


def test_from_eighteen():
    assert rule.allowed(18)
    assert not rule.allowed(17)


def test_again():
    assert not rule.allowed(0)
    assert rule.forgotten(9)
    assert rule.old(70)
    rule.waits(False)
"""
TRIED = """
import sys
from pathlib import Path

import pytest

from tests.kit.mutants import changes, trials
from tests.kit.mutants.trials import Trials

trials.PATIENCE = 1
mutants = list(changes.of(Path("rule.py").resolve()))
tried = Trials(mutants, lambda mutant, fate: print(f"\\n{fate}: {mutant}", file=sys.stderr))
pytest.main(["-q", "-p", "no:django", "-p", "no:xdist", "-c", "pytest.ini", "test_rule.py"], [tried])
sys.exit(tried.failed)
"""


def test_what_no_test_notices_is_told(tmp_path: Path) -> None:
    """What a decorator made when the module was loaded is changed too, and what is kept of an answer is forgotten."""
    for name, text in (
        ("rule.py", RULE),
        ("test_rule.py", TESTS),
        ("pytest.ini", "[pytest]\npythonpath = .\ntimeout = 600"),
    ):
        (tmp_path / name).write_text(text)
    environment = {"PYTHONPATH": str(ROOT)}
    tried = subprocess.run(
        [sys.executable, "-c", TRIED], cwd=tmp_path, env=environment, check=True, capture_output=True
    )
    told = [line for line in tried.stderr.decode().splitlines() if line]
    assert [line for line in told if not line.startswith("noticed: ")] == [
        "survived: guarded: return age > 0 and rule(age) -> return age >= 0 and rule(age)",
        "survived: guarded: return age > 0 and rule(age) -> return age > 1 and rule(age)",
        "untried: guarded: return inner -> return None",
        "survived: forgotten: return age > 7 -> return age >= 7",
        "survived: forgotten: return age > 7 -> return age > 8",
        "untried: asked_by_nobody: return age < 3 -> return None",
        "untried: asked_by_nobody: return age < 3 -> return age <= 3",
        "untried: asked_by_nobody: return age < 3 -> return age < 4",
        "survived: kept_from_the_start: return lambda age: age > least -> return None",
        "survived: kept_from_the_start: return lambda age: age > least -> return lambda age: age >= least",
        "hung: waits: if long: -> if not long:",
        "untried: waits: time.sleep(3600) -> None",
        "untried: waits: time.sleep(3600) -> time.sleep(3601)",
    ]
    assert "noticed: guarded: return age > 0 and rule(age) -> return age > 0 or rule(age)" in told, "a decorator's"
    assert "noticed: limit: return 18 -> return 19" in told, "an answer that was kept"


PAGE = f"""Scores:

{scores.HEAD}
What follows.
"""


def test_a_run_writes_its_line_of_the_table(tmp_path: Path) -> None:
    """In the order of the rooms, in place of the line of the last time."""
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    first, second = list(ROOMS)[:2]
    for score in (
        scores.Score(second, 20, 19, 1, "2026-11-30"),
        scores.Score(first, 8, 7, 0, "2026-11-30"),
        scores.Score(first, 8, 8, 0, "2026-12-01"),
    ):
        scores.write(score, page)
    lines = f"| {first} | 8 | 8 (100.0 %) | 0 | 2026-12-01 |\n| {second} | 20 | 19 (95.0 %) | 1 | 2026-11-30 |\n"
    assert page.read_text() == PAGE.replace(scores.HEAD, scores.HEAD + lines)
    assert scores.read(page)[first].day == "2026-12-01"


def test_what_was_written_is_enough() -> None:
    for score in scores.read().values():
        assert score.noticed / score.changes >= WANTED, score.room


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source, and no branch that is excused."""
    (tmp_path / "rows.py").write_text(SOURCE)
    (tmp_path / "untaken.txt").touch()
    monkeypatch.setattr(branches, "ROOT", tmp_path)
    monkeypatch.setattr(branches, "REASONS", tmp_path / "untaken.txt")
    return tmp_path / "rows.py"


SEEN = {"files": {"rows.py": {"missing_branches": [[8, 9], [11, 0]]}}}
UNTAKEN = [
    'rows.py Rows.claim: if tries >= LIMIT and not rows: -> raise ValueError("too many")',
    "rows.py Rows.claim: return bool(rows) -> end",
]


def test_a_branch_that_no_test_takes_is_told_by_its_text(rows: Path) -> None:
    """Lines move, and a reason with them."""
    assert [gap.name for gap in branches.gaps(SEEN, [rows])] == UNTAKEN
    branches.REASONS.write_text(f"{UNTAKEN[0]} | nobody comes by\n")
    assert [str(gap) for gap in branches.gaps(SEEN, [rows, rows])] == [f"{UNTAKEN[1]}  (line 11)"]
    assert list(branches.gaps({"files": {}}, [rows])) == []


def test_what_no_test_can_take_is_there() -> None:
    """Or the line is about a branch that is no more."""
    for name, reason in branches.reasons().items():
        file, _, rest = name.partition(" ")
        lines = {line.strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()} | {branches.END}
        assert set(rest.partition(": ")[2].split(" -> ", 1)) <= lines, name
        assert len(reason) > 20


@pytest.mark.parametrize(
    ("changed", "fails"),
    [
        ({}, True),
        ({"seen": {"files": {}, "summary": {}}}, False),
        ({"keyword": "a few"}, False),
        ({"markexpr": "not slow"}, False),
        ({"lf": True}, False),
        ({"stats": {"skipped": ["without a server"]}}, False),
        ({"args_source": pytest.Config.ArgsSource.ARGS}, False),
        ({"exitstatus": pytest.ExitCode.INTERRUPTED}, False),
    ],
    ids=str,
)
def test_a_whole_run_fails_by_such_a_branch(
    rows: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], *, fails: bool
) -> None:
    """And no other: a part of the suite leaves branches to others."""
    monkeypatch.setattr(rooms, "files", lambda: [rows])
    option = SimpleNamespace(**dict.fromkeys(("keyword", "markexpr", "lf", "deselect")))
    vars(option).update({name: value for name, value in changed.items() if name in vars(option)})
    reporter = SimpleNamespace(stats=changed.get("stats", {}))
    config = SimpleNamespace(
        option=option,
        args_source=changed.get("args_source", pytest.Config.ArgsSource.TESTPATHS),
        pluginmanager=SimpleNamespace(get_plugin=lambda _name: reporter),
    )
    before = changed.get("exitstatus", pytest.ExitCode.OK)
    session: Any = SimpleNamespace(config=config, exitstatus=before)
    plugin = coverage.Coverage()
    plugin.add(changed.get("seen", SEEN))
    plugin.pytest_sessionfinish(session, before)
    assert session.exitstatus == (pytest.ExitCode.TESTS_FAILED if fails else before)


@pytest.mark.slow
def test_what_app_passwords_open_is_held_by_tests() -> None:
    """One small room in each run; `make mutants` tries the others."""
    assert tried(["scopes"]) == 0
