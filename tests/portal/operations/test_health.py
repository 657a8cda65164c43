"""What /health/ready says of the parts that serve no page."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.directory.asking import questions
from accounts.lib import clock
from accounts.log.models import SecurityEvent
from accounts.routes import outages
from portal.operations import health, heartbeats, tasks
from portal.operations.models import Heartbeat


@pytest.fixture(autouse=True)
def _nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.celery.waiting", lambda queues: dict.fromkeys(queues, 0))


@pytest.fixture
def _right_clock() -> Iterator[None]:
    yield
    clock.measure(timezone.now())


def ready(client: Client) -> str:
    response = client.get("/health/ready")
    assert response.status_code == 200, "what is missing elsewhere turns no machine out"
    return response.content.decode()


@pytest.fixture
def everybody_is_heard(db: None) -> None:
    for queue in heartbeats.queues():
        tasks.heard(queue)


def later(seconds: float) -> None:
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=seconds))


@pytest.mark.usefixtures("everybody_is_heard")
def test_all_is_well(client: Client) -> None:
    assert ready(client) == "ok\n"
    later(40)
    assert ready(client) == "ok\n"


@pytest.mark.usefixtures("everybody_is_heard")
def test_workers_that_are_dead(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    later(60)
    monkeypatch.setattr("portal.celery.waiting", lambda queues: {queue: queue == "sms" for queue in queues})
    assert ready(client) == "degraded\nworker: nobody takes from the queue sms\n"


@pytest.mark.usefixtures("everybody_is_heard")
def test_a_beat_that_is_dead(client: Client) -> None:
    later(60)
    assert ready(client).startswith("degraded\nbeat: nothing comes into the queues ")


@pytest.mark.usefixtures("everybody_is_heard")
def test_a_broker_that_is_dead(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.celery.waiting", lambda _queues: None)
    assert ready(client) == "degraded\nthe broker does not answer\n"


@pytest.mark.usefixtures("everybody_is_heard")
def test_one_machine_of_two_is_enough(client: Client) -> None:
    later(60)
    for queue in heartbeats.queues():
        Heartbeat.objects.create(queue=queue, host="other", at=timezone.now())
    assert ready(client) == "ok\n"


@pytest.mark.usefixtures("everybody_is_heard")
def test_a_gateway_that_does_not_work_is_named(client: Client) -> None:
    outages.begin("memory", outages.AWAY, "refused")
    assert ready(client) == "degraded\nthe gateway memory does not work, and is left out\n"
    assert not health.of_ours(), "the doctor sends nobody to a worker for that"


@pytest.mark.usefixtures("everybody_is_heard")
@pytest.mark.parametrize(
    ("seconds", "told"), [(50, "ok\n"), (100, "degraded\nthe security log: nothing was sealed for 100 s\n")]
)
def test_a_log_that_nobody_seals(client: Client, seconds: int, told: str) -> None:
    at = timezone.now() - timedelta(seconds=seconds)
    SecurityEvent.objects.create(kind="signed_in", username="x@example.edu", at=at)
    assert ready(client) == told


@pytest.mark.usefixtures("everybody_is_heard")
def test_a_directory_that_does_not_answer_is_named(client: Client, settings: Settings) -> None:
    settings.LDAP_URLS = ["ldaps://first.example.edu:636", "ldaps://second.example.edu"]
    servers = questions._servers(*settings.LDAP_URLS)
    servers.note_silence(settings.LDAP_URLS[0])
    assert ready(client) == "degraded\nthe directory first.example.edu does not answer\n"
    servers.note_answer(settings.LDAP_URLS[0])
    assert ready(client) == "ok\n"


@pytest.mark.usefixtures("everybody_is_heard", "_right_clock")
@pytest.mark.parametrize("hours", [-1, 1, 8])
def test_a_clock_that_is_off_is_named(client: Client, hours: int) -> None:
    clock.measure(timezone.now() - timedelta(hours=hours))
    assert f"is {hours * 3600:+} s off the database's" in ready(client)


@pytest.mark.usefixtures("everybody_is_heard")
def test_so_is_that_of_a_worker(client: Client) -> None:
    Heartbeat.objects.filter(queue="sms").update(host="elsewhere", ahead=-3600)
    assert ready(client) == "degraded\nthe clock of elsewhere is -3600 s off the database's\n"


@pytest.mark.usefixtures("db", "_right_clock")
def test_a_little_off_is_not() -> None:
    clock.measure(timezone.now() - timedelta(seconds=1))
    assert clock.ahead() == timedelta()
