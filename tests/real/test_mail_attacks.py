"""The mail login service as it runs, and who reaches its port and means harm.

tests/apppasswords/maillogin/test_conversation.py has what is said on one connection."""

import os
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.kit.servers.logins import TOKEN, Database, LoginService, login_service
from tests.kit.servers.units import asked_all_the_time
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

IDLE = 10_000
OF_EACH = 16 * 1024  # bytes of memory that a connection may take on which nobody asks anything


@contextmanager
def files(limit: int) -> Iterator[None]:
    """That this process, and who is started meanwhile, may have open."""
    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    folder = tmp_path_factory.mktemp("attacks")
    return Database(f"sqlite:///{folder}/mailkey.sqlite3", folder)


def memory(service: LoginService) -> int:
    """Bytes of all its workers."""
    texts = [Path(f"/proc/{worker}/status").read_text(encoding="utf-8") for worker in service.workers()]
    return sum(int(text.partition("VmRSS:")[2].split()[0]) * 1024 for text in texts)


def test_ten_thousand_who_say_nothing_keep_nobody_out(database: Database) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < IDLE + 1000:
        pytest.skip("this machine gives too few files")
    with files(IDLE + 1000), login_service(database) as service, ExitStack() as lines:
        before = memory(service)
        for number in range(IDLE):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", service.port), 30))
            if number % 2:
                line.sendall(b"POST /login HTTP/1.1\r\nContent-Length: 100\r\n")
        assert service.right("192.0.2.1").status == 200
        assert service.wrong("192.0.2.1").status == 401
        assert memory(service) - before < IDLE * OF_EACH


def test_more_than_it_has_files_for_harm_it_only_while_they_stay(database: Database) -> None:
    with ExitStack() as lines, files(200), login_service(database) as service:
        resource.setrlimit(resource.RLIMIT_NOFILE, (2000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        before = service.workers()
        for _ in range(1000):
            lines.enter_context(socket.create_connection(("127.0.0.1", service.port), 30))
        lines.close()
        wait_until(service.lives, 30)
        assert service.right("192.0.2.1").status == 200
        assert service.workers() == before


def test_a_message_without_end_takes_no_memory(database: Database) -> None:
    with login_service(database) as service:
        service.right("192.0.2.1")
        before = memory(service)
        for head in (
            b"POST /login HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
            b"POST /login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
            b"POST /login HTTP/1.1\r\nX: ",
            b"POST /",
        ):
            with socket.create_connection(("127.0.0.1", service.port), 10) as line, suppress(ConnectionError):
                line.sendall(head)
                for _ in range(1000):
                    line.sendall(b"x" * 65536)
                pytest.fail("64 MB were read")
        assert memory(service) - before < 8 * 1024 * 1024
        assert service.right("192.0.2.1").status == 200


def test_who_guesses_and_hangs_up_is_counted(database: Database) -> None:
    """Not to wait for the answer is no way around the ban."""
    body = b"user=on%40example.edu&password=wrong&protocol=imap&address=192.0.2.9"
    head = f"POST /login HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
    with login_service(database) as service:
        for number in range(10):
            with socket.create_connection(("127.0.0.1", service.port), 10) as line:
                line.sendall(head.encode() + body)
                if number % 2:
                    line.shutdown(socket.SHUT_WR)
            wait_until(lambda: database.failures("192.0.2.9") > number)  # noqa: B023 - it is asked here
        assert service.right("192.0.2.9").status == 429


def test_a_process_that_dies_is_started_again_while_the_other_answers(database: Database) -> None:
    with login_service(database) as service:
        before = service.workers()
        with asked_all_the_time(lambda: _status(service)) as answers:
            os.kill(before[0], signal.SIGKILL)
            wait_until(lambda: len(service.workers()) == len(before) and before[0] not in service.workers(), 60)
            since = len(answers)
            wait_until(lambda: len(answers) > since + 30, 60)
        assert set(answers) <= {200, None}  # None: what the dead one had taken
        assert answers[-20:] == [200] * 20
        assert answers.count(None) <= 10


def _status(service: LoginService) -> int | None:
    try:
        return service.right("192.0.2.1").status
    except OSError:
        return None


def test_it_ends_at_once_even_while_it_starts(database: Database) -> None:
    with login_service(database) as service:
        before = service.workers()
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: set(service.workers()) - set(before), 60)  # the new one loads still
        assert service.process
        service.process.terminate()
        service.process.wait(8)  # less than a worker that does not end is given
