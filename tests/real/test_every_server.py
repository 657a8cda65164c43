"""The truth table of limited app passwords at real servers: use × network × end × server. What decides has it whole, in
tests/apppasswords/test_limits.py; here each server is asked whether it passes on what that needs, and does what it
is told. Each two values stand together in every run; `make long` asks for all of them.
"""

import base64
import imaplib
import smtplib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from apppasswords.limits import USES, Scope
from tests.apppasswords.test_limits import SCOPES
from tests.kit.mail_programs import HOST, IN, Mailbox, new_address
from tests.kit.servers import free_port, need
from tests.kit.servers.http_stub import Answer, http_stub
from tests.kit.servers.ldap_front import SUFFIX, saslauthd
from tests.kit.servers.mail import TOKEN, MailSystem
from tests.kit.servers.service import Service
from tests.kit.share import pairwise, share
from tests.real.test_cyrus import cyrus
from tests.real.test_dav import lay_out
from tests.real.test_ldap_front import exim_in

pytestmark = pytest.mark.slow

# By which protocol each server asks; and those of them that do not know where their clients are.
SERVERS = {
    **{f"{at}{protocol}": protocol for at in ("", "newer_") for protocol in ("imap", "pop3", "smtp", "sieve")},
    **{f"{at}sasl": "smtp" for at in ("", "newer_")},  # Postfix, by Dovecot's socket
    **{f"nginx_{protocol}": protocol for protocol in ("imap", "pop3", "smtp")},
    **{f"auth_request_{protocol}": protocol for protocol in ("dav", "eas")},
    "exim": "smtp",
    "cyrus": "imap",
}
WITHOUT_ADDRESS = {"cyrus"}
HERE, THERE = "here", "there"  # where the program is, and where it is not
NETWORKS = {"anywhere": "", HERE: "{address}/32 2001:db8::/32", THERE: "198.51.100.0/24"}
ENDS: dict[str, dict[str, int | None]] = {
    "never": {"ends": 0, "idle": None, "made": 0},
    "tomorrow": {"ends": 1, "idle": None, "made": 0},
    "yesterday": {"ends": -1, "idle": None, "made": 2},
    "used in time": {"ends": 0, "idle": 90, "made": 89},
    "not used for long": {"ends": 0, "idle": 90, "made": 91},
}
OVER = {"yesterday", "not used for long"}
Enter = Callable[[str, str, str], bool]


@dataclass
class Person:
    mailbox: Mailbox
    secrets: dict[tuple[str, str, str], str]
    ways: dict[str, Enter]

    def may(self, server: str, scope: str, network: str, end: str) -> bool:
        """As the table wants it."""
        is_within = network == "anywhere" or (network == HERE and server not in WITHOUT_ADDRESS)
        return SERVERS[server] in SCOPES[Scope(scope)] and is_within and end not in OVER

    def gets_in(self, server: str, *limits: Any) -> bool:
        secret = self.secrets[limits]
        if own := self.ways.get(server):
            return own(self.mailbox.name, secret, self.mailbox.address)
        return self.mailbox.enters(secret, server) == IN


def by_exim(port: int) -> Enter:
    def enter(user: str, secret: str, address: str) -> bool:
        with smtplib.SMTP(HOST, port, source_address=(address, 0), timeout=30) as line:
            line.ehlo("test")
            said = base64.b64encode(f"\0{user}\0{secret}".encode()).decode()
            return line.docmd("AUTH PLAIN", said)[0] == 235

    return enter


def by_cyrus(port: int) -> Enter:
    def enter(user: str, secret: str, _address: str) -> bool:
        with imaplib.IMAP4(HOST, port, timeout=30) as line:
            try:
                line.login(user, secret)
            except imaplib.IMAP4.error:
                return False
            return True

    return enter


