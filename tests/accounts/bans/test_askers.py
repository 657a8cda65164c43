"""A mail server that asks for everybody from its own address."""

from ipaddress import ip_network

import pytest
from pytest_django import Settings

from accounts.bans import bans, failures
from accounts.bans.models import Ban

SERVER = "192.0.2.25"


@pytest.fixture(autouse=True)
def asker(settings: Settings) -> None:
    settings.ASKERS_NETWORKS = [ip_network(f"{SERVER}/32")]
    settings.SHARED_NETWORK_FAILURES = 15


@pytest.mark.django_db(transaction=True)
def test_the_server_is_never_banned() -> None:
    for number in range(20):
        failures.note_failure(SERVER, f"person{number}@example.edu", "wrong", "imap")
    assert not Ban.objects.exists(), "however many accounts are tried"
    for _ in range(12):
        failures.note_failure(SERVER, "phone@example.edu", "of last year", "imap")
    assert not Ban.objects.exists(), "a program that repeats itself shuts nobody out"
    for number in range(12):
        failures.note_failure(SERVER, "lisi@example.edu", f"guess {number}", "imap")
    assert [ban.account for ban in Ban.objects.all()] == ["lisi@example.edu"]
    assert bans.banned_until(SERVER, "lisi@example.edu")
    assert bans.banned_until(SERVER, "zhangsan@example.edu") is None
