"""What the queue carries."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

from accounts.delivery import sweeps
from accounts.delivery.models import Sms
from accounts.jobs import jobs
from portal.celery import app
from tests.kit.people import Person


@pytest.mark.bypass("row 44: CVE-2021-23727")
def test_the_queue_speaks_json_and_keeps_no_results() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == app.conf.event_serializer == "json"
    assert app.conf.result_backend is None
    for name, task in app.tasks.items():
        if not name.startswith("celery."):
            assert task.ignore_result, name
            assert task.serializer == "json", name


def test_a_task_carries_the_row_and_nothing_else(wangwu: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[tuple[Any, ...]] = []
    task = app.tasks["delivery.send_sms"]
    monkeypatch.setattr(task, "apply_async", lambda *args, **options: published.append((*args, options)))
    wangwu.enter_password()
    ((args, kwargs, options),) = published
    assert args == (Sms.objects.get().pk,)
    assert kwargs == {}
    assert options == {}, "by whose clock would it expire?"


def test_every_row_that_is_queued_names_a_task() -> None:
    named = [*(model.TASK for model in sweeps.kinds()), *(model.TASK for model in jobs.kinds())]
    assert len(named) == len(set(named)) >= 4
    assert set(named) <= set(app.tasks)


def test_everything_that_is_planned_is_a_task() -> None:
    planned = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert planned <= set(app.tasks)
    assert set(settings.CELERY_TASK_ROUTES) <= set(app.tasks)


WRITER = """
import sys
from datetime import timedelta

import django
django.setup()

from django.utils import timezone
from accounts.codes import codes
from accounts.delivery import notices, queue
from accounts.delivery.models import Sms
from accounts.jobs import jobs
from accounts.rollouts.models import Rollout
from portal.celery import app

sent = []
app.send_task = lambda name, args=None, kwargs=None, **options: sent.append((name, tuple(args), sorted(options)))
assert queue.publish(Sms(pk=7, expires_at=timezone.now() + timedelta(minutes=5)))
assert jobs.publish(Rollout(pk=8))
assert sent == [("delivery.send_sms", (7,), []), ("rollouts.carry_out", (8,), [])], sent
ours = ("accounts.", "apppasswords.", "portal.")
works = [name for name in sys.modules if name.endswith(".tasks") and name.startswith(ours)]
assert not works, works
heavy = {"openpyxl", "tablib", "import_export.resources", "accounts.imports.imports", "accounts.rollouts.rollouts",
         "accounts.rollouts.reminders", "accounts.spreadsheets.spreadsheets", "accounts.delivery.sending",
         "accounts.delivery.sweeps", "twilio"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""


def test_who_queues_a_row_imports_nothing_of_the_workers() -> None:
    """A web process: it knows the tasks by their names."""
    run = subprocess.run(
        [sys.executable, "-c", WRITER],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DEBUG": "on", "DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
