"""A worker that is killed while it takes people from the directory, wherever that may be: nothing is changed, and the
one that comes after it does all of it, once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.kit.servers import postgres
from tests.kit.servers.directory import PEOPLE, Directory, person, running
from tests.kit.servers.logins import ROOT, Database

pytestmark = pytest.mark.slow

MANY, POINTS = 30, 20
# Each worker dies at a later statement than the one before it, until one lives.
CODE = """
import json, os, signal
from django.db import connection
from accounts.directory import people, syncs
from accounts.directory.models import Sync
from accounts.log.models import SecurityEvent
from accounts.users.models import User

def state():
    people = User.objects.order_by("pk").values_list("username", "department", "is_active")
    return list(people), SecurityEvent.objects.count()

def work(pk, most):
    counted = 0
    def count(execute, sql, params, many, context):
        nonlocal counted
        counted += 1
        if counted == most:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)
    with connection.execute_wrapper(count):
        syncs.run(pk)
    os._exit(0)

def is_killed(pk, most):
    Sync.objects.filter(pk=pk).update(claim="", tries=0)  # as when nothing was heard of the last one for long enough
    connection.close()
    child = os.fork()
    if child == 0:
        work(pk, most)
    return os.waitpid(child, 0)[1] == signal.SIGKILL

pk = Sync.objects.create(status="applying", by_itself=True, working=True).pk
before, most, seen = state(), 1, []
while is_killed(pk, most):
    seen.append(state())
    most += 1
told = SecurityEvent.objects.filter(kind="person_synced").count()
halves = sum(one not in (before, state()) for one in seen)
print(json.dumps([most - 1, halves, state()[0], told, Sync.objects.get().status]))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path}/killed.sqlite3"
        if request.param == "postgresql":
            url = stack.enter_context(postgres.running())
        yield Database(url, tmp_path)


def change(directory: Directory) -> None:
    """Somebody leaves, moves, is renamed and comes."""
    directory.change(f"dn: uid=p01,{PEOPLE}\nchangetype: delete\n")
    directory.change(f"dn: uid=p02,{PEOPLE}\nchangetype: modify\nreplace: ou\nou: library\n")
    directory.change(f"dn: uid=p03,{PEOPLE}\nchangetype: modify\nreplace: mail\nmail: other@example.edu\n")
    directory.change(person("joiner").replace("\nuid:", "\nchangetype: add\nuid:", 1))


def manage(database: Database, directory: Directory, *arguments: str) -> str:
    more = {"LDAP_LEAVERS_LIMIT": "50", "LOG_LEVEL": "CRITICAL"}
    environment = {**database.environment, **directory.settings(), **more}
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.share(2)
def test_a_kill_wherever_it_comes_changes_nothing(database: Database) -> None:
    with running(person(f"p{number:02}", ou="physics") for number in range(MANY)) as directory:
        manage(database, directory, "syncpeople")
        change(directory)
        said = manage(database, directory, "shell", "--verbosity", "0", "--command", CODE)
    killed, halves, people, told, status = json.loads(said.splitlines()[-1])
    assert killed >= POINTS
    assert halves == 0, "what is done after the end of the transaction is no part of it"
    assert told == MANY + 4, "each is told once"
    assert status == "done"
    found = {name: (department, is_active) for name, department, is_active in people if name[0] in "pjo"}
    assert len(found) == MANY + 1 + 3  # who was there before
    assert found["p01@example.edu"] == ("physics", False)
    assert found["p02@example.edu"] == ("library", True)
    assert found["other@example.edu"] == ("physics", True)
    assert found["joiner@example.edu"] == ("", True)
    assert "p03@example.edu" not in found
