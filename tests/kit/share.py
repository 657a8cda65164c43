"""A pytest plugin: what has very many cases goes through a share of them in each run, another each time; `make long`
(WHOLE=1) goes through all. The seed that pytest names at its head chooses the same: `ARGS=--randomly-seed=...`.

    @pytest.mark.share(4)  # one in four of its parametrised cases
    for place in share(PLACES, 3):  # one in three
"""

import os
from collections import defaultdict
from collections.abc import Collection
from random import Random, random
from typing import TypeVar

import pytest

Case = TypeVar("Case")
WHOLE = os.environ.get("WHOLE") == "1"


def share(cases: Collection[Case], one_in: int) -> list[Case]:
    """In their order. Each test takes others."""
    return _taken(cases, one_in, f"{random()} {os.environ['PYTEST_CURRENT_TEST']}")


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
