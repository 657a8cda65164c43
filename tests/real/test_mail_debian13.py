"""Dovecot 2.4, Postfix 3.10 and nginx 1.26 of Debian 13, from the files in deploy/: what holds on 12 holds there.

Most are the tests of Dovecot 2.3, with a mailbox that is at the newer one.
"""

import imaplib
import json
import shutil
import smtplib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.test import TestCase
from pytest_django import Settings

from accounts.mailsessions import dovecot, mailsessions
from accounts.mailsessions.mailsessions import Why
from accounts.mailsessions.models import Ending
from tests.kit.arrivals import arrive, is_in
from tests.kit.mail_programs import (
    HOST,
    IN,
    WRONG,
    Mailbox,
    enter_sieve,
    imap,
    inbox_of,
    letter,
    put_filter,
    sieve,
    smtp,
)
from tests.kit.open_programs import PROTOCOLS, OpenPrograms
from tests.kit.servers.applications import Browser
from tests.kit.servers.house import House
from tests.kit.servers.mail import DOVEADM_KEY, MAIL_USER, MailSystem
from tests.kit.servers.trixie import WAY, folder_of
from tests.kit.waiting import wait_until
from tests.real import test_webmail, test_webmail_out
from tests.real.test_mail_servers import (
    service_away,
    test_a_hanging_service_means_try_later_and_counts_nothing,
    test_a_name_that_is_a_path_or_a_format_is_nobodys_and_counts,
    test_a_name_without_its_domain_is_told_so,
    test_a_stopped_service_means_try_later_and_counts_nothing,
    test_an_app_password_sends_and_reads,
    test_any_password_arrives_as_it_was_typed,
    test_no_log_holds_what_was_entered,
    test_so_many_devices_behind_one_router_are_connected_by_every_protocol,
    test_ten_wrong_passwords_ban_their_address_and_no_other,
    test_the_mailbox_password_opens_only_without_two_step,
    test_what_people_type_around_their_name_is_forgiven,
    test_where_only_starttls_is_known_no_password_is_taken_before_it,
)
from tests.real.test_webmail_servers import (
    MECHANISMS,
    REFUSED,
    Reader,
    test_a_revoked_token_opens_nothing,
    test_a_token_is_no_password_and_a_password_no_token,
    test_logins_by_token_are_counted_by_protocol,
)

pytestmark = pytest.mark.slow

__all__ = [  # fixtures, and the tests that are the same
    "service_away",
    "test_a_hanging_service_means_try_later_and_counts_nothing",
    "test_a_name_that_is_a_path_or_a_format_is_nobodys_and_counts",
    "test_a_name_without_its_domain_is_told_so",
    "test_a_revoked_token_opens_nothing",
    "test_a_stopped_service_means_try_later_and_counts_nothing",
    "test_a_token_is_no_password_and_a_password_no_token",
    "test_an_app_password_sends_and_reads",
    "test_any_password_arrives_as_it_was_typed",
    "test_logins_by_token_are_counted_by_protocol",
    "test_no_log_holds_what_was_entered",
    "test_so_many_devices_behind_one_router_are_connected_by_every_protocol",
    "test_ten_wrong_passwords_ban_their_address_and_no_other",
    "test_the_mailbox_password_opens_only_without_two_step",
    "test_what_people_type_around_their_name_is_forgiven",
    "test_where_only_starttls_is_known_no_password_is_taken_before_it",
]


@pytest.fixture
def staff(newer: MailSystem) -> Mailbox:
    return Mailbox(newer, at=WAY)


@pytest.fixture
def colleague(newer: MailSystem) -> Mailbox:
    return Mailbox(newer, at=WAY)


@pytest.fixture
def folder(newer: MailSystem) -> Path:
    return folder_of(newer)


@pytest.fixture
def reader(house: House, newer: MailSystem) -> Reader:
    return Reader(house, WAY)


# --- Mail ------------------------------------------------------------------------------------------------------------


def test_mail_that_arrives_goes_where_its_owner_s_filter_puts_it(staff: Mailbox, folder: Path) -> None:
    with sieve(staff.system, staff.address, f"{WAY}sieve") as connection:
        assert enter_sieve(connection, staff.name, staff.app_password) == IN
        put_filter(connection, 'require "fileinto";\r\nif header :contains "Subject" "list" { fileinto "Junk"; }\r\n')
    arrive(staff, "minutes")
    arrive(staff, "of a list", "Junk", "+lists")
    assert not is_in(staff, "INBOX", "of a list")
    assert (folder / own_folder(staff) / "Maildir/.Junk").is_dir(), "as 2.3 calls it"


