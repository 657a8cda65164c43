"""The mail login service beside a directory that hangs or is slow: nobody waits, nobody is told anything wrong."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.kit.people import PASSWORD
from tests.kit.servers.directory import Directory, person, running
from tests.kit.servers.logins import CANNOT_TELL, Database, LoginService, login_service
from tests.kit.servers.wire import Wire
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

OF_THE_DIRECTORY = "kept-elsewhere-2026"


@pytest.fixture(scope="module")
def directory() -> Iterator[Directory]:
    with running([person("off", userPassword=OF_THE_DIRECTORY)]) as started:
        yield started


@pytest.fixture(scope="module")
def wire(directory: Directory) -> Iterator[Wire]:
    with Wire(directory.port) as way:
        yield way


@pytest.fixture(scope="module")
def service(directory: Directory, wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginService]:
    folder = tmp_path_factory.mktemp("service")
    database = Database(f"sqlite:///{folder}/mailkey.sqlite3", folder)
    settings = directory.settings(f"ldap://127.0.0.1:{wire.port}")
    with login_service(database, workers=2, MAIL_ANSWER_WITHIN="0.8", **settings) as started:
        yield started


def hang(directory: Directory, _wire: Wire) -> None:
    directory.service.freeze()


def be_slow(_directory: Directory, wire: Wire) -> None:
    """Each question and each answer: a login asks three."""
    wire.late = 0.5


def mend(directory: Directory, wire: Wire) -> None:
    wire.late = 0
    directory.service.thaw()


def off(service: LoginService, password: str = OF_THE_DIRECTORY, address: str = "192.0.2.1") -> int:
    return service.login("off@example.edu", password, address).status


def test_the_directory_decides(service: LoginService) -> None:
    assert wait_until(lambda: off(service) == 200, 10)
    assert told(lambda: off(service, PASSWORD, "192.0.2.7")) == 401  # of Mailkey's own, from before
    assert told(lambda: service.right("192.0.2.8").status) == 200


def told(ask: Callable[[], int]) -> int:
    """A busy machine may be late once, and says so; a server that hung is left alone for some seconds."""
    return wait_until(lambda: 0 if (status := ask()) == CANNOT_TELL else status, 15)


@pytest.mark.parametrize("go_wrong", [hang, be_slow])
def test_nobody_waits_for_it(
    service: LoginService, directory: Directory, wire: Wire, go_wrong: Callable[[Directory, Wire], None]
) -> None:
    failures = service.database.value("SELECT COUNT(*) FROM bans_failure")
    assert wait_until(lambda: off(service) == 200, 10)
    go_wrong(directory, wire)
    try:
        with ThreadPoolExecutor(12) as crowd:
            asked = [crowd.submit(service.login, "off@example.edu", f"new {one}", "192.0.2.9") for one in range(100)]
            known = [crowd.submit(service.login, "off@example.edu", OF_THE_DIRECTORY, "192.0.2.1") for _ in range(50)]
            by_app_password = [crowd.submit(service.right, "192.0.2.10") for _ in range(50)]
        times = sorted(reply.result().seconds for reply in (*asked, *known, *by_app_password))
        assert times[int(len(times) * 0.99)] <= 1.2
        assert {reply.result().status for reply in asked} == {503}
        # A busy machine may say "cannot tell"; nobody is told anything wrong.
        for group in (known, by_app_password):
            statuses = [reply.result().status for reply in group]
            assert set(statuses) <= {200, 503}
            assert statuses.count(200) > len(statuses) / 2
    finally:
        mend(directory, wire)
    assert service.database.value("SELECT COUNT(*) FROM bans_failure") == failures
    assert service.database.value("SELECT COUNT(*) FROM bans_ban") == 0
    began = time.monotonic()
    assert wait_until(lambda: off(service, "wrong after all", "192.0.2.11") == 401, 15)
    assert time.monotonic() - began < 12
