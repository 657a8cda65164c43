"""Which process gets which files of tests."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.kit import neighbours

MAIL, CROWD = ["mail-1", "mail-2", "mail-3"], ["crowd-1", "crowd-2"]
QUEUE = ["mail-1", "other-1", "crowd-1", "mail-2", "other-2", "crowd-2", "other-3", "mail-3"]


class Node(SimpleNamespace):
    """A process of tests: it has done what it got as soon as it asks again."""

    __hash__ = object.__hash__  # type: ignore[assignment]


def a_node(name: str) -> Node:
    got: list[str] = []
    return Node(
        gateway=SimpleNamespace(id=name), got=got, shutting_down=False, shutdown=lambda: None,
        send_runtest_some=lambda indices: got.extend(QUEUE[number] for number in indices),
    )  # fmt: skip


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two, which take turns until nothing is left."""
    monkeypatch.setattr(neighbours, "servers_of", lambda file: file.partition("-")[0].replace("other", ""))
    options = SimpleNamespace(loadscopereorder=False, tx=["2*popen"])
    config: Any = SimpleNamespace(option=options, getvalue=vars(options).__getitem__)
    scheduler = neighbours.Neighbours(config)
    nodes: Any = [a_node("one"), a_node("two")]
    tests = [f"{file}::test" for file in QUEUE]
    for node in nodes:
        scheduler.add_node(node)
    for node in nodes:
        scheduler.add_node_collection(node, tests)
    scheduler.schedule()
    while scheduler.workqueue:
        for node in nodes:
            scheduler.mark_test_complete(node, QUEUE.index(node.got[-1]))
    return nodes


def test_files_with_the_same_servers_stay_together_as_long_as_there_are_any(nodes: Any) -> None:
    one, two = (node.got for node in nodes)
    assert [file for file in one if file in MAIL] == MAIL
    assert [file for file in two if file in CROWD] == CROWD
    assert one[:3] == MAIL, "the longest first, then what goes with it"
    assert sorted(one + two) == sorted(QUEUE)


def test_what_a_test_is_handed_says_which_servers_it_drives() -> None:
    assert neighbours.servers_of("tests/real/test_webmail_servers.py") == "mail"
    assert neighbours.servers_of("tests/real/test_races.py") == "crowd"
    assert neighbours.servers_of("tests/house/test_rows.py") == ""
