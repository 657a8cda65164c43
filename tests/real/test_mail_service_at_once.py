"""The mail login service on PostgreSQL: many processes at once, and what each login costs."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.kit.servers.logins import Database, LoginService, Reply, login_service
from tests.kit.servers.postgres import Cluster, cluster, running
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

SLOW_FAILURES = """
CREATE FUNCTION take_a_while() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END';
CREATE TRIGGER slow AFTER INSERT ON bans_failure FOR EACH ROW EXECUTE FUNCTION take_a_while();
"""


@pytest.mark.bypass("row 1: races on the counter")
def test_of_failures_in_many_processes_ten_count(tmp_path: Path) -> None:
    """Each failure takes PostgreSQL a while here, so that eight processes surely count at the same time."""
    with running() as url:
        database = Database(url, tmp_path)
        database.run(SLOW_FAILURES)
        with login_service(database, workers=8) as crowded:
            for round_ in range(4):
                address = f"198.51.100.{round_}"
                crowded.count_ten_of(24, address)


FUNCTION = ["execute", "mailkey_login_10_500_30_100_86400.0_3:"]
APP_PASSWORD = ["execute", "mailkey_app_password:"]
FACTS = ["execute", "mailkey_facts:"]


class Observed(NamedTuple):
    postgres: Cluster
    service: LoginService


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """What it asks is in PostgreSQL's log."""
    folder = tmp_path_factory.mktemp("observed")
    with cluster("-c", "log_statement=all") as postgres:
        database = Database(postgres.url, folder)
        with login_service(database, workers=1) as service:
            yield Observed(postgres, service)


def test_no_login_waits_for_the_disk(observed: Observed) -> None:
    """Nor for what else a commit can be made to wait for: here a standby that never comes. The connection that answers
    everybody would wait with it."""
    service = observed.service
    with closing(service.database.session()) as session:

        def wait_for(standby: str) -> None:
            session.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
            session.execute("SELECT pg_reload_conf()")
            wait_until(lambda: session.execute("SHOW synchronous_standby_names").fetchone() == (standby,))

        addresses = (f"203.0.113.{number}" for number in range(250))
        # The first login finds no connection yet, and goes another way.
        wait_until(lambda: service.wrong(next(addresses)) and "mailkey_login" in observed.postgres.log.read_text())
        wait_for("nobody")
        try:
            for _ in range(8):
                address = next(addresses)
                assert service.wrong(address).status == 401
                assert service.database.failures(address) == 1
                assert service.right(next(addresses)).status == 200
        finally:
            wait_for("")


def test_who_is_not_asked_hardly_wakes(observed: Observed) -> None:
    """Each time that a thread is woken costs as much as a login."""
    service = observed.service
    assert service.right("203.0.113.251").status == 200
    assert service.wrong("203.0.113.252").status == 401
    [process] = service.workers()
    seen: list[tuple[float, int]] = []

    def rests() -> bool:
        """At most three times in the second that has gone by."""
        now, woken = time.monotonic(), _woken(process)
        before = [times for at, times in seen if at <= now - 1]
        seen.append((now, woken))
        return bool(before) and woken - before[-1] <= 3

    wait_until(rests)


def _woken(process: int) -> int:
    """How often its threads have waited for something that came."""
    told = "".join(task.joinpath("status").read_text() for task in Path(f"/proc/{process}/task").iterdir())
    times = [int(found) for found in re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", told, re.MULTILINE)]
    assert times
    return sum(times)


def test_postgresql_is_asked_once(observed: Observed) -> None:
    """No BEGIN, no SET, nothing that looks whether the connection lives; planned once. While the function is missing
    that is asked, twice for no."""
    postgres, service = observed
    connected: set[str] = set()
    addresses = (f"192.0.2.{number}" for number in range(1, 250))

    def logged(ask: Callable[[str], Reply]) -> list[list[str]]:
        """What a connection that had answered before was asked. (Another one writes what is left of answers.)"""
        before = len(postgres.log.read_text(encoding="utf-8"))
        ask(next(addresses))
        new = postgres.log.read_text(encoding="utf-8")[before:]
        lines = [(pid, said.split()[:2]) for pid, said in re.findall(r"\[(\d+)\] LOG:\s+(.*)", new)]
        [answering] = {pid for pid, said in lines if said in (APP_PASSWORD, FUNCTION, FACTS)}
        if answering not in connected:
            connected.add(answering)
            return logged(ask)
        return [said for pid, said in lines if pid == answering]

    assert logged(service.right) == [APP_PASSWORD]
    assert logged(service.wrong) == [FUNCTION]
    service.database.run("DROP FUNCTION mailkey_login_1")
    for _ in range(8):  # each process finds out
        address = next(addresses)
        assert (service.wrong(address).status, service.database.failures(address)) == (401, 1)
        assert service.right(address).status == 200
    assert logged(service.wrong) == [FACTS, ["execute", "mailkey_lock:"], ["execute", "mailkey_count_2:"]]
