"""A pytest plugin: what has very many cases goes through a share of them in each run, another each time; `make long`
(WHOLE=1) goes through all. The seed that pytest names at its head chooses the same: `ARGS=--randomly-seed=...`.

    @pytest.mark.share(4)  # one in four of its parametrised cases
    for place in share(PLACES, 3):  # one in three
    for row in pairwise(product(SERVERS, SCOPES, NETWORKS)):  # each two of their values together
"""

import os
from collections import defaultdict
from collections.abc import Collection, Hashable
from itertools import combinations
from random import Random, random
from typing import TypeVar

import pytest

Case = TypeVar("Case")
WHOLE = os.environ.get("WHOLE") == "1"


def share(cases: Collection[Case], one_in: int) -> list[Case]:
    """In their order. Each test takes others."""
    return _taken(cases, one_in, f"{random()} {os.environ['PYTEST_CURRENT_TEST']}")


Row = TypeVar("Row", bound=tuple[Hashable, ...])


def pairwise(rows: Collection[Row]) -> list[Row]:
    """So many of these that each two values which stand together anywhere do so in one of them."""
    return _pairwise(rows, f"{random()} {os.environ['PYTEST_CURRENT_TEST']}")


def _pairwise(rows: Collection[Row], seed: str) -> list[Row]:
    left = list(rows)
    if WHOLE:
        return left
    Random(seed).shuffle(left)
    pairs = {row: set(combinations(enumerate(row), 2)) for row in left}
    unseen, taken = set().union(*pairs.values()), []
    while unseen:
        taken.append(max(left, key=lambda row: len(pairs[row] & unseen)))
        unseen -= pairs[taken[-1]]
    return taken


def _taken(cases: Collection[Case], one_in: int, seed: str) -> list[Case]:
    if WHOLE:
        return list(cases)
    count = -(-len(cases) // one_in)
    taken = set(Random(seed).sample(range(len(cases)), count))
    return [case for n, case in enumerate(cases) if n in taken]


@pytest.hookimpl(tryfirst=True)  # before they are shuffled: all processes choose alike
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if any("::" in path for path in config.args):  # asked for by name
        return
    families: defaultdict[tuple[str, int], list[pytest.Item]] = defaultdict(list)
    for item in items:
        if mark := item.get_closest_marker("share"):
            families[item.nodeid.partition("[")[0], mark.args[0]].append(item)
    seed = config.getoption("randomly_seed")
    left = {
        item
        for (name, one_in), cases in families.items()
        for item in set(cases) - set(_taken(cases, one_in, f"{seed} {name}"))
    }
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=list(left))
