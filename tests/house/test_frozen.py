"""Migrations that have landed stay as they are."""

from pathlib import Path

import pytest

from tests.house import frozen

FIRST = "accounts/bans/migrations/0001_initial.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "accounts" / "bans" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_initial.py").write_text("first = 1\n")
    frozen.add(tmp_path, tmp_path / "digests")
    return tmp_path


def said(tree: Path) -> list[str]:
    return frozen.complaints(tree, tree / "digests")


def test_what_landed_and_stayed_is_fine(tree: Path) -> None:
    assert said(tree) == []


@pytest.mark.parametrize("again", [False, True])
def test_an_edit_is_named_and_writing_digests_anew_does_not_hide_it(tree: Path, *, again: bool) -> None:
    (tree / FIRST).write_text("first = 2\n")
    if again:
        frozen.add(tree, tree / "digests")
    assert said(tree) == [f"{FIRST} has landed and was edited: write another migration."]


def test_one_that_is_gone_is_named(tree: Path) -> None:
    (tree / FIRST).unlink()
    assert said(tree) == [f"{FIRST} has landed and is gone."]


def test_a_new_one_must_be_written_down(tree: Path) -> None:
    (tree / "accounts/bans/migrations/0002_more.py").write_text("more = 1\n")
    assert "0002_more.py is not in digests" in said(tree)[0]
    frozen.add(tree, tree / "digests")
    assert said(tree) == []


def test_ours_are_as_they_landed() -> None:
    assert frozen.complaints() == []
