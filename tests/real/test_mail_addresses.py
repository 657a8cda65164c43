"""Where mail programs come from: several addresses of this machine by swaks, and IPv6, through each server."""

import imaplib
import re
import smtplib
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.kit.mail_programs import HOST, HOST_6, IN, PASSWORD, WRONG, Mailbox, inbox_of, letter, new_address, smtp
from tests.kit.open_programs import PROTOCOLS
from tests.kit.servers import need
from tests.kit.servers.mail import BRAKE, IPV6, LISTEN, MailSystem
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

LATER = "454"
NGINX = ("nginx_imap", "nginx_pop3", "nginx_smtp")


def swaks(mailbox: Mailbox, source: str, password: str, way: str = "smtp") -> str:
    """IN, or the code with which it was refused."""
    done = subprocess.run(
        [
            need("swaks"), "--server", HOST, "--port", str(mailbox.system.ports[way]), "--tls-on-connect",
            "--local-interface", source, "--auth", "PLAIN", "--auth-user", mailbox.name, "--auth-password", password,
            "--to", mailbox.name, "--quit-after", "AUTH", "--auth-hide-password",
        ],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    codes = re.findall(r"(?m)^<[~*-]\*? +(235|4\d\d|5\d\d)[ -]", done.stdout)
    assert codes, done.stdout + done.stderr
    return IN if codes[-1] == "235" else codes[-1]


def at_once(asked: list[tuple[Any, ...]]) -> list[str]:
    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(lambda one: swaks(*one), asked))


def test_a_ban_of_one_address_leaves_the_others(newer: MailSystem) -> None:
    """Whichever server it came about at, it holds at each, there and nowhere else."""
    staff, neighbour = Mailbox(newer), Mailbox(newer)
    guesser, home, office = new_address(), new_address(), new_address()
    ways = ["smtp", "newer_smtp"]
    said = at_once([(staff, guesser, f"guess {number}", ways[number % 2]) for number in range(10)])
    assert said == ["535"] * 10
    for way in ways:
        assert at_once([(staff, at, staff.app_password, way) for at in (guesser, home, office)]) == ["535", IN, IN]
    assert swaks(neighbour, guesser, neighbour.app_password) == "535", "the address is banned, whoever comes from it"
    assert staff.system.people("ban_of", guesser)
    assert [staff.system.people("ban_of", at) for at in (home, office)] == [None, None]
    wait_until(lambda: staff.system.people("last_use", staff.name, "phone")[1] in (home, office))


@pytest.mark.bypass("guesses at one account from many addresses")
def test_an_account_that_is_guessed_at_from_everywhere_is_closed_where_nobody_knows_it(mail_system: MailSystem) -> None:
    """Its owner goes on at home, and others from wherever the guesses come."""
    owner, neighbour = Mailbox(mail_system, two_step=False), Mailbox(mail_system, two_step=False)
    home, elsewhere, *net = (f"127.{number}.1.1" for number in range(20, 26))  # no two of a provider's
    assert swaks(owner, home, PASSWORD) == IN
    asked = [(owner, net[number % 4], f"guess {number}") for number in range(BRAKE)]
    assert at_once(asked) == ["535"] * BRAKE
    for at in net:
        assert len(mail_system.people("failures", at)) == BRAKE // 4, "each is seen with what it did"
        assert mail_system.people("ban_of", at) is None
    assert at_once([(owner, at, PASSWORD) for at in (elsewhere, net[0], home)]) == [LATER, LATER, IN]
    assert at_once([(owner, elsewhere, owner.app_password), (neighbour, net[0], PASSWORD)]) == [IN, IN]
    assert mail_system.people("failures", elsewhere) == []


# --- IPv6 ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ipv6() -> None:
    assert "::1" in LISTEN, f"this machine has no ::1 ({IPV6})"


@pytest.mark.usefixtures("ipv6", "nginx")
def test_people_come_in_by_ipv6_at_every_server(newer: MailSystem) -> None:
    staff = Mailbox(newer)
    staff.address = HOST_6
    staff.system.people("forget")  # of this address, which every test would have
    for way in (*PROTOCOLS, *(f"newer_{protocol}" for protocol in PROTOCOLS), *NGINX):
        assert staff.enters(staff.app_password, way) == IN, way
    wait_until(lambda: staff.system.people("last_use", staff.name, "phone") == ["imap", HOST_6])
    assert staff.enters(WRONG) != IN
    assert staff.system.people("failures", "::/64") == ["imap"], "what one client has for itself"
    staff.system.people("forget")


@pytest.mark.usefixtures("ipv6")
@pytest.mark.parametrize("at", ["", "newer_"])
def test_mail_is_sent_and_comes_by_ipv6(newer: MailSystem, at: str) -> None:
    staff = Mailbox(newer, at=at)
    with smtp(newer, HOST_6, f"{at}smtp") as outgoing:
        outgoing.login(staff.name, staff.app_password)
        outgoing.send_message(letter(staff.name, staff.name, "from my flat"))
    with smtplib.SMTP(HOST_6, newer.ports[f"{at}world"], "elsewhere.example") as world:
        world.send_message(letter("somebody@elsewhere.example", staff.name, "from afar"))
        world.rset()
        world.mail("dean@example.edu")
        assert world.rcpt(staff.name)[0] == 554, "strangers do not claim our domain"

    def read() -> str:
        return inbox_of(newer, staff.name, staff.app_password, f"{at}imap")

    wait_until(lambda: {"from my flat", "from afar"} <= set(re.findall("the letter (from [a-z ]+)", read())))
    assert read().count("[IPv6:::1]") >= 2, "Postfix was told where each came from"


class _FromAfar(imaplib.IMAP4):
    """As nginx passes somebody on, to the Dovecot behind it: by the PROXY protocol."""

    source: str

    def _create_socket(self, timeout: float | None) -> socket.socket:
        line = socket.create_connection((self.host, self.port), 30)
        line.sendall(f"PROXY TCP6 {self.source} 2001:db8:ffff::1 40000 993\r\n".encode())
        return line


def enters_from(mailbox: Mailbox, source: str, password: str) -> str:
    kind = type("FromAfar", (_FromAfar,), {"source": source})
    program = kind(HOST, mailbox.system.ports["behind_imap"])
    try:
        program.login(mailbox.name, password)
    except imaplib.IMAP4.error as refusal:
        return str(refusal)
    finally:
        program.shutdown()
    return IN


@pytest.mark.usefixtures("nginx")
def test_an_ipv6_client_is_its_64(staff: Mailbox) -> None:
    at_home = {"scope": "read send", "networks": "2001:db8:1:2::/64", "ends": 0, "idle": None, "made": 0}
    [limited] = staff.system.people("limited_app_passwords", staff.name, [at_home])
    assert enters_from(staff, "2001:db8:1:2:ffff::9", limited) == IN
    assert enters_from(staff, "2001:db8:1:3::9", limited) != IN, "made for another network"
    with ThreadPoolExecutor(5) as pool:
        sources = [f"2001:db8:1:2::{number:x}" for number in range(1, 11)]
        assert IN not in pool.map(lambda source: enters_from(staff, source, WRONG), sources)
    assert staff.system.people("ban_of", "2001:db8:1:2::77")
    assert "Too many wrong passwords" in enters_from(staff, "2001:db8:1:2:abcd::1", staff.app_password)
    assert enters_from(staff, "2001:db8:1:3::1", staff.app_password) == IN, "next door"
    staff.system.people("lift", "2001:db8:1:2::/64")
    assert enters_from(staff, "2001:db8:1:2::1", staff.app_password) == IN
