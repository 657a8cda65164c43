"""What holds for every task of a worker."""

import os
import subprocess
import sys
import time

import pytest
from celery.fixups.django import DjangoWorkerFixup
from celery.signals import task_postrun, task_prerun
from django.db import connections

from portal.celery import app


@pytest.mark.django_db(transaction=True)
def test_a_worker_keeps_its_connection_as_a_page_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting anew for each SMS took PostgreSQL longer than all else that it did for it."""
    closed: list[str] = []
    line = connections["default"]
    monkeypatch.setattr(line, "close", lambda: closed.append("closed"))
    sweep, fixup = app.tasks["delivery.sweep"], DjangoWorkerFixup(app)
    line.ensure_connection()
    monkeypatch.setattr(line, "close_at", time.monotonic() + 60)
    for _task in range(100):
        for before_or_after, celerys in (
            (task_prerun, fixup.on_task_prerun),
            (task_postrun, fixup.on_task_postrun),
        ):
            celerys(sweep)
            before_or_after.send(sender=sweep, task=sweep)
    assert not closed
    monkeypatch.setattr(line, "close_at", time.monotonic() - 1)
    task_prerun.send(sender=sweep, task=sweep)
    assert closed, "it is too old"


BEGINS = """
import sys
from celery.apps.worker import Worker
from portal.celery import app
Worker(app=app, pool="solo", without_heartbeat=True)
print({"portal.urls", "twilio.rest.api.v2010.account.message"} <= sys.modules.keys())
"""


def test_what_its_processes_share_is_loaded_before_they_are_made() -> None:
    """The first code of each waited until it had loaded all pages: of eight at once, on a busy machine, 15 seconds.
    The gateway's library took as long once more."""
    environment = {**os.environ, "SMS_GATEWAY": "twilio", "TWILIO_ACCOUNT_SID": "AC", "TWILIO_AUTH_TOKEN": "x",
                   "TWILIO_FROM": "+15005550006"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", BEGINS], env=environment, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "True"
