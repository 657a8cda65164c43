"""Dovecot and Postfix with the configuration in deploy/, asking the mail login service: what people's programs see."""

import imaplib
import poplib
import smtplib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.kit import starttls
from tests.kit.mail_programs import (
    IN,
    ODD_PASSWORD,
    PASSWORD,
    WRONG,
    Mailbox,
    imap,
    inbox_of,
    letter,
    new_address,
    pop3,
    smtp,
)
from tests.kit.open_programs import PROTOCOLS, OpenPrograms
from tests.kit.servers.mail import DEVICES, MailSystem
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(mail_system: MailSystem) -> Path:
    """Where Dovecot has its mail and its log."""
    return mail_system.folder


@pytest.fixture
def service_away(mail_system: MailSystem) -> Iterator[None]:
    """Its process is gone: nobody listens."""
    mail_system.login.stop()
    yield
    mail_system.login.start(mail_system.ports["login"])


# A wrong password, in the words that make a program ask for another one.
REFUSED = {"imap": "[AUTHENTICATIONFAILED]", "pop3": "[AUTH]", "smtp": "535", "sieve": "NO"}


# --- Who gets in -----------------------------------------------------------------------------------------------------


def test_an_app_password_sends_and_reads(staff: Mailbox, colleague: Mailbox) -> None:
    system = staff.system
    with smtp(system, staff.address, staff.at + "smtp") as outgoing:
        outgoing.login(staff.name, staff.app_password)
        outgoing.send_message(letter(staff.name, colleague.name, "minutes"))

    at = colleague.at
    wait_until(lambda: "the letter minutes" in inbox_of(system, colleague.name, colleague.app_password, f"{at}imap"))
    with pop3(system, colleague.address, f"{at}pop3") as incoming:
        incoming.user(colleague.name)
        incoming.pass_(colleague.app_password)
        assert b"This is the letter minutes." in incoming.retr(1)[1]


