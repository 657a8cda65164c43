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

from tests.kit.clocks import Clock
from tests.kit.servers import migrated, postgres
from tests.kit.servers.logins import Database, LoginService, login_service
from tests.kit.servers.postgres import Cluster, cluster
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

LET_IN, BANNED = 200, 429

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


# --- A clock that is set while it is served ---------------------------------------------------------------------------

ENDS_BANS = "UPDATE bans_ban SET until = clock_timestamp() - interval '1 second'"
TIME_ASKED = "SELECT extract(epoch FROM clock_timestamp())"


@dataclass
class Served:
    clock: Clock
    logins: LoginService
    database: Cluster

    def set_clock(self, hours: float) -> int:
        """How often it had asked what time it is until then."""
        asked = self.asked()
        self.clock.set(hours * 3600)
        wait_until(lambda: self.clock.is_set(self.logins.workers()))
        return asked

    def asked(self) -> int:
        return self.database.log.read_text(encoding="utf-8").count(TIME_ASKED)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    clock = Clock(tmp_path)
    with cluster("-c", "log_statement=all") as postgresql:
        database = Database(postgresql.url, tmp_path)
        with login_service(database, workers=1, **clock.environment) as logins:
            yield Served(clock, logins, postgresql)


@pytest.mark.bypass("row 11: a clock that is off")
@pytest.mark.parametrize("hours", [-2, 2])
def test_a_ban_holds_for_its_time_whatever_the_clock_is_set_to(served: Served, hours: float) -> None:
    logins, banned, other = served.logins, "203.0.113.7", "198.51.100.7"
    assert logins.right(other).status == LET_IN
    logins.count_ten_of(10, banned)
    assert logins.right(banned).status == BANNED
    asked = served.set_clock(hours)
    assert (logins.right(banned).status, logins.right(other).status) == (BANNED, LET_IN)
    wait_until(lambda: served.asked() > asked)
    assert (logins.right(banned).status, logins.right(other).status) == (BANNED, LET_IN)
    logins.database.run(ENDS_BANS)
    assert logins.right(banned).status == LET_IN
