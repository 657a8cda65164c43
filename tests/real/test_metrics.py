"""What Prometheus is told, by the process that is started for it; and its alerts, by Prometheus' own tool."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.kit.servers import free_port, need
from tests.kit.servers.programs import Program
from tests.kit.servers.site import Site
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
RULES, CASES = ROOT / "deploy/prometheus/mailkey.rules.yml", ROOT / "tests/portal/operations/alerts.yml"
ROWS = """
from django.utils import timezone
from accounts.bans import failures
from accounts.log import events
from accounts.maillogins.models import MailLogin
from accounts.users.models import User
user = User.objects.get(username="zhangsan@example.edu")
MailLogin.objects.create(user=user, day=timezone.localdate(), protocol="imap", method="app", count=3)
events.record(events.Kind.SIGNED_OUT, user, address="192.0.2.1")
failures.note_failure("192.0.2.9", user.username, "wrong", "imap")
"""


def test_alerts_fire_when_they_should() -> None:
    promtool = need("promtool")
    for words in (("check", "rules", RULES), ("test", "rules", CASES)):
        done = subprocess.run([promtool, *words], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        site.run(ROWS)
        yield site


class Told:
    """What a scrape answers."""

    def __init__(self, site: Site) -> None:
        self.port = free_port()
        command = [sys.executable, "manage.py", "metrics", f"127.0.0.1:{self.port}"]
        self.program: Program = site.start("metrics", command, {})
        wait_until(self._answers, 60)

    def _answers(self) -> bool:
        assert self.program.runs(), self.program.log.read_text()
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/metrics", timeout=10).ok
        except requests.ConnectionError:
            return False

    def value(self, name: str, **labels: str) -> float | None:
        text = requests.get(f"http://127.0.0.1:{self.port}/metrics", timeout=10).text
        assert "zhangsan" not in text, "nobody is named"
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return next((sample.value for sample in samples if (sample.name, sample.labels) == (name, labels)), None)


def test_what_happened_is_told_and_what_is_away_is_named(site: Site) -> None:
    told = Told(site)
    assert told.value("mailkey_mail_logins_today", protocol="imap", method="app") == 3
    assert told.value("mailkey_events_recent", kind="signed_out") == 1
    assert told.value("mailkey_wrong_passwords_total") == 1
    assert told.value("mailkey_bans_in_force") == 0
    assert told.value("mailkey_readable", part="events") == 1
    site.execute("ALTER TABLE bans_ban RENAME TO away")
    assert told.value("mailkey_readable", part="bans") == 0
    assert told.value("mailkey_readable", part="events") == 1, "the other parts are told"
    site.execute("ALTER TABLE away RENAME TO bans_ban")
    assert told.value("mailkey_readable", part="bans") == 1
