"""The portal without its database, stopped, frozen or silent: an answer in three seconds, as a fault of ours."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from django.conf import settings

from portal.development.management.commands import up
from tests.kit.people import PASSWORD
from tests.kit.servers import free_port, migrated
from tests.kit.servers.postgres import OWNER, Cluster, cluster
from tests.kit.servers.programs import Program
from tests.kit.servers.wire import Wire
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

WITHIN = 5  # seconds; less than three where nothing else runs
CHINESE, ENGLISH = "系统出错了", "An error on our side"


@dataclass
class Portal:
    """The web server on a PostgreSQL of its own, with the demo people."""

    postgres: Cluster
    wire: Wire
    url: str
    web: Program

    def visitor(self, language: str) -> "Visitor":
        return Visitor(self, language)


class Visitor(requests.Session):
    def __init__(self, portal: Portal, language: str) -> None:
        super().__init__()
        self.portal = portal
        self.headers["Accept-Language"] = language

    def ask(self, path: str, **fields: str) -> requests.Response:
        """In time, whatever comes."""
        start = time.monotonic()
        if fields:
            fields["csrfmiddlewaretoken"] = str(self.cookies["csrf"])
            answer = self.post(self.portal.url + path, fields, timeout=30, allow_redirects=False)
        else:
            answer = self.get(self.portal.url + path, timeout=30, allow_redirects=False)
        took = time.monotonic() - start
        assert took < WITHIN, f"{path} took {took:.1f} s"
        return answer

    def sign_in(self) -> None:
        self.ask("/sign-in/")
        assert self.ask("/sign-in/", username="lisi@example.edu", password=PASSWORD).headers["Location"] == "/"
        assert self.ask("/").status_code == 200


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder: Path = tmp_path_factory.mktemp("portal")
    with cluster() as postgres, Wire(postgres.port) as wire, Wire() as mail:
        migrated.migrate(postgres.url)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        environment = kept | {
            "DJANGO_SETTINGS_MODULE": "portal.settings", "DEBUG": "on", "VAR": str(folder),
            "DATABASE_URL": f"postgres://{OWNER}@127.0.0.1:{wire.port}/{OWNER}", "SMS_RESEND_AFTER": "0",
            "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}", "ADMINS": "it-office@example.edu",
        }  # fmt: skip
        subprocess.run([sys.executable, "manage.py", "demo"], cwd=settings.BASE_DIR, env=environment, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        port = free_port()
        with Program(up.web_server(port), folder / "web.log", environment, settings.BASE_DIR) as web:
            made = Portal(postgres, wire, f"http://127.0.0.1:{port}", web)
            wait_until(lambda: is_ready(made), 30)
            yield made


def is_ready(portal: Portal) -> bool:
    assert portal.web.runs(), portal.web.log.read_text()
    try:
        return requests.get(f"{portal.url}/health/ready", timeout=5).ok
    except requests.RequestException:
        return False


@contextmanager
def stopped(portal: Portal) -> Iterator[None]:
    portal.postgres.stop()
    yield
    portal.postgres.start()


@contextmanager
def frozen(portal: Portal) -> Iterator[None]:
    portal.postgres.freeze()
    yield
    portal.postgres.thaw()


@contextmanager
def silent(portal: Portal) -> Iterator[None]:
    portal.wire.silence()
    yield
    portal.wire.speak()


@contextmanager
def told(portal: Portal, setting: str, value: str, *, but_here: str) -> Iterator[None]:
    """`but_here`: what lets this session set it and take it back."""
    with portal.postgres.session() as session:
        session.execute(f"SET {but_here}")
        try:
            session.execute(f"ALTER SYSTEM SET {setting} = {value}")
            session.execute("SELECT pg_reload_conf()")
            yield
        finally:
            session.execute(f"ALTER SYSTEM RESET {setting}")
            session.execute("SELECT pg_reload_conf()")


def unheard(portal: Portal) -> AbstractContextManager[None]:
    """It is to be on a second machine before it counts, and there is none: reading goes on, and each commit waits."""
    return told(portal, "synchronous_standby_names", "'nobody'", but_here="synchronous_commit = local")


def reading(portal: Portal) -> AbstractContextManager[None]:
    """It answers, and writes nothing: as on a standby, or by who wants to keep what is there."""
    return told(portal, "default_transaction_read_only", "on", but_here="default_transaction_read_only = off")


def is_our_fault(answer: requests.Response, words: str) -> None:
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert words in re.sub(r"<title>.*</title>", "", answer.text)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("away", [stopped, frozen, silent])
def test_every_page_answers_in_time(portal: Portal, away: Callable[[Portal], AbstractContextManager[None]]) -> None:
    chinese, english, stranger = portal.visitor("zh-CN"), portal.visitor("en"), portal.visitor("en")
    chinese.sign_in()
    english.sign_in()
    halfway = portal.visitor("en")
    halfway.ask("/sign-in/")
    assert halfway.ask("/sign-in/", username="zhangsan@example.edu", password=PASSWORD).status_code == 302
    halfway.ask("/sign-in/phone/", number="13800138000", agreed="on")
    stranger.ask("/sign-in/")
    with away(portal):
        is_our_fault(english.ask("/app-passwords/"), ENGLISH)
        is_our_fault(chinese.ask("/"), CHINESE)
        is_our_fault(stranger.ask("/sign-in/", username="lisi@example.edu", password=PASSWORD), ENGLISH)
        is_our_fault(halfway.ask("/sign-in/phone/", code="123456"), ENGLISH)  # no "400", nothing of theirs is wrong
        with ThreadPoolExecutor(24) as pool:  # many more than there are threads
            for answer in pool.map(lambda _: english.ask("/"), range(24)):
                is_our_fault(answer, ENGLISH)
        assert stranger.ask("/health/live").text == "ok\n"
        ready = stranger.ask("/health/ready")
        assert (ready.status_code, ready.text) == (503, "the database does not answer\n")
    wait_until(lambda: is_ready(portal), 30)
    assert english.ask("/").status_code == 200
    assert stranger.ask("/sign-in/", username="lisi@example.edu", password=PASSWORD).status_code == 302


def test_where_no_commit_counts_nobody_hangs(portal: Portal) -> None:
    visitor, other = portal.visitor("en"), portal.visitor("en")
    visitor.ask("/sign-in/")
    other.sign_in()
    with unheard(portal):
        is_our_fault(visitor.ask("/sign-in/", username="lisi@example.edu", password=PASSWORD), ENGLISH)
        is_our_fault(other.ask("/"), ENGLISH)
        assert other.ask("/health/ready").status_code == 503
    wait_until(lambda: is_ready(portal), 30)
    visitor.sign_in()


def test_where_nothing_is_written_that_is_our_fault_too(portal: Portal) -> None:
    visitor = portal.visitor("en")
    visitor.ask("/sign-in/")
    with reading(portal):
        wait_until(lambda: visitor.ask("/health/ready").text == "the database only reads\n", 10)
        is_our_fault(visitor.ask("/sign-in/", username="lisi@example.edu", password=PASSWORD), ENGLISH)
        assert visitor.ask("/health/ready").status_code == 503
    wait_until(lambda: is_ready(portal), 30)
    visitor.sign_in()


def test_pages_that_fail_wait_for_no_mail_server(portal: Portal) -> None:
    """Each of them is to be told to ADMINS, whose mail server accepts and says nothing."""
    visitor = portal.visitor("en")
    visitor.sign_in()
    with portal.postgres.session() as session:
        session.execute("ALTER TABLE apppasswords_apppassword RENAME TO gone")
        try:
            with ThreadPoolExecutor(32) as pool:
                statuses = {answer.status_code for answer in pool.map(lambda _: visitor.ask("/"), range(64))}
        finally:
            session.execute("ALTER TABLE gone RENAME TO apppasswords_apppassword")
        assert statuses == {500}
        told = "SELECT count FROM faults_fault WHERE title LIKE 'ProgrammingError (UndefinedTable)%'"
        wait_until(lambda: session.execute(told).fetchall() == [(64,)])


def test_a_server_process_that_dies_is_started_again(portal: Portal) -> None:
    children = Path(f"/proc/{portal.web.pid}/task/{portal.web.pid}/children")
    (before,) = children.read_text().split()
    os.kill(int(before), signal.SIGKILL)
    wait_until(lambda: children.read_text().split() not in ([], [before]), 30)
    wait_until(lambda: is_ready(portal), 30)
    assert portal.web.runs()


def test_a_locked_table_stops_nobody(portal: Portal) -> None:
    visitor = portal.visitor("en")
    visitor.sign_in()
    with portal.postgres.session() as session, session.transaction():
        session.execute("LOCK TABLE apppasswords_apppassword")
        is_our_fault(visitor.ask("/"), ENGLISH)
        assert visitor.ask("/security/phone/").status_code == 200
    assert visitor.ask("/").status_code == 200
