"""What a process of the mail login service loads: as little as a login needs, and it is enough for every login."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.kit.people import PASSWORD
from tests.kit.servers import migrated

pytestmark = pytest.mark.slow

MODULES, MEGABYTES = 1000, 70
NOT_LOADED = {
    "django.contrib.admin",
    "celery",
    "kombu",
    "openpyxl",
    "tablib",
    "import_export",
    "oauth2_provider",
    "twilio",
    "cryptography",
}

PEOPLE = """
from django.utils import timezone
from accounts.users.models import User
from apppasswords import passwords
User.objects.create_user("lisi@example.edu", PASSWORD)
two_step = User.objects.create_user("zhangsan@example.edu", PASSWORD, two_step_from=timezone.now())
print(passwords.create(two_step, "Foxmail")[1])
"""
LOGINS = """
import json, sys
from apppasswords.maillogin import service
from apppasswords.maillogin.decision import Login

# Before a mailbox password is hashed, which takes as much memory as its hasher wants.
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
said = []
for name, password in LOGINS:
    verdict = service.decide(Login(name, password, "imap", "192.0.2.1"))
    said.append((verdict.outcome.name, verdict.reason.name))
service.notebook.write()
service.notebook.write_mistakes()
from accounts.bans.models import Ban, Failure
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from apppasswords.maillogin.server import request  # what serves it
from django.apps import apps

fields = [field for model in apps.get_models() for field in model._meta.get_fields()]
print(json.dumps({
    "switches": sys.getswitchinterval(),
    "said": said, "modules": sorted(sys.modules), "memory": int(status["VmRSS"].split()[0]),
    "lead nowhere": [str(field) for field in fields if isinstance(field.related_model, str)],
    "failures": Failure.objects.count(), "bans": Ban.objects.count(),
    "logins": sorted(MailLogin.objects.values_list("user__username", "method")),
    "events": sorted(SecurityEvent.objects.filter(position__isnull=False).values_list("kind", flat=True)),
}))
service._ended.set()
"""


def run(folder: Path, program: str, **names: Any) -> str:
    given = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    environment = os.environ | {
        "DEBUG": "on",
        "VAR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/process.sqlite3",
    }
    command = [sys.executable, "-c", given + program]
    if "PASSWORD" in names:  # whoever makes people has the whole site
        command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", given + program]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("process")
    migrated.migrate(f"sqlite:///{folder}/process.sqlite3")
    secret = run(folder, PEOPLE, PASSWORD=PASSWORD)
    logins = [
        ("lisi@example.edu", PASSWORD),
        ("zhangsan@example.edu", secret),
        ("zhangsan@example.edu", PASSWORD),
        ("zhangsan", secret),
        ("nobody@example.edu", PASSWORD),
        *[("lisi@example.edu", f"wrong {number}") for number in range(12)],
    ]
    return json.loads(run(folder, LOGINS, LOGINS=logins))


def test_it_decides_every_login(process: Any) -> None:
    said = [outcome for outcome, _reason in process["said"]]
    assert said[:2] == ["YES", "YES"]
    assert set(said[2:5]) == {"NO"}
    assert said[-1] == "BANNED"
    assert process["failures"] == 10
    assert process["bans"] == 1


def test_it_counts_and_records_as_the_whole_site_does(process: Any) -> None:
    assert process["logins"] == [["lisi@example.edu", "mailbox"], ["zhangsan@example.edu", "app"]]
    assert {"banned", "bare_name"} <= set(process["events"]), "and they are sealed"


def test_its_tables_point_to_tables_that_it_knows(process: Any) -> None:
    assert process["lead nowhere"] == []


def test_it_loads_no_more_than_it_needs(process: Any) -> None:
    loaded = {".".join(name.split(".")[:length]) for name in process["modules"] for length in (1, 2, 3)}
    assert not NOT_LOADED & loaded
    assert len(process["modules"]) <= MODULES


def test_a_thread_that_computes_lets_the_loop_go_on(process: Any) -> None:
    assert process["switches"] <= 0.0005, "seconds; Python's 5 ms would be felt"


def test_it_is_small(process: Any) -> None:
    assert process["memory"] <= MEGABYTES * 1024, f"{process['memory'] / 1024:.0f} MB"