def own_folder(mailbox: Mailbox) -> str:
    return f"vmail/example.edu/{mailbox.name.partition('@')[0]}"


def move(own: str, old: Path, new: Path) -> None:
    """A person's folder to another machine."""
    shutil.copytree(old / own, new / own)
    for path in (new / own, *(new / own).rglob("*")):
        shutil.chown(path, MAIL_USER, MAIL_USER)
    shutil.rmtree(old / own)


def kept(mover: Mailbox) -> tuple[object, ...]:
    with imap(mover.system, way=f"{mover.at}imap") as program:
        program.login(mover.name, mover.app_password)
        program.select("INBOX", readonly=True)
        found = program.status("INBOX", "(UIDVALIDITY UIDNEXT MESSAGES)"), program.search(None, "FLAGGED")
        return *found, sorted(program.lsub()[1])


def test_mail_goes_from_2_3_to_2_4_and_back(staff: Mailbox, mail_system: MailSystem, folder: Path) -> None:
    own = own_folder(staff)
    staff.at = ""
    with imap(mail_system) as program:
        program.login(staff.name, staff.app_password)
        program.create("Projects")
        program.subscribe("Projects")
        program.append("INBOX", r"(\Flagged)", "", bytes(letter(staff.name, staff.name, "of old")))
    before = kept(staff)
    move(own, mail_system.folder, folder)
    staff.at = WAY
    assert kept(staff) == before
    arrive(staff, "of today")
    before = kept(staff)
    move(own, folder, mail_system.folder)
    staff.at = ""
    assert kept(staff) == before
    inbox = inbox_of(mail_system, staff.name, staff.app_password)
    assert "the letter of old" in inbox
    assert "the letter of today" in inbox


def test_nobody_sends_in_another_name(staff: Mailbox, colleague: Mailbox) -> None:
    with smtp(staff.system, staff.address, f"{WAY}smtp") as outgoing:
        outgoing.login(staff.name, staff.app_password)
        with pytest.raises(smtplib.SMTPDataError, match=r"5\.7\.1"):
            outgoing.send_message(letter("dean@example.edu", colleague.name, "x"), staff.name)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            outgoing.send_message(letter(staff.name, colleague.name, "x"), "dean@example.edu")
        outgoing.send_message(letter(staff.name, colleague.name, "in my own"))
    wait_until(lambda: is_in(colleague, "INBOX", "in my own"))
    read = inbox_of(colleague.system, colleague.name, colleague.app_password, f"{WAY}imap")
    assert f"(Authenticated sender: {staff.name})" in read
    assert f"[{staff.address}]" in read


def test_strangers_do_not_claim_our_domain(staff: Mailbox) -> None:
    world = smtplib.SMTP(HOST, staff.system.ports[f"{WAY}world"], source_address=(staff.address, 0))
    with world, pytest.raises(smtplib.SMTPRecipientsRefused):
        world.send_message(letter("dean@example.edu", staff.name, "x"))


@pytest.mark.usefixtures("newer_nginx")
def test_nginx_asks_and_passes_on(staff: Mailbox) -> None:
    ways = ("nginx_imap", "nginx_pop3", "nginx_smtp")
    assert all("Wrong address or password." in staff.enters(WRONG, way) for way in ways)
    assert staff.failures() == ["imap", "pop3", "smtp"]
    assert [staff.enters(staff.app_password, way) for way in ways] == [IN] * 3


# --- What is connected ends ------------------------------------------------------------------------------------------


@pytest.fixture
def told(newer: MailSystem, settings: Settings) -> None:
    settings.DOVEADM_URLS = [newer.doveadm_url(f"{WAY}doveadm")]
    settings.DOVEADM_API_KEY = DOVEADM_KEY


@pytest.mark.django_db
@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("address", ["", "127.9.9.9"], ids=["everywhere", "at-one-address"])
def test_what_is_connected_ends(newer: MailSystem, staff: Mailbox, address: str) -> None:
    neighbour = Mailbox(newer, at=WAY)
    staff.address = neighbour.address = address or staff.address
    mine, others = OpenPrograms(staff, way=WAY), OpenPrograms(neighbour, way=WAY)
    with closing(mine), closing(others):
        with TestCase.captureOnCommitCallbacks(execute=True):
            mailsessions.end([staff.name], Why.DISABLED, network=address)
        wait_until(lambda: mine.still() == set())
        assert others.still() == set(PROTOCOLS)
    assert Ending.objects.get().people == {staff.name: 4}


