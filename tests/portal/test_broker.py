"""A broker that is away, or was: how soon that is known, and how soon it is found again."""

from collections.abc import Iterator
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from portal import broker, celery
from tests.kit.servers import free_port
from tests.kit.servers.wire import Wire

ATTEMPTS = 30


@pytest.fixture
def connected() -> Iterator[Any]:
    """Whatever the application connects to, by this address."""
    conf = celery.app.conf
    before = {name: conf[name] for name in ("broker_read_url", "broker_write_url", "broker_transport_options")}

    def to(url: str, **options: Any) -> Any:
        conf.update(broker_read_url=url, broker_write_url=url, broker_transport_options=options)
        return celery.app.connection_for_read()

    yield to
    conf.update(before)


def test_it_is_looked_for_each_second_however_long_it_is_away(connected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", pauses.append)
    with connected(f"redis://127.0.0.1:{free_port()}") as connection, pytest.raises(OperationalError):
        connection.ensure_connection(max_retries=ATTEMPTS)
    assert sum(pauses) == ATTEMPTS * broker.AGAIN_AFTER


def test_a_sentinel_that_is_gone_is_asked_once(connected: Any) -> None:
    """The client's own default is eleven times, of which each takes its time."""
    with Wire() as gone, Wire() as neighbour:
        url = ";".join(f"sentinel://127.0.0.1:{wire.port}" for wire in (gone, neighbour))
        limits = dict.fromkeys(broker.BRIEFLY, 0.1)
        with connected(url, master_name="mymaster", **limits) as connection, pytest.raises(OperationalError):
            connection.ensure_connection(max_retries=0)
        assert (gone.calls, neighbour.calls) == (1, 1)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{0}", "sentinel://127.0.0.1:{0};sentinel://127.0.0.1:{0}"])
def test_one_that_says_nothing_is_known_after_one_try(connected: Any, url: str) -> None:
    with Wire() as silent:
        url = url.format(silent.port)
        connected(url, master_name="mymaster", socket_timeout=60, socket_connect_timeout=60)
        assert celery.waiting(["sms"]) is None
        assert silent.calls == url.count("//")
