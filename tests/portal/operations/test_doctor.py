"""manage.py doctor: what is wrong is a sentence that says what to do."""

import os
import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts.log import events
from accounts.log.models import SecurityEvent
from portal.operations import health
from tests.conftest import MakeUser
from tests.kit.servers import free_port

pytestmark = pytest.mark.django_db


def said(folder: Path = Path("/nowhere")) -> list[str]:
    out = StringIO()
    try:
        call_command("doctor", backups=folder, stdout=out)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue().splitlines()


def of(subject: str, folder: Path = Path("/nowhere")) -> str:
    return "\n".join(line for line in said(folder) if line[2:].startswith(f"{subject}:"))


def test_what_is_right_is_said_too(make_user: MakeUser) -> None:
    make_user("a", is_superuser=True, phone="13800138000")
    assert "·" in of("database")
    assert "answers" in of("database")
    assert "only one can sign in" in of("administrators")
    make_user("b", is_superuser=True, phone="13800138001")
    assert "· administrators: 2 can sign in" in said()


def test_nobody_who_can_get_in(make_user: MakeUser) -> None:
    make_user("a", is_superuser=True)
    make_user("b", is_superuser=True, phone="13800138000", is_active=False)
    assert "✗" in of("administrators")
    assert "createsuperuser" in of("administrators")
    assert "trouble" in said()[-1]


def test_a_migration_that_is_missing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'operations'")
    assert "✗ database: 1 migrations are missing: manage.py migrate" in said()


def test_events_that_nobody_seals(make_user: MakeUser) -> None:
    events.record(events.Kind.SIGNED_OUT, make_user("a"))
    assert "wait to be sealed" not in of("security log")
    event = events.draft(events.Kind.SIGNED_OUT, make_user("b"), {}, at=SecurityEvent.objects.earliest("pk").at)
    event.at = event.at.replace(year=2020)
    event.save()
    assert "✗ security log: 1 events wait to be sealed" in of("security log")


def test_backups_that_do_not_come(settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG = False
    assert "there is none in" in of("backups", tmp_path)
    file = tmp_path / "mailkey-2026-11-01-030000.tar"
    file.write_bytes(b"")
    assert of("backups", tmp_path).startswith("· ")
    assert "not encrypted" in of("backups", tmp_path)
    day_and_a_half_ago = time.time() - 36 * 3600
    os.utime(file, (day_and_a_half_ago, day_and_a_half_ago))
    assert "✗" in of("backups", tmp_path)
    assert "36 hours old" in of("backups", tmp_path)


def test_an_ldap_front_that_is_away(settings: Settings) -> None:
    assert not of("LDAP front"), "nobody asks by it"
    settings.LDAP_FRONT_SERVERS, settings.LDAP_FRONT_LISTEN = {"cyrus": None}, f"127.0.0.1:{free_port()}"
    assert "refused. If it should run here: systemctl status mailkey-ldap" in of("LDAP front")


def test_it_speaks_one_language() -> None:
    assert "gateways report to https addresses only" in of("SMS")


def test_a_look_that_breaks_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[str]:
        raise RuntimeError("boom")

    monkeypatch.setattr(health, "of_ours", broken)
    assert "could not be looked at: RuntimeError: boom" in of("queue and clocks")
    assert of("disk")