@pytest.mark.usefixtures("told")
def test_where_a_filter_sends_mail_on_is_told(newer: MailSystem, staff: Mailbox) -> None:
    with sieve(newer, staff.address, f"{WAY}sieve") as connection:
        assert enter_sieve(connection, staff.name, staff.app_password) == IN
        put_filter(connection, 'require "copy";\r\nredirect :copy "a@evil.example";\r\n')
    assert dovecot.forwards(newer.doveadm_url(f"{WAY}doveadm"), staff.name) == ["a@evil.example"]
    assert dovecot.forwards(newer.doveadm_url(f"{WAY}doveadm"), Mailbox(newer, at=WAY).name) == [], "who has no filter"


@pytest.mark.usefixtures("told")
def test_the_key_opens_nobodys_mail(newer: MailSystem, staff: Mailbox) -> None:
    fetch = {"user": staff.name, "field": ["text"], "query": ["ALL"]}
    for command, parameters in (("fetch", fetch), ("reload", {}), ("mailboxDelete", {"user": staff.name})):
        with pytest.raises(dovecot.Away):
            dovecot._ask(newer.doveadm_url(f"{WAY}doveadm"), [(command, parameters)])


# --- Tokens ----------------------------------------------------------------------------------------------------------


def test_a_token_opens_its_own_mailbox_and_no_other(reader: Reader) -> None:
    other = Mailbox(reader.system, at=WAY)
    assert reader.says() == [IN] * 8
    for way in PROTOCOLS:
        for mechanism in MECHANISMS:
            assert REFUSED[way] in reader.shows(way, user=other.name, mechanism=mechanism)


def test_a_token_that_is_not_for_mail_opens_nothing(reader: Reader) -> None:
    reader.token = reader.browser.tokens("openid email")["access_token"]
    assert IN not in reader.says()


def told_on_the_way(reader: Reader, token: str) -> str:
    """What the challenge says that comes before the refusal."""
    heard: list[bytes] = []
    words = iter([f"user={reader.name}\1auth=Bearer {token}\1\1".encode(), b""])

    def say(challenge: bytes) -> bytes:
        heard.append(challenge)
        return next(words)

    refused = pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED")
    with imap(reader.system, way=f"{WAY}imap") as program, refused:
        program.authenticate("XOAUTH2", say)
    status: str = json.loads(heard[-1])["status"]
    return status


def test_an_outage_of_the_portal_is_told_on_the_way(house: House, reader: Reader) -> None:
    """docs/mail-servers.md says so of 2.4.1; one that says [UNAVAILABLE] in the end is welcome."""
    assert told_on_the_way(reader, "not-a-token") == "401"
    house.portal.stop()
    try:
        assert told_on_the_way(reader, reader.token) == "500"
    finally:
        house.start_portal()


@pytest.fixture
def in_webmail(house: House, newer: MailSystem, folder: Path) -> Iterator[Browser]:
    """Somebody whose webmail is at Dovecot 2.4."""
    browser = Browser(house, Mailbox(newer, two_step=False, at=WAY).name)
    browser.sign_in()
    configuration = house.folder / "config.inc.php"
    at_2_3 = at_2_4 = configuration.read_text()
    for port in ("imap", "smtp", "sieve"):
        at_2_4 = at_2_4.replace(f"$mail:{newer.ports[port]}", f"$mail:{newer.ports[WAY + port]}")
    configuration.write_text(at_2_4)
    try:
        browser.enter_webmail()
        wait_until(lambda: browser.open().ok and f"<{browser.name}>" in (folder / "newer.log").read_text())
        yield browser
    finally:
        configuration.write_text(at_2_3)


def test_an_outage_of_the_portal_ends_nobody_s_webmail(house: House, in_webmail: Browser) -> None:
    """Dovecot 2.4.1 says that the token is wrong."""
    outage = test_webmail_out.test_an_outage_of_the_portal_shows_nothing_and_ends_nothing
    outage(house, in_webmail, old=False)
    in_webmail.sign_out()
    assert test_webmail.owner(in_webmail) == ""