def test_the_owner_sees_where_an_app_password_was_used(staff: Mailbox) -> None:
    assert staff.enters(staff.app_password, "pop3") == IN
    wait_until(lambda: staff.system.people("last_use", staff.name, "phone") == ["pop3", staff.address])


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.bypass("row 23: mailcow before 2025-03")
def test_the_mailbox_password_opens_only_without_two_step(staff: Mailbox, protocol: str) -> None:
    refusal = staff.enters(PASSWORD, protocol)
    assert REFUSED[protocol] in refusal
    assert ("app password" in refusal) is (protocol != "imap")  # there a text would make it an alert
    assert staff.failures() == [protocol]

    staff.system.people("switch_two_step", staff.name, False)
    assert staff.enters(PASSWORD, protocol) == IN
    staff.system.people("switch_two_step", staff.name, True)
    assert staff.enters(PASSWORD, protocol) != IN
    assert staff.enters(staff.app_password, protocol) == IN


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.bypass("row 28: Dovecot's cache keeps removed passwords")
def test_a_removed_app_password_is_refused_at_the_next_login(staff: Mailbox, protocol: str) -> None:
    assert staff.enters(staff.app_password, protocol) == IN
    staff.system.people("remove_app_password", staff.name, "phone")
    assert REFUSED[protocol] in staff.enters(staff.app_password, protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.bypass("row 32: header encoding")
def test_any_password_arrives_as_it_was_typed(staff: Mailbox, protocol: str) -> None:
    lisi = Mailbox(staff.system, two_step=False, password=ODD_PASSWORD, at=staff.at)
    assert lisi.enters(ODD_PASSWORD, protocol) == IN
    assert lisi.enters(ODD_PASSWORD.replace("+", " "), protocol) != IN


def test_a_name_without_its_domain_is_told_so(staff: Mailbox) -> None:
    said = staff.enters(staff.app_password, typed=staff.name.partition("@")[0])
    assert "[ALERT] Use your whole mail address" in said


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.bypass("vaultwarden#2348")
def test_what_people_type_around_their_name_is_forgiven(staff: Mailbox, folder: Path, protocol: str) -> None:
    full = staff.name.replace("@", "＠").upper()
    for typed in (f"{staff.name} ", f" {staff.name}\u3000", full, staff.name.replace("@", "\u200b@")):
        assert staff.enters(staff.app_password, protocol, typed=typed) == IN, typed
    assert staff.failures() == []
    assert sorted(path.name for path in (folder / "vmail").iterdir()) == ["example.edu"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_name_that_is_a_path_or_a_format_is_nobodys_and_counts(staff: Mailbox, folder: Path, protocol: str) -> None:
    names = [
        "../../etc@example.edu",
        "..@example.edu",
        "a/b@../..",
        "%d%n@example.edu",
        "*@example.edu",
        "x'\"\\@example.edu",
    ]
    for name in names:
        said = staff.enters(staff.app_password, protocol, typed=name)
        assert REFUSED[protocol] in said, (name, said)
    assert staff.failures() == [protocol] * len(names)
    assert all(path.name.startswith("staff") for path in (folder / "vmail/example.edu").glob("*"))


def test_capitals_open_the_same_mailbox(staff: Mailbox) -> None:
    with imap(staff.system, way=staff.at + "imap") as program:
        program.login(staff.name.upper(), staff.app_password)
        program.append("INBOX", "", "", b"Subject: kept\r\n\r\nkept\r\n")
    assert "kept" in inbox_of(staff.system, staff.name, staff.app_password, staff.at + "imap")


@pytest.mark.parametrize("sender", ["dean@example.edu", "somebody@elsewhere.example"])
def test_nobody_sends_in_another_name(staff: Mailbox, sender: str) -> None:
    with smtp(staff.system, staff.address) as outgoing:
        outgoing.login(staff.name, staff.app_password)
        outgoing.mail(sender)
        code, text = outgoing.rcpt(staff.name)
    assert code == 553, text


def test_the_way_to_postfix_is_open_only_for_who_signed_in(staff: Mailbox) -> None:
    with smtplib.SMTP("127.0.0.1", staff.system.ports["relay"]) as outgoing:
        outgoing.helo("client.example.edu")
        outgoing.mail(staff.name)
        assert outgoing.rcpt("somebody@elsewhere.example")[0] == 553
        assert outgoing.rcpt(staff.name)[0] == 553


@pytest.mark.bypass("row 42: secrets in logs")
def test_no_log_holds_what_was_entered(staff: Mailbox, folder: Path) -> None:
    wrong = "canary-7f3a9c-not-the-password"
    for protocol in PROTOCOLS:
        assert staff.enters(wrong, protocol) != IN
        assert staff.enters(staff.app_password, protocol) == IN
    logs = [path for path in folder.iterdir() if path.suffix in (".log", ".out")]
    assert staff.name in "".join(path.read_text() for path in logs)  # they do say who
    for path in logs:
        assert wrong not in path.read_text(), path
        assert staff.app_password not in path.read_text(), path


def test_so_many_devices_behind_one_router_are_connected_by_every_protocol(staff: Mailbox, colleague: Mailbox) -> None:
    """As many as the settings say, alike in each, of one account at one address: the next one waits."""
    with ExitStack() as stack:
        devices = [stack.enter_context(closing(OpenPrograms(staff, way=staff.at))) for _ in range(DEVICES)]
        assert [device.still() for device in devices] == [set(PROTOCOLS)] * DEVICES
        for protocol in PROTOCOLS:
            is_held = not (staff.at and protocol == "sieve")  # 2.4.1 counts it by one name, and looks under another
            assert (staff.enters(staff.app_password, protocol) != IN) is is_held, protocol
            assert staff.enters(staff.app_password, protocol, address=new_address()) == IN, "at home it goes on"
            assert colleague.enters(colleague.app_password, protocol, address=staff.address) == IN, "so do others here"
    assert staff.failures() == []
    wait_until(lambda: {staff.enters(staff.app_password, protocol) for protocol in PROTOCOLS} == {IN})


def test_where_only_starttls_is_known_no_password_is_taken_before_it(staff: Mailbox) -> None:
    context = staff.system.context
    with starttls.imap(staff) as reader:
        with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
            reader.login(staff.name, WRONG)
        reader.starttls(context)
        assert reader.login(staff.name, staff.app_password)[0] == "OK"
    with closing(starttls.pop3(staff)) as fetcher:
        with pytest.raises(poplib.error_proto):
            fetcher.user(staff.name)
        fetcher.stls(context)
        fetcher.user(staff.name)
        assert fetcher.pass_(staff.app_password).startswith(b"+OK")
    with starttls.smtp(staff) as sender:
        with pytest.raises(smtplib.SMTPNotSupportedError):
            sender.login(staff.name, WRONG)
        sender.starttls(context=context)
        assert sender.login(staff.name, staff.app_password)[0] == 235
    assert staff.failures() == []


# --- Bans ------------------------------------------------------------------------------------------------------------


def test_ten_wrong_passwords_ban_their_address_and_no_other(staff: Mailbox) -> None:
    ways = ["imap", "pop3", "smtp"] * 3
    with ThreadPoolExecutor(9) as pool:
        assert IN not in list(pool.map(lambda way: staff.enters(WRONG, way), ways))
    assert sorted(staff.failures()) == sorted(ways)
    assert staff.system.people("ban_of", staff.address) is None

    tenth = staff.enters(WRONG)
    until = staff.system.people("ban_of", staff.address)
    assert until
    assert until in tenth
    for protocol in PROTOCOLS:
        said = staff.enters(staff.app_password, protocol)
        assert "Too many wrong passwords" in said
        assert until in said
    assert staff.enters(staff.app_password, address=new_address()) == IN

    staff.system.people("lift", staff.address)
    assert staff.enters(staff.app_password) == IN


# --- Outages ---------------------------------------------------------------------------------------------------------

TRY_LATER = {"imap": "[UNAVAILABLE]", "pop3": "[SYS/TEMP]", "smtp": "454", "sieve": "NO (TRYLATER)"}


@pytest.mark.usefixtures("service_away")
def test_a_stopped_service_means_try_later_and_counts_nothing(staff: Mailbox) -> None:
    for password in (staff.app_password, WRONG):
        with ThreadPoolExecutor(12) as pool:
            said = list(pool.map(lambda way, password=password: staff.enters(password, way), PROTOCOLS * 3))
        assert [TRY_LATER[way] in answer for way, answer in zip(PROTOCOLS * 3, said, strict=True)] == [True] * 12, said
    assert staff.failures() == []


def test_a_service_that_is_back_lets_people_in(staff: Mailbox) -> None:
    system = staff.system
    assert staff.enters(staff.app_password) == IN
    system.login.stop()
    assert TRY_LATER["imap"] in staff.enters(staff.app_password)
    system.login.start(system.ports["login"])
    assert [staff.enters(staff.app_password, protocol) for protocol in PROTOCOLS] == [IN] * 4
    assert staff.failures() == []


def test_a_hanging_service_means_try_later_and_counts_nothing(staff: Mailbox) -> None:
    assert staff.enters(staff.app_password) == IN
    staff.system.login.freeze()
    try:
        with ThreadPoolExecutor(4) as pool:
            said = list(pool.map(lambda way: staff.enters(staff.app_password, way), PROTOCOLS))
    finally:
        staff.system.login.thaw()
    assert [TRY_LATER[way] in answer for way, answer in zip(PROTOCOLS, said, strict=True)] == [True] * 4, said
    assert [staff.enters(staff.app_password, protocol) for protocol in PROTOCOLS] == [IN] * 4
    assert staff.failures() == []
