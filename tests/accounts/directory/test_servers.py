"""Which server of the directory is asked."""

from types import SimpleNamespace

import pytest

from accounts.directory.asking.servers import Servers

FIRST, SECOND = "ldap://first", "ldap://second"


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """`now`: seconds."""
    time = SimpleNamespace(now=1000.0)
    time.monotonic = lambda: time.now
    monkeypatch.setattr("accounts.directory.asking.servers.time", time)
    return time


def test_one_that_is_back_is_found_within_seconds_by_one_asker(time: SimpleNamespace) -> None:
    servers = Servers([FIRST, SECOND])
    assert servers.note_silence(FIRST)
    assert list(servers.in_turn()) == [SECOND]
    time.now += 2.1
    assert list(servers.in_turn()) == [FIRST, SECOND]
    assert list(servers.in_turn()) == [SECOND]
    servers.note_answer(FIRST)
    assert list(servers.in_turn()) == [FIRST, SECOND]


def test_one_that_is_silent_again_is_no_news(time: SimpleNamespace) -> None:
    servers = Servers([FIRST])
    assert servers.note_silence(FIRST)
    time.now += 10
    assert list(servers.in_turn()) == [FIRST]
    assert not servers.note_silence(FIRST)
    assert list(servers.in_turn()) == []
