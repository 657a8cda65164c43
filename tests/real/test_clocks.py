"""Several machines, one of which has a clock that is off: they go by the database's."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from tests.kit.servers import migrated, postgres

pytestmark = pytest.mark.slow

MACHINE = """
import sys, time_machine
from datetime import datetime, timedelta, UTC
traveller = time_machine.travel(datetime.now(UTC) + timedelta(hours=float(sys.argv[1])), tick=True)
traveller.start()
import django; django.setup()
"""
ASKED = """
from accounts.codes import codes
from accounts.delivery.models import Sms
from accounts.users.models import User
user, _ = User.objects.get_or_create(username="a@example.edu")
issued = codes.issue(user, "+8613800138000", Sms.Purpose.SIGN_IN, "s" * 32, address="192.0.2.1", language="en")
print(issued.sms.pk)
"""
SENT = """
from accounts.delivery import sending
from accounts.delivery.models import Sms
from accounts.routes import routing
from portal.celery import app
from celery.signals import worker_process_init
worker_process_init.send(None)
sending.send(Sms, int(sys.argv[2]), routing.carry)
print(Sms.objects.get(pk=sys.argv[2]).status)
"""
TIME = """
from django.db import connection
from django.utils import timezone
with connection.cursor() as cursor:
    cursor.execute("SELECT clock_timestamp()")
    off = timezone.now() - cursor.fetchone()[0]
print(abs(off.total_seconds()) < 5 or off)
"""


@dataclass
class Site:
    url: str
    folder: Path

    def machine(self, hours: float, program: str, *words: str) -> str:
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
            "DJANGO_SETTINGS_MODULE": "portal.settings", "DEBUG": "on", "VAR": str(self.folder),
            "DATABASE_URL": self.url, "CELERY_BROKER_URL": "memory://", "SMS_RESEND_AFTER": "0",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", MACHINE + program, str(hours), *words],
            cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with postgres.running() as url:
        migrated.migrate(url)
        with psycopg.connect(url.replace("postgres:", "postgresql:"), autocommit=True) as session:
            session.execute("ALTER DATABASE mailkey SET timezone = 'Asia/Shanghai'")  # no reason to be off
        yield Site(url, tmp_path_factory.mktemp("site"))


@pytest.mark.share(2)
@pytest.mark.parametrize("hours", [-8, 1])
def test_the_time_is_the_databases(site: Site, hours: float) -> None:
    assert site.machine(hours, TIME) == "True"


@pytest.mark.bypass("row 11: a clock that is off")
@pytest.mark.share(2)
@pytest.mark.parametrize(("web", "worker"), [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_sms_are_sent_all_the_same(site: Site, web: float, worker: float) -> None:
    pk = site.machine(web, ASKED)
    assert site.machine(worker, SENT, pk) == "sent"
