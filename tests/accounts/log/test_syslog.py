"""The copy of the security log that goes to syslog."""

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from accounts.log import events, syslog
from accounts.log.models import SecurityEvent
from accounts.log.syslog import SyslogHandler
from tests.conftest import MakeUser
from tests.kit.people import Person
from tests.kit.waiting import wait_until

Kind = SecurityEvent.Kind


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("/dev/log", "/dev/log"),
        ("udp://logs.example.edu", ("logs.example.edu", 514)),
        ("udp://192.0.2.1:1514", ("192.0.2.1", 1514)),
        ("udp://[2001:db8::1]:514", ("2001:db8::1", 514)),
    ],
)
def test_where_syslog_is(setting: str, address: object) -> None:
    assert syslog.address(setting) == address


@pytest.mark.parametrize(
    "setting", ["logs.example.edu", "tcp://logs", "udp://", "udp://logs:x", "udp://logs/path", "log"]
)
def test_where_it_is_not(setting: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EVENT_SYSLOG"):
        syslog.address(setting)


Connect = Callable[[str | tuple[str, int]], SyslogHandler]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """As settings.LOGGING does it."""
    logger = logging.getLogger("mailkey.log")
    kept = (logger.handlers, logger.propagate)

    def connected(address: str | tuple[str, int]) -> SyslogHandler:
        handler = SyslogHandler(address)
        logger.handlers, logger.propagate = [handler], False
        return handler

    yield connected
    logger.handlers, logger.propagate = kept


def received(server: socket.socket, count: int) -> list[str]:
    server.settimeout(10)
    return [server.recv(65_536).decode() for _ in range(count)]


def test_each_event_is_a_line_after_the_commit(wangwu: Person, connect: Connect) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        connect(server.getsockname())
        wangwu.sign_in(trust_browser="on")
        lines = received(server, 2)
    for line, event in zip(lines, SecurityEvent.objects.order_by("pk"), strict=True):
        priority, _, text = line.partition("mailkey: ")
        assert priority == "<86>"  # authpriv, info
        assert "\n" not in text
        told = json.loads(text)
        assert (told["kind"], told["user"]) == (event.kind, "wangwu@example.edu")
        assert (told["position"], told["seal"]) == (event.position, event.seal)


def test_the_socket_of_the_machine(wangwu: Person, connect: Connect, tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        connect(path)
        wangwu.sign_in()
        assert "signed_in" in received(server, 1)[0]


def test_what_is_rolled_back_is_not_told(make_user: MakeUser, connect: Connect) -> None:
    handler = connect("/nowhere")
    make_user()
    events.record(Kind.SIGNED_OUT, None)  # the test's transaction is not committed
    assert handler.lines.empty()


@pytest.mark.parametrize("address", ["/nowhere/log", ("no-such-host.invalid", 514)])
def test_a_dead_syslog_costs_nothing(
    wangwu: Person, connect: Connect, caplog: pytest.LogCaptureFixture, address: str | tuple[str, int]
) -> None:
    handler = connect(address)
    start = timezone.now()
    wangwu.sign_in()
    assert timezone.now() - start < timedelta(seconds=2)
    assert wangwu.is_in()
    wait_until(lambda: not handler.lines.unfinished_tasks)
    wangwu.post("/sign-out/")
    wait_until(lambda: not handler.lines.unfinished_tasks)
    complaints = [record for record in caplog.records if "do not reach syslog" in record.message]
    assert len(complaints) == 1, "once a minute, not once a line"


def test_a_hung_syslog_costs_nothing(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes nothing more, and neither does the queue before it."""
    answers = threading.Event()
    monkeypatch.setattr(SyslogHandler, "_send", lambda *_: answers.wait())
    monkeypatch.setattr(syslog, "QUEUED", 10)
    handler = connect("/nowhere")
    start = timezone.now()
    for number in range(1000):
        logging.getLogger("mailkey.log").info("%s", number)
    assert timezone.now() - start < timedelta(seconds=1)
    assert handler.lines.qsize() in (9, 10), "its thread may have taken one only now"
    answers.set()


def test_lines_leave_when_the_process_ends(connect: Connect) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        handler = connect(server.getsockname())
        for number in range(20):
            logging.getLogger("mailkey.log").info("%s", number)
        handler.flush()
        assert len(received(server, 20)) == 20
