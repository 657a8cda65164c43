"""Logins of mail programs that were let in: counted once each, after the answer, by every process."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.maillogins import maillogins
from accounts.maillogins.maillogins import Method, Success
from accounts.maillogins.models import MailLogin
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.maillogin import decision
from apppasswords.maillogin.afterwards import Notebook
from apppasswords.maillogin.decision import Login
from tests.conftest import MakeUser
from tests.kit import upkeep
from tests.kit.crowd import Crowd
from tests.kit.newcomers import Newcomer
from tests.kit.people import PASSWORD
from tests.kit.servers.logins import Database, LoginService, login_service
from tests.kit.servers.postgres import running
from tests.kit.waiting import wait_until

NOON = datetime(2026, 9, 1, 4, 0, tzinfo=timezone.get_fixed_timezone(0))  # in Shanghai


@pytest.fixture
def lisi_user(make_user: MakeUser) -> User:
    return make_user("lisi", two_step=False)


def counted() -> dict[tuple[str, str, str], int]:
    return {
        (str(row.day), row.protocol, row.method): row.count for row in MailLogin.objects.order_by("day", "protocol")
    }


def write(notebook: Notebook, user: str, password: str, protocol: str = "imap", address: str = "192.0.2.1") -> None:
    notebook.note(decision.verify(Login(user, password, protocol, address)))
    notebook.write()


# --- What is counted --------------------------------------------------------------------------------------------------


def test_by_protocol_and_method(lisi_user: User) -> None:
    made = passwords.create(lisi_user, "Mail")
    assert not isinstance(made, passwords.Refusal)
    notebook = Notebook()
    for password, protocol in [(PASSWORD, "imap"), (PASSWORD, "imap"), (PASSWORD, "smtp"), (made[1], "imap")]:
        write(notebook, "lisi@example.edu", password, protocol)
    day = str(timezone.localdate())
    assert counted() == {
        (day, "imap", Method.MAILBOX_PASSWORD): 2,
        (day, "imap", Method.APP_PASSWORD): 1,
        (day, "smtp", Method.MAILBOX_PASSWORD): 1,
    }


@pytest.mark.parametrize(("user", "password"), [("lisi@example.edu", "wrong"), ("nobody@example.edu", PASSWORD)])
def test_who_is_refused_is_not_counted(lisi_user: User, user: str, password: str) -> None:
    write(Notebook(), user, password)
    assert not MailLogin.objects.exists()


def test_the_last_one_is_known(lisi_user: User) -> None:
    """Whichever is written first."""
    for minutes, address in ((5, "192.0.2.5"), (9, "192.0.2.9"), (7, "192.0.2.7")):
        maillogins.note(lisi_user.pk, "imap", Method.TOKEN, address, NOON + timedelta(minutes=minutes))
    row = MailLogin.objects.get()
    assert (row.count, row.address, row.last_at) == (3, "192.0.2.9", NOON + timedelta(minutes=9))


def test_a_tally_keeps_the_last_one_too(lisi_user: User) -> None:
    tally = maillogins.Tally()
    for minutes, address in ((5, "192.0.2.5"), (9, "192.0.2.9"), (7, "192.0.2.7")):
        tally.add(Success(lisi_user.pk, "imap", Method.TOKEN, address, NOON + timedelta(minutes=minutes)))
    [count] = tally.take()
    assert (count.times, count.address, count.last_at) == (3, "192.0.2.9", NOON + timedelta(minutes=9))
    assert not tally


def test_a_day_is_a_day_of_the_site(lisi_user: User) -> None:
    """23:59 and 00:01 in Shanghai are one day in UTC."""
    midnight = NOON + timedelta(hours=12)
    for at in (midnight - timedelta(minutes=1), midnight + timedelta(minutes=1)):
        maillogins.note(lisi_user.pk, "imap", Method.TOKEN, "192.0.2.1", at)
    assert list(counted()) == [("2026-09-01", "imap", "token"), ("2026-09-02", "imap", "token")]


def test_who_was_deleted_meanwhile_takes_nobody_along(lisi_user: User) -> None:
    tally = maillogins.Tally()
    for user in (lisi_user.pk, lisi_user.pk + 1):
        tally.add(Success(user, "imap", Method.TOKEN, "192.0.2.1", NOON))
    maillogins.write(tally.take())
    assert MailLogin.objects.get().user == lisi_user


def test_many_are_written_in_one_go(lisi_user: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """On SQLite a statement for each row, all in one transaction; on PostgreSQL they travel together."""
    notebook = Notebook()
    for _ in range(50):
        notebook.note(decision.verify(Login("lisi@example.edu", PASSWORD, "imap", "192.0.2.1")))
    with django_assert_num_queries(3):  # with its savepoint, of which a test has two more
        notebook.write()
    assert MailLogin.objects.get().count == 50


def test_what_could_not_be_written_is_written_with_the_next(lisi_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(counts: object) -> None:
        raise DatabaseError

    notebook = Notebook()
    with monkeypatch.context() as patch:
        patch.setattr(maillogins, "write", away)
        with pytest.raises(DatabaseError):
            write(notebook, "lisi@example.edu", PASSWORD)
    assert notebook.has_notes()
    write(notebook, "lisi@example.edu", PASSWORD)
    assert MailLogin.objects.get().count == 2
    assert not notebook.has_notes()


def test_they_are_kept_for_a_while(lisi_user: User, settings: Settings) -> None:
    settings.MAIL_LOGIN_LIFETIME = timedelta(days=90)
    for days in (0, 89, 90, 91):
        maillogins.note(lisi_user.pk, "imap", Method.TOKEN, "192.0.2.1", timezone.now() - timedelta(days=days))
    upkeep.delete_expired()
    today = timezone.localdate()
    assert [row.day for row in MailLogin.objects.all()] == [today, today - timedelta(days=89)]


# --- Many processes ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_none_is_lost_when_all_write_at_once(crowd: Crowd) -> None:
    """48 writers on the same rows, each in an order of its own."""
    people = [Newcomer().user.pk for _ in range(5)]
    rows = [(user, protocol, "192.0.2.1") for user in people for protocol in ("imap", "smtp")]
    calls = [{"batch": random.sample(rows, len(rows)), "times": 5} for _ in range(48)]
    crowd.rush("note_logins", calls)
    found = MailLogin.objects.filter(user__in=people).values_list("count", flat=True)
    assert list(found) == [48 * 5] * len(rows)


# --- The service itself -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("logins")
    if request.param == "sqlite":
        yield Database(f"sqlite:///{folder}/mailkey.sqlite3", folder)
    else:
        with running() as url:
            yield Database(url, folder)


def total(database: Database, method: str, protocol: str = "imap") -> int:
    where = f"WHERE method = '{method}' AND protocol = '{protocol}'"
    return int(database.value(f"SELECT COALESCE(SUM(count), 0) FROM maillogins_maillogin {where}"))


@pytest.mark.slow
def test_the_service_counts_every_login_of_both_kinds(database: Database) -> None:
    def both(service: LoginService) -> None:
        assert service.right("192.0.2.1").status == 200
        assert service.login("off@example.edu", PASSWORD, "192.0.2.2", "smtp").status == 200
        assert service.wrong("192.0.2.3").status == 401

    before = total(database, "app"), total(database, "mailbox", "smtp")
    with login_service(database) as service:
        for _ in range(9):
            both(service)
        wait_until(
            lambda: (total(database, "app"), total(database, "mailbox", "smtp")) == (before[0] + 9, before[1] + 9)
        )
    day = database.value("SELECT DISTINCT day FROM maillogins_maillogin")
    assert str(day) == str(timezone.localdate())


@pytest.mark.slow
def test_a_service_that_is_stopped_writes_what_it_has(database: Database) -> None:
    before = total(database, "app", "pop3")
    with login_service(database) as service:
        for _ in range(7):
            assert service.login("on@example.edu", database.secret, "192.0.2.1", "pop3").status == 200
    assert total(database, "app", "pop3") == before + 7