def by_curl(port: int) -> Enter:
    def enter(user: str, secret: str, address: str) -> bool:
        words = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--interface", address]
        words += ["--user", f"{user}:{secret}", f"http://{HOST}:{port}/"]
        done = subprocess.run([need("curl"), *words], capture_output=True, text=True, timeout=30, check=True)
        assert done.stdout in ("200", "401"), done.stdout
        return done.stdout == "200"

    return enter


@contextmanager
def front(system: MailSystem) -> Iterator[str]:
    """The LDAP front for the same people."""
    port = free_port()
    servers = f"cyrus: imap, {HOST}; exim: smtp, {HOST}, tells addresses"
    more = {"LDAP_FRONT_SERVERS": servers, "LDAP_FRONT_LISTEN": f"{HOST}:{port}"}
    command = [sys.executable, "-m", "apppasswords.maillogin.ldap.front"]
    service = Service("front", command, system.folder, system.environment | more)
    try:
        service.start(port)
        yield f"ldap://{HOST}:{port}"
    finally:
        service.stop()


@contextmanager
def auth_request(system: MailSystem, protocol: str, behind: str) -> Iterator[int]:
    folder, port = system.folder / f"auth_request-{protocol}", free_port()
    folder.mkdir()
    lay_out(folder, port, system.ports["login"], behind, TOKEN, protocol)
    service = Service("nginx", [need("nginx"), "-c", str(folder / "nginx.conf")], folder, {})
    try:
        service.start(port)
        yield port
    finally:
        service.stop()


@pytest.fixture(scope="module")
def ways(newer: MailSystem, nginx: MailSystem) -> Iterator[dict[str, Enter]]:
    """To the servers that are no part of a mail system of ours."""
    assert newer is nginx
    assert SUFFIX == "dc=mailkey"
    with ExitStack() as stack:
        url = stack.enter_context(front(newer))
        found = {"cyrus": by_cyrus(stack.enter_context(cyrus(stack.enter_context(saslauthd(url)))))}
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailkey-exim-")))
        found["exim"] = by_exim(stack.enter_context(exim_in(folder, url)))
        behind = stack.enter_context(http_stub())
        behind.always = Answer("a calendar")
        for protocol in ("dav", "eas"):
            found[f"auth_request_{protocol}"] = by_curl(stack.enter_context(auth_request(newer, protocol, behind.host)))
        yield found


@pytest.fixture
def person(ways: dict[str, Enter], newer: MailSystem) -> Person:
    """With an app password of each kind."""
    mailbox = Mailbox(newer)
    mailbox.address = new_address()
    kinds = list(product(map(str, Scope), NETWORKS, ENDS))
    limits: list[dict[str, object]] = [
        {"scope": scope, "networks": NETWORKS[network].format(address=mailbox.address), **ENDS[end]}
        for scope, network, end in kinds
    ]
    made = newer.people("limited_app_passwords", mailbox.name, limits)
    return Person(mailbox, dict(zip(kinds, made, strict=True)), ways)


def is_decisive(server: str, scope: str, network: str, end: str) -> bool:
    """One limit alone. Where two refuse, a mistake about either would not show."""
    opens = next(scope for scope in Scope if SERVERS[server] in SCOPES[scope])
    return (scope != opens) + (network != "anywhere") + (end != "never") <= 1


def test_every_protocol_is_asked_about_by_a_server() -> None:
    assert set(SERVERS.values()) == set(USES)


def test_truth_table(person: Person) -> None:
    table = list(product(SERVERS, map(str, Scope), NETWORKS, ENDS))
    decisive = share([row for row in table if is_decisive(*row)], 2)
    rows = list(dict.fromkeys([*pairwise(table), *decisive]))
    with ThreadPoolExecutor(8) as pool:  # nginx lets who is refused wait for two seconds
        got_in = list(pool.map(lambda row: person.gets_in(*row), rows))
    assert [row for row, is_in in zip(rows, got_in, strict=True) if is_in != person.may(*row)] == []
    assert any(got_in)
    assert person.mailbox.failures() == [], "who has a right one guesses nothing"
