"""draft-ietf-mailmaint-pacc, read as a program that believes the document only if the DNS has its digest."""

import base64
import hashlib
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from tests.portal.test_settings import read

WELL_KNOWN = "/.well-known/user-agent-configuration.json"
HOST = {"Host": "ua-auto-config.example.edu"}


@pytest.fixture(autouse=True)
def _answered(settings: Settings) -> None:
    settings.MAIL_PACC = True
    settings.ALLOWED_HOSTS = ["testserver", "ua-auto-config.example.edu"]
    settings.SETUP_HOSTS = {"ua-auto-config.example.edu"}


def asked(client: Client) -> Any:
    """As a program does; fails if it would not believe it."""
    answer = client.get(WELL_KNOWN, headers=HOST)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    zone = StringIO()
    call_command("srv_records", stdout=zone)
    record = re.search(
        r'^_ua-auto-config +IN TXT +"v=UAAC1; a=sha256; d=([A-Za-z0-9+/=]+)"$', zone.getvalue(), re.MULTILINE
    )
    assert record
    assert base64.b64decode(record[1]) == hashlib.sha256(answer.content).digest()
    assert re.search(r"^ua-auto-config +IN CNAME ", zone.getvalue(), re.MULTILINE)
    return answer.json()


def test_it_names_the_servers_and_takes_an_app_password(client: Client, settings: Settings) -> None:
    settings.DAV_HOST = ""
    said = asked(client)
    assert said["protocols"] == {
        "imap": {"host": "imap.example.edu"}, "pop3": {"host": "pop.example.edu"},
        "smtp": {"host": "smtp.example.edu"}, "submit": {"host": "smtp.example.edu"},
    }  # fmt: skip
    assert said["authentication"] == {"password": True}
    assert said["info"]["provider"]["name"] == settings.INSTITUTION
    assert said["info"]["help"]["documentation"].endswith("/guides/")


def test_it_names_what_the_settings_have(client: Client, settings: Settings) -> None:
    """The draft knows only TLS from the start, and its own ports."""
    servers = settings.MAIL_SERVERS
    settings.MAIL_SERVERS = servers | {"POP": ("pop.example.edu", 1995, "SSL/TLS")}
    settings.DAV_HOST = "dav.example.edu"
    settings.MAIL_PROGRAM_REGISTRATION = True
    said = asked(client)
    assert set(said["protocols"]) == {"imap", "smtp", "submit", "caldav", "carddav"}
    assert said["protocols"]["carddav"] == {"url": "https://dav.example.edu/"}
    issuer = said["authentication"]["oauth-public"]["issuer"]
    metadata = client.get("/.well-known/oauth-authorization-server").json()
    assert issuer == metadata["issuer"]


def test_nothing_of_the_host_is_in_it(client: Client) -> None:
    """The digest is one."""
    assert client.get(WELL_KNOWN).content == client.get(WELL_KNOWN, headers=HOST).content


def test_it_is_off_at_first(client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch)["MAIL_PACC"] is False
    assert "ua-auto-config.example.edu" not in read(monkeypatch)["AUTOCONFIG_HOSTS"]
    assert "ua-auto-config.example.edu" in read(monkeypatch, MAIL_PACC="on")["AUTOCONFIG_HOSTS"]
    settings.MAIL_PACC = False
    assert client.get(WELL_KNOWN, headers=HOST).status_code == 404
    zone = StringIO()
    call_command("srv_records", stdout=zone)
    assert "ua-auto-config" not in zone.getvalue()
