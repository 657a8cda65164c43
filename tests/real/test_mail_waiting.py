"""Mail logins that wait: not too long for an answer, and refusals as long as others."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.kit.people import PASSWORD
from tests.kit.servers.logins import Database, LoginService, login_service
from tests.kit.servers.postgres import running

pytestmark = pytest.mark.slow

AFTER = 0.3  # seconds
CROWD = 150


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with running() as url:
        yield Database(url, tmp_path_factory.mktemp("waiting"))


@pytest.fixture(scope="module")
def timed(database: Database) -> Iterator[LoginService]:
    with login_service(database, workers=1, MAIL_REFUSED_AFTER=str(AFTER)) as service:
        yield service


@pytest.mark.bypass("row 36: one look told whose mailbox password still opens mail")
def test_no_refusal_leaves_before_its_time(timed: LoginService) -> None:
    names = ("off@example.edu", "on@example.edu", "nobody@example.edu", "nobody", "\x00")
    for number, name in enumerate(names):
        reply = timed.login(name, "wrong", f"192.0.2.{number}")
        assert reply.status == 401
        assert reply.seconds >= AFTER, name


def test_who_is_let_in_waits_for_no_refusal(timed: LoginService) -> None:
    """One thread decides, and it is held by nobody who is told no."""
    with ThreadPoolExecutor(40) as crowd:
        refusals = [crowd.submit(timed.login, "on@example.edu", "wrong", f"192.0.3.{n}") for n in range(40)]
        assert timed.right("192.0.2.200").status == 200
        assert timed.login("off@example.edu", PASSWORD, "192.0.2.201").status == 200
        assert {asked.result().status for asked in refusals} == {401}


def test_who_waited_too_long_is_told_so_and_counts_for_nothing(database: Database) -> None:
    """Each wrong password costs a hash: one process has a second's worth of them."""
    with login_service(database, workers=1, BRAKE_AFTER_FAILURES="1000") as service, ThreadPoolExecutor(CROWD) as crowd:
        asked = [crowd.submit(service.login, "off@example.edu", "wrong", f"192.0.4.{n}") for n in range(CROWD)]
        statuses = Counter(reply.result().status for reply in asked)
        assert set(statuses) == {401, 503}
        counted = database.value("SELECT COUNT(*) FROM bans_failure WHERE network LIKE '192.0.4.%'")
        assert 0 <= counted - statuses[401] <= CROWD // 10, "but what was being decided when its time was over"
        assert service.right("192.0.2.202").status == 200
