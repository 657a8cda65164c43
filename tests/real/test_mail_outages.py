"""The mail login service without its database: "cannot tell" within a second, counted nowhere, and back by itself."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from urllib.parse import urlencode

import pytest

from tests.kit.people import PASSWORD
from tests.kit.servers.logins import Database, LoginService, Reply, login_service
from tests.kit.servers.postgres import Cluster, cluster
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

IN_TIME = 2  # seconds; the service needs less than one where nothing else runs, mail servers wait for three


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture(scope="module")
def on_postgres(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginService]:
    with login_service(
        Database(postgres.url, tmp_path_factory.mktemp("postgres")), MAIL_ANSWER_WITHIN="0.8"
    ) as service:
        yield service


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginService]:
    folder = tmp_path_factory.mktemp("sqlite")
    with login_service(Database(f"sqlite:///{folder}/mailkey.sqlite3", folder), MAIL_ANSWER_WITHIN="0.8") as service:
        yield service


def warm(service: LoginService, address: str) -> None:
    """Every process has its connection and has prepared its statements."""
    wait_until(lambda: {reply.status for reply in service.at_once(12, service.right, address)} == {200})
    for _ in range(4):
        assert service.wrong(address).status == 401
    assert service.right(address).status == 200  # and clears the failures


def asked(service: LoginService, address: str) -> list[Reply]:
    """Right and wrong passwords, one after the other and at once."""
    replies = [ask(address) for _ in range(3) for ask in (service.right, service.wrong)]
    replies += service.at_once(10, service.right, address) + service.at_once(10, service.wrong, address)
    replies.append(service.login("off@example.edu", PASSWORD, address))
    return replies


def assert_cannot_tell(replies: list[Reply]) -> None:
    assert {reply.status for reply in replies} == {503}
    assert max(reply.seconds for reply in replies) < IN_TIME
    assert all("try again later" in reply.text for reply in replies)


def assert_nothing_counted(service: LoginService, address: str) -> None:
    assert service.database.value(
        f"SELECT COUNT(*) FROM bans_failure WHERE network = '{address}' AND cleared_at IS NULL"
    ) == 0  # fmt: skip
    assert service.database.bans(address) == 0


@contextmanager
def stopped(postgres: Cluster) -> Iterator[None]:
    postgres.stop()
    try:
        yield
    finally:
        postgres.start()


@contextmanager
def frozen(postgres: Cluster) -> Iterator[None]:
    postgres.freeze()
    try:
        yield
    finally:
        postgres.thaw()


@contextmanager
def table_locked(postgres: Cluster) -> Iterator[None]:
    with closing(postgres.session()) as session, session.transaction():
        session.execute("LOCK TABLE accounts_user")
        yield


OUTAGES: dict[str, Callable[[Cluster], AbstractContextManager[None]]] = {
    "stopped": stopped,
    "frozen": frozen,
    "table locked": table_locked,
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_without_postgresql(on_postgres: LoginService, postgres: Cluster, outage: str) -> None:
    address = f"203.0.113.{1 + list(OUTAGES).index(outage)}"
    warm(on_postgres, address)
    assert on_postgres.ask("GET", "/health/ready").status == 200
    with OUTAGES[outage](postgres):
        assert_cannot_tell(asked(on_postgres, address))
        if outage != "table locked":
            said = on_postgres.ask("GET", "/health/ready")
            assert (said.status, said.text) == (503, "the database does not answer in time\n")
            assert said.seconds < IN_TIME
        assert on_postgres.ask("GET", "/health/live").status == 200
        named = f"/Pq2{outage[:4]}+1"
        fields = {"user": "on@example.edu", "password": "x", "protocol": "imap", "address": address, "session": named}

        def is_logged() -> bool:
            """As Dovecot's log calls it. What is not even tried, behind one that waited in vain, leaves no line."""
            assert on_postgres.ask("POST", "/login", urlencode(fields)).status == 503
            return f"[{named}]" in on_postgres.database.log.read_text()

        wait_until(is_logged, 30)
    wait_until(lambda: {on_postgres.right(address).status for _ in range(6)} == {200}, 15)
    assert_nothing_counted(on_postgres, address)
    assert on_postgres.wrong(address).status == 401


def test_a_service_that_starts_without_its_database(on_postgres: LoginService, postgres: Cluster) -> None:
    with ExitStack() as services:
        with stopped(postgres):
            early = services.enter_context(login_service(on_postgres.database, MAIL_ANSWER_WITHIN="0.8"))
            assert_cannot_tell([early.right("203.0.113.10"), early.wrong("203.0.113.10")])
        wait_until(lambda: early.right("203.0.113.10").status == 200, 15)


def test_after_a_restart_the_first_login_is_answered(on_postgres: LoginService, postgres: Cluster) -> None:
    """Every process holds a connection that has ended meanwhile. To connect anew takes a busy machine a second."""
    with login_service(on_postgres.database, MAIL_ANSWER_WITHIN="10") as service:
        for _ in range(3):
            warm(service, "203.0.113.20")
            with stopped(postgres):
                pass
            assert [service.right("203.0.113.20").status for _ in range(8)] == [200] * 8


def test_where_only_writing_hangs_the_right_password_gets_in(on_postgres: LoginService, postgres: Cluster) -> None:
    address = "203.0.113.30"
    warm(on_postgres, address)
    with closing(postgres.session()) as session, session.transaction():
        session.execute("LOCK TABLE bans_failure IN SHARE MODE")
        assert_cannot_tell(
            [on_postgres.wrong(address) for _ in range(2)] + on_postgres.at_once(6, on_postgres.wrong, address)
        )
        wait_until(lambda: on_postgres.right(address).status == 200, 5)
    wait_until(lambda: on_postgres.right(address).status == 200, 5)
    assert_nothing_counted(on_postgres, address)


def test_sqlite_that_somebody_writes_to(on_sqlite: LoginService) -> None:
    address = "203.0.113.40"
    warm(on_sqlite, address)
    with closing(on_sqlite.database.session()) as session:
        session.execute("BEGIN EXCLUSIVE")
        replies = on_sqlite.at_once(8, on_sqlite.right, address)
        assert {reply.status for reply in replies} == {200}  # reading goes on
        assert max(reply.seconds for reply in replies) < IN_TIME
        wrong = [on_sqlite.wrong(address) for _ in range(3)] + on_sqlite.at_once(10, on_sqlite.wrong, address)
        assert_cannot_tell(wrong)
        session.execute("ROLLBACK")
    wait_until(lambda: on_sqlite.right(address).status == 200)
    assert_nothing_counted(on_sqlite, address)


def test_sqlite_that_nobody_can_read(on_sqlite: LoginService) -> None:
    address = "203.0.113.41"
    warm(on_sqlite, address)
    with closing(on_sqlite.database.session()) as session:
        session.execute("ALTER TABLE accounts_user RENAME TO away")
        try:
            assert_cannot_tell(asked(on_sqlite, address))
        finally:
            session.execute("ALTER TABLE away RENAME TO accounts_user")
    wait_until(lambda: on_sqlite.right(address).status == 200)
    assert_nothing_counted(on_sqlite, address)
