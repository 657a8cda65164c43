"""The second way: nginx in front, asking by auth_http, with the configuration in deploy/nginx."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.kit.mail_programs import (
    IN,
    ODD_PASSWORD,
    PASSWORD,
    WRONG,
    Mailbox,
    attempt,
    imap,
    inbox_of,
    letter,
    new_address,
    smtp,
)
from tests.kit.servers.mail import MailSystem
from tests.kit.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nginx")]

WAYS = ("nginx_imap", "nginx_pop3", "nginx_smtp")
TRY_LATER = {"nginx_imap": "[UNAVAILABLE]", "nginx_pop3": "[SYS/TEMP]", "nginx_smtp": "454"}


def everywhere(mailbox: Mailbox, password: str) -> dict[str, str]:
    """At all ways at once: nginx lets a refused program wait for two seconds."""
    with ThreadPoolExecutor(len(WAYS)) as pool:
        return dict(zip(WAYS, pool.map(lambda way: mailbox.enters(password, way), WAYS), strict=True))


def test_an_app_password_sends_and_reads(staff: Mailbox, colleague: Mailbox) -> None:
    system = staff.system
    with smtp(system, staff.address, "nginx_smtp") as outgoing:
        outgoing.login(staff.name, staff.app_password)
        outgoing.send_message(letter(staff.name, colleague.name, "invitation"))
    read = wait_until(lambda: inbox_of(system, colleague.name, colleague.app_password, "nginx_imap"))
    assert "the letter invitation" in read
    assert f"[{staff.address}]" in read  # Postfix was told where it came from
    assert everywhere(staff, staff.app_password) == dict.fromkeys(WAYS, IN)


def test_nobody_sends_in_another_name(staff: Mailbox) -> None:
    with smtp(staff.system, staff.address, "nginx_smtp") as outgoing:
        outgoing.login(staff.name, staff.app_password)
        outgoing.mail("dean@example.edu")
        assert outgoing.rcpt(staff.name)[0] == 553


@pytest.mark.bypass("row 23: mailcow before 2025-03")
def test_the_mailbox_password_opens_only_without_two_step(staff: Mailbox) -> None:
    said = everywhere(staff, PASSWORD)
    assert all("app password" in text for text in said.values()), said
    assert "535" in said["nginx_smtp"]
    assert "[AUTHENTICATIONFAILED] Wrong address or password." in said["nginx_imap"]
    assert sorted(staff.failures()) == ["imap", "pop3", "smtp"]  # one attempt is one failure, of its own address

    staff.system.people("switch_two_step", staff.name, False)
    assert everywhere(staff, PASSWORD) == dict.fromkeys(WAYS, IN)


@pytest.mark.bypass("row 32: header encoding")
def test_any_password_arrives_as_it_was_typed(mail_system: MailSystem) -> None:
    password = ODD_PASSWORD.strip()  # nginx itself drops spaces around the argument of POP3's PASS
    lisi = Mailbox(mail_system, two_step=False, password=password)
    assert everywhere(lisi, password) == dict.fromkeys(WAYS, IN)
    assert IN not in everywhere(lisi, password.replace("+", " ")).values()


def test_what_people_type_around_their_name_is_forgiven(staff: Mailbox) -> None:
    def enters(one: tuple[str, str]) -> str:
        way, name = one
        return attempt(staff.system, way, name, staff.app_password, staff.address)

    typed = [(way, name) for way in WAYS for name in (f"{staff.name} ", staff.name.upper().replace("@", "＠"))]
    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(enters, typed))
    assert said == [IN] * len(typed)
    assert staff.failures() == []


@pytest.mark.bypass("row 28: Dovecot's cache keeps removed passwords")
def test_a_removed_app_password_is_refused_at_the_next_login(staff: Mailbox) -> None:
    assert everywhere(staff, staff.app_password) == dict.fromkeys(WAYS, IN)
    staff.system.people("remove_app_password", staff.name, "phone")
    assert IN not in everywhere(staff, staff.app_password).values()


def test_ten_wrong_passwords_ban_their_address_and_no_other(staff: Mailbox) -> None:
    with ThreadPoolExecutor(10) as pool:
        assert IN not in list(pool.map(lambda way: staff.enters(WRONG, way), [*WAYS * 3, "nginx_imap"]))
    until = staff.system.people("ban_of", staff.address)
    assert until
    said = everywhere(staff, staff.app_password)
    assert all(until in text for text in said.values()), said
    assert staff.enters(staff.app_password, "nginx_imap", address=new_address()) == IN
    staff.system.people("lift", staff.address)
    assert everywhere(staff, staff.app_password) == dict.fromkeys(WAYS, IN)


def test_a_wrong_password_can_be_put_right_on_the_same_connection(staff: Mailbox) -> None:
    with imap(staff.system, staff.address, "nginx_imap") as program:
        with pytest.raises(program.error):
            program.login(staff.name, WRONG)
        program.login(staff.name, staff.app_password)
    assert staff.failures() == []  # a success clears them


@pytest.mark.parametrize("how", ["stopped", "hanging"])
def test_without_the_service_programs_try_later_and_nothing_is_counted(staff: Mailbox, how: str) -> None:
    login = staff.system.login
    if how == "stopped":
        login.stop()
    else:
        login.freeze()
    try:
        said = everywhere(staff, staff.app_password)
    finally:
        if how == "stopped":
            login.start(staff.system.ports["login"])
        else:
            login.thaw()
    assert [TRY_LATER[way] in said[way] for way in WAYS] == [True] * 3, said
    assert everywhere(staff, staff.app_password) == dict.fromkeys(WAYS, IN)
    assert staff.failures() == []
