"""How a lane comes to its connection: in a thread, now and then, and nobody waits for it."""

import asyncio
from threading import Thread
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from apppasswords.maillogin.asking import lane as asked
from tests.kit.lanes import LONG, SHORT, Asker, run

pytestmark = pytest.mark.usefixtures("on_postgresql")


class Started(list[str]):
    """Threads that a lane has started."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    started = Started()

    def thread(**how: Any) -> Thread:
        assert how["daemon"], "a process that ends waits for none"
        started.append(how["name"])
        return Thread(**how)

    monkeypatch.setattr(asked, "Thread", thread)
    return started


def test_who_comes_before_there_is_a_connection_goes_another_way_and_it_is_made_once(started: Started) -> None:
    async def talk(asker: Asker) -> None:
        asker.ask(1)
        asker.ask(2)
        assert (asker.told, asker.refused, started) == ([], [1, 2], ["lane"])
        await asker.connected()
        assert started == ["lane"]

    run(talk, SHORT, connects=False)


@pytest.mark.parametrize(("every", "tries"), [(0.0, 5), (LONG, 1)])
def test_while_none_can_be_made_it_is_tried_now_and_then(
    monkeypatch: pytest.MonkeyPatch, started: Started, every: float, tries: int, caplog: pytest.LogCaptureFixture
) -> None:
    create = connections.create_connection

    def none_to_be_had(alias: str) -> BaseDatabaseWrapper:
        made = create(alias)
        monkeypatch.setattr(made, "ensure_connection", Mock(side_effect=ZeroDivisionError))
        return made

    monkeypatch.setattr(connections, "create_connection", none_to_be_had)
    monkeypatch.setattr(asked, "CONNECT_EVERY", every)

    async def talk(asker: Asker) -> None:
        for n in range(5):
            asker.ask(n)
            while asker.lane._is_connecting:
                await asyncio.sleep(0.001)
        assert (asker.told, asker.failed, asker.refused) == ([], [], [0, 1, 2, 3, 4])
        assert len(started) == tries

    run(talk, SHORT, connects=False)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(("vendor", "threshold", "connects"), [
    ("postgresql", 0, True), ("postgresql", 5, True), ("postgresql", None, False),
    ("sqlite", 0, False), ("sqlite", None, False),
])  # fmt: skip
def test_where_nothing_is_prepared_nobody_is_asked_so(
    monkeypatch: pytest.MonkeyPatch, vendor: str, threshold: int | None, *, connects: bool
) -> None:
    """SQLite, and a pooler, which would mix up what is prepared."""
    default = SimpleNamespace(vendor=vendor, settings_dict={"OPTIONS": {"prepare_threshold": threshold}})
    thread = Mock()
    monkeypatch.setattr(asked, "connections", {"default": default})
    monkeypatch.setattr(asked, "Thread", thread)

    async def talk(asker: Asker) -> None:
        asker.ask(1)
        assert asker.refused == [1]
        assert thread.called is connects

    run(talk, SHORT, connects=False)
