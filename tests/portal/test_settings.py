"""The settings of a production machine: nothing secret has a default, and nothing is open that need not be."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit import deployment
from tests.kit.deployment import PRODUCTION, ROOT, manage
from tests.kit.servers import migrated

UNSET = ("DEBUG", "VAR", "EMAIL_URL", "MAILBOX_URL", "DJANGO_SETTINGS_MODULE")


def read(monkeypatch: pytest.MonkeyPatch, **changes: str) -> dict[str, Any]:
    """The settings, as a production machine with these changes reads them; an empty value is none."""
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**PRODUCTION, **changes}.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    return runpy.run_path(str(ROOT / "portal" / "settings.py"))


@pytest.mark.parametrize("name", PRODUCTION)
def test_nothing_that_must_be_set_has_a_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(SystemExit, match=name):
        read(monkeypatch, **{name: ""})


@pytest.mark.slow
@pytest.mark.share(4)
@pytest.mark.parametrize("name", PRODUCTION)
def test_what_is_missing_ends_the_start_with_one_sentence(name: str) -> None:
    checked = manage("check", environment={key: value for key, value in PRODUCTION.items() if key != name})
    assert checked.returncode == 1
    assert "Traceback" not in checked.stderr
    (line,) = checked.stderr.strip().splitlines()
    assert line.startswith("Mailkey does not start: ")
    assert name in line


@pytest.mark.slow
def test_a_database_that_is_away_is_a_sentence_too() -> None:
    migrated = manage(
        "migrate", environment=PRODUCTION | {"DATABASE_URL": "postgres://mailkey:secret@127.0.0.1:1/mailkey"}
    )
    assert migrated.returncode == 1
    assert migrated.stderr.startswith("Mailkey cannot reach its database: ")
    assert "Traceback" not in migrated.stderr
    assert "secret" not in migrated.stderr


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"OIDC_SIGNING_KEYS.*/nowhere"):
        read(monkeypatch, OIDC_SIGNING_KEYS="", OIDC_SIGNING_KEYS_FILE="/nowhere")


@pytest.mark.parametrize("gateway", ["outbox", "memory", "../sms", "OUTBOX", ""])
def test_gateways_that_show_codes_need_debug(monkeypatch: pytest.MonkeyPatch, gateway: str) -> None:
    with pytest.raises(SystemExit, match="SMS_GATEWAY"):
        read(monkeypatch, SMS_GATEWAY=gateway)


def test_debug_is_off_unless_it_is_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch)["DEBUG"] is False


def test_cookies(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch)
    for cookie in ("SESSION", "CSRF", "LANGUAGE", "TRUSTED_BROWSER"):
        assert settings[f"{cookie}_COOKIE_NAME"].startswith("__Host-")
    for cookie in ("SESSION", "CSRF", "LANGUAGE"):
        assert settings[f"{cookie}_COOKIE_SECURE"] is True
        assert settings[f"{cookie}_COOKIE_SAMESITE"] == "Lax"
        assert settings.get(f"{cookie}_COOKIE_DOMAIN") is None, "__Host- allows none"
    assert settings["CSRF_COOKIE_HTTPONLY"] is True
    assert settings.get("SESSION_COOKIE_HTTPONLY", True) is True


def test_https(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch)
    assert settings["SECURE_SSL_REDIRECT"] is True
    assert settings["SECURE_HSTS_SECONDS"] >= 365 * 86400
    assert settings["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True


@pytest.mark.bypass("row 33: allauth 65.14.2: a header that is trusted by default")
@pytest.mark.parametrize(("proxies", "trusts"), [("", False), ("0", False), ("1", True)])
def test_only_behind_a_proxy_its_headers_count(monkeypatch: pytest.MonkeyPatch, proxies: str, trusts: bool) -> None:
    settings = read(monkeypatch, TRUSTED_PROXIES=proxies)
    assert ("SECURE_PROXY_SSL_HEADER" in settings) is trusts
    assert "USE_X_FORWARDED_HOST" not in settings


@pytest.mark.bypass("row 9: counts inside a transaction of the whole request")
@pytest.mark.bypass("row 44: CVE-2021-23727: a queue that takes pickles")
@pytest.mark.parametrize("url", ["sqlite:////tmp/x.sqlite3", "postgres://mailkey:x@localhost/mailkey"])
def test_database_and_queue(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    settings = read(monkeypatch, DATABASE_URL=url)
    assert not settings["DATABASES"]["default"].get("ATOMIC_REQUESTS")
    assert settings["CELERY_ACCEPT_CONTENT"] == ["json"]
    assert "CELERY_RESULT_BACKEND" not in settings


WEB = """
import json, sys, django
django.setup()
from django.test import Client
client = Client(headers={"host": "portal.example.edu"})
seen = {
    "plain": (plain := client.get("/sign-in/")).status_code,
    "leads_to": plain.headers["Location"],
    "health": client.get("/health/live").status_code,
    "hsts": (page := client.get("/sign-in/", secure=True)).headers["Strict-Transport-Security"],
    "status": page.status_code,
    "page": page.content.decode(),
    "cookies": str(page.cookies),
    "outbox": client.get("/outbox/", secure=True).status_code,
    "foreign": Client(headers={"host": "evil.example"}).get("/sign-in/", secure=True).status_code,
}
print(json.dumps(seen))
"""


@pytest.mark.slow
def test_a_production_machine_as_a_browser_sees_it(tmp_path: Path) -> None:
    """Static files with hashed names, a cookie with its prefix, https and nothing else."""
    environment = {
        **PRODUCTION,
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "STATIC_ROOT": str(tmp_path / "static"),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    migrated.migrate(environment["DATABASE_URL"])
    collected = manage("collectstatic", "--noinput", environment=environment)
    assert collected.returncode == 0, collected.stderr
    names = {path.name for path in (tmp_path / "static").iterdir()}
    (style,) = [
        name for name in names if name.startswith("mailkey.") and name.endswith(".css") and name.count(".") == 2
    ]

    done = subprocess.run(
        [sys.executable, "-c", WEB], cwd=ROOT, env={"PATH": os.environ["PATH"], **environment}, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert (seen["plain"], seen["leads_to"]) == (301, "https://portal.example.edu/sign-in/")
    assert seen["health"] == 200
    assert seen["hsts"] == "max-age=31536000; includeSubDomains"
    assert seen["status"] == 200
    assert f"/static/{style}" in seen["page"]
    assert "__Host-csrf=" in seen["cookies"]
    assert "Secure" in seen["cookies"]
    assert "Domain" not in seen["cookies"]
    assert seen["outbox"] == 404
    assert seen["foreign"] == 400


@pytest.mark.slow
def test_the_deployment_checks_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    """Its secrets come in files."""
    assert deployment.main() == 0, capsys.readouterr().out


def test_the_machine_itself_may_ask_whether_it_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "127.0.0.1" in read(monkeypatch, ALLOWED_HOSTS="portal.example.edu")["ALLOWED_HOSTS"]


def test_hosts_for_mail_programs_come_beside_the_portals_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch, ALLOWED_HOSTS="portal.example.edu")
    only = {"autoconfig.example.edu", "autodiscover.example.edu", "example.edu"}
    assert found["SETUP_HOSTS"] == only
    assert set(found["ALLOWED_HOSTS"]) == {"portal.example.edu", "127.0.0.1"} | only
    assert read(monkeypatch, ALLOWED_HOSTS="example.edu")["SETUP_HOSTS"] == only - {"example.edu"}
    assert not read(monkeypatch, ALLOWED_HOSTS="portal.example.edu", AUTOCONFIG_HOSTS=",")["SETUP_HOSTS"]
