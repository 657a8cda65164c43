"""Changes that `make mutants` tries: which there are, and that they take the place of what was there."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from django.utils.functional import SimpleLazyObject

from tests.kit.mutants import changes, trials
from tests.kit.mutants.__main__ import ROOMS, ROOT, reasons

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
    trials.exchange(turned)
    assert module.held(4) is True
    assert module.held(5) is False
    del bystander
