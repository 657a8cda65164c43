"""What a process loads before it does anything: whoever waits for a command, a worker or a test waits for it."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core import checks

START = """
import json, sys, threading
import django
django.setup()
begun = sorted(sys.modules)
from portal.celery import app
app.loader.import_default_modules()
working = sorted(sys.modules)
import portal.wsgi
threads = [thread.name for thread in threading.enumerate()]
print(json.dumps([begun, working, sorted(sys.modules), threads]))
"""
PAGES = ("portal.urls", "portal.office.admin", "accounts.signin.pages.views", "webauthn", "requests")
SHEETS = ("openpyxl", "lxml", "PIL")
AT_THE_START, OF_A_WORKER = 1230, 1450  # modules, PostgreSQL's client among them; with all pages it is 1,900


def test_a_process_loads_what_it_needs_and_no_page() -> None:
    run = subprocess.run(
        [sys.executable, "-c", START],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DEBUG": "on", "DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    begun, working, serving, threads = json.loads(run.stdout)
    assert not {*PAGES, *SHEETS} & set(begun)
    assert len(begun) <= AT_THE_START
    assert {"accounts.imports.tasks", "portal.office.tasks"} <= set(working)
    assert not {*PAGES, *SHEETS} & set(working)
    assert len(working) <= OF_A_WORKER
    assert {"portal.urls", "portal.office.admin"} <= set(serving), "no visitor waits for them"
    assert not set(SHEETS) & set(serving)
    assert "sealer" in threads


def test_the_pages_of_the_office_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """By `manage.py check`, though they are not there when it begins."""
    from portal.office.admin.people.people import UserAdmin  # noqa: PLC0415

    monkeypatch.setattr(UserAdmin, "list_display", ("no_such_column",))
    assert "admin.E108" in {found.id for found in checks.run_checks(tags=[checks.Tags.admin])}
