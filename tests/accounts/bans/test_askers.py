"""A mail server that asks for everybody from its own address."""

from ipaddress import ip_network

import pytest
from pytest_django import Settings

from accounts.bans import bans, failures
from accounts.bans.models import Ban

SERVERS = ["192.0.2.25", "2001:db8::25"]


@pytest.fixture(autouse=True)
def asker(settings: Settings) -> None:
    settings.ASKERS_NETWORKS = [ip_network(server) for server in SERVERS]
    settings.BAN_AFTER_FAILURES_56 = 15
    settings.SHARED_NETWORK_FAILURES = 15


@pytest.mark.django_db(transaction=True)
def test_another_address_is_no_mail_server() -> None:
    """Whoever stands beside one is banned as anybody is."""
    for number in range(10):
        failures.note_failure("192.0.2.26", "lisi@example.edu", f"guess {number}", "imap")
    assert bans.banned_until("192.0.2.26", "zhangsan@example.edu")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("server", SERVERS)
def test_the_server_is_never_banned(server: str) -> None:
    for number in range(20):
        failures.note_failure(server, f"person{number}@example.edu", "wrong", "imap")
    assert not Ban.objects.exists(), "however many accounts are tried"
    for _ in range(12):
        failures.note_failure(server, "phone@example.edu", "of last year", "imap")
    assert not Ban.objects.exists(), "a program that repeats itself shuts nobody out"
    for number in range(12):
        failures.note_failure(server, "lisi@example.edu", f"guess {number}", "imap")
    assert [ban.account for ban in Ban.objects.all()] == ["lisi@example.edu"]
    assert bans.banned_until(server, "lisi@example.edu")
    assert bans.banned_until(server, "zhangsan@example.edu") is None
