"""A share of the cases in each run: all of them between the runs."""

from itertools import combinations, product

import pytest

from tests.kit import share
from tests.kit.share import Case


def some(cases: list[Case], one_in: int, seed: str) -> list[Case]:
    return share._taken(cases, one_in, seed)


def test_each_run_takes_one_in_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "WHOLE", False)
    assert [len(some(list(range(count)), 3, "seed")) for count in (1, 3, 4, 100)] == [1, 1, 2, 34]
    assert some(list(range(100)), 3, "seed") == sorted(some(list(range(100)), 3, "seed"))


def test_between_them_runs_take_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "WHOLE", False)
    seen = {case for seed in range(100) for case in some(list(range(30)), 3, str(seed))}
    assert seen == set(range(30))


def test_where_there_is_time_all_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "WHOLE", True)
    assert some(list("abc"), 3, "seed") == list("abc")


def test_pairs_are_all_there_and_few_rows_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "WHOLE", False)
    rows = list(product(range(8), "abcde", (True, False), range(3)))
    taken = share._pairwise(rows, "seed")
    for first, second in combinations(range(4), 2):
        assert {(row[first], row[second]) for row in taken} == {(row[first], row[second]) for row in rows}
    assert 40 <= len(taken) <= 50, "of 240"
    assert share._pairwise(rows, "seed") == taken != share._pairwise(rows, "another")
    monkeypatch.setattr(share, "WHOLE", True)
    assert share._pairwise(rows, "seed") == rows
