"""Mail programs at the four protocols: what happens to somebody who enters a name and a password."""

import base64
import contextlib
import imaplib
import poplib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from itertools import count

import pytest

from tests.kit.servers.mail import MailSystem

HOST, HOST_6 = "127.0.0.1", "::1"
IN = "in"

PASSWORD = "battery-staple-2026"
ODD_PASSWORD = "  two  spaces %41%zz &user=x +plus =is ÄöüßÑ\"'\\ 密码 "
WRONG = "not-the-password"

_addresses = count(2)
_names = count()


def new_address() -> str:
    """A client's own address that nobody had before."""
    number = next(_addresses)
    return f"127.0.{1 + number // 250}.{1 + number % 250}"


def host(source: str) -> str:
    """Where a client with this address finds the servers."""
    return HOST_6 if ":" in source else HOST


class _Imap(imaplib.IMAP4_SSL):
    source = HOST

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        return _connect(self.host, self.port, self.source, self.ssl_context)


class _Pop3(poplib.POP3_SSL):
    encoding = "UTF-8"
    source = HOST
    context: ssl.SSLContext

    def _create_socket(self, timeout: float) -> ssl.SSLSocket:
        return _connect(self.host, self.port, self.source, self.context)


def _connect(host: str, port: int, source: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(socket.create_connection((host, port), 30, (source, 0)), server_hostname=host)


@contextlib.contextmanager
def imap(system: MailSystem, source: str = HOST, way: str = "imap") -> Iterator[imaplib.IMAP4_SSL]:
    kind = type("Imap", (_Imap,), {"source": source})
    connection = kind(host(source), system.ports[way], ssl_context=system.context)
    try:
        yield connection
    finally:
        connection.shutdown()


@contextlib.contextmanager
def pop3(system: MailSystem, source: str = HOST, way: str = "pop3") -> Iterator[poplib.POP3_SSL]:
    kind = type("Pop3", (_Pop3,), {"source": source})
    connection = kind(host(source), system.ports[way], context=system.context)
    try:
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def smtp(system: MailSystem, source: str = HOST, way: str = "smtp") -> Iterator[smtplib.SMTP_SSL]:
    connection = smtplib.SMTP_SSL(
        host(source), system.ports[way], "client.example.edu", timeout=30,
        source_address=(source, 0), context=system.context,
    )  # fmt: skip
    try:
        yield connection
    finally:
        connection.close()


def attempt(system: MailSystem, way: str, user: str, password: str, source: str = HOST) -> str:
    """IN, or what the server said. `way` names a port: imap, nginx_imap, newer_imap, ..."""
    said = _ATTEMPTS[way.rpartition("_")[2]](system, way, user, password, source)
    # Some programs take a text with these words for a mailbox in use.
    assert "lock" not in said.lower(), said
    return said


def _try_imap(system: MailSystem, way: str, user: str, password: str, source: str) -> str:
    with imap(system, source, way) as connection:
        try:
            if password.isascii() and user.isascii():
                connection.login(connection._quote(user), password)
            else:
                connection.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
        except imaplib.IMAP4.error as refusal:
            return str(refusal)
        return IN


def _try_pop3(system: MailSystem, way: str, user: str, password: str, source: str) -> str:
    with pop3(system, source, way) as connection:
        try:
            connection.user(user)
            connection.pass_(password)
        except poplib.error_proto as refusal:
            return str(refusal)
        return IN


def _try_smtp(system: MailSystem, way: str, user: str, password: str, source: str) -> str:
    with smtp(system, source, way) as connection:
        try:
            if password.isascii() and user.isascii():
                connection.login(user, password)
                return IN
            connection.ehlo()
            code, text = connection.docmd("AUTH", f"PLAIN {_plain(user, password)}")
            return IN if code == 235 else f"{code} {text!r}"
        except smtplib.SMTPAuthenticationError as refusal:
            return f"{refusal.smtp_code} {refusal.smtp_error!r}"


def _try_sieve(system: MailSystem, way: str, user: str, password: str, source: str) -> str:
    with sieve(system, source, way) as connection:
        return enter_sieve(connection, user, password)


def enter_sieve(connection: ssl.SSLSocket, user: str, password: str) -> str:
    connection.sendall(f'AUTHENTICATE "PLAIN" "{_plain(user, password)}"\r\n'.encode())
    answer = _sieve_answer(connection)
    return IN if answer.startswith("OK") else answer


def put_filter(connection: ssl.SSLSocket, script: str) -> None:
    """It is in use from now on."""
    connection.sendall(f'PUTSCRIPT "mine" {{{len(script)}+}}\r\n{script}\r\n'.encode())
    assert (said := _sieve_answer(connection)).startswith("OK"), said
    connection.sendall(b'SETACTIVE "mine"\r\n')
    assert (said := _sieve_answer(connection)).startswith("OK"), said


@contextlib.contextmanager
def sieve(system: MailSystem, source: str = HOST, way: str = "sieve") -> Iterator[ssl.SSLSocket]:
    """ManageSieve, RFC 5804: STARTTLS, then AUTHENTICATE."""
    with socket.create_connection((host(source), system.ports[way]), 30, (source, 0)) as plain:
        _sieve_answer(plain)
        plain.sendall(b"STARTTLS\r\n")
        _sieve_answer(plain)
        with system.context.wrap_socket(plain, server_hostname=HOST) as connection:
            _sieve_answer(connection)
            yield connection


def _sieve_answer(connection: socket.socket, questions: tuple[str, ...] = ()) -> str:
    """The last line, which is OK, NO or BYE; or begins as a question does, where one may come."""
    received = b""
    while True:
        lines = received.decode().split("\r\n")
        if lines[-1] == "" and len(lines) > 1 and lines[-2].startswith(("OK", "NO", "BYE", *questions)):
            return lines[-2]
        more = connection.recv(4096)
        assert more, received
        received += more


def _plain(user: str, password: str) -> str:
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


_ATTEMPTS = {"imap": _try_imap, "pop3": _try_pop3, "smtp": _try_smtp, "sasl": _try_smtp, "sieve": _try_sieve}


# --- With a token instead of a password, as webmail comes ------------------------------------------------------------


def show_token(
    system: MailSystem, way: str, user: str, token: str, mechanism: str = "XOAUTH2", source: str = HOST
) -> str:
    """IN, or what the server said in the end. Before it refuses a token, a server says why, and waits for a word."""
    return _SHOWN[way.rpartition("_")[2]](system, way, user, token, mechanism, source)


def _shown(user: str, token: str, mechanism: str) -> str:
    """RFC 7628; XOAUTH2 is Google's form of it, from before."""
    first = f"user={user}" if mechanism == "XOAUTH2" else f"n,a={user},"
    return f"{first}\1auth=Bearer {token}\1\1"


def coded(user: str, token: str, mechanism: str) -> str:
    return base64.b64encode(_shown(user, token, mechanism).encode()).decode()


def _last_word(mechanism: str) -> str:
    return "" if mechanism == "XOAUTH2" else base64.b64encode(b"\1").decode()


def _show_imap(system: MailSystem, way: str, user: str, token: str, mechanism: str, source: str) -> str:
    with imap(system, source, way) as connection:
        words = iter([_shown(user, token, mechanism).encode(), b"" if mechanism == "XOAUTH2" else b"\1"])
        try:
            connection.authenticate(mechanism, lambda _: next(words))
        except imaplib.IMAP4.error as refusal:
            return str(refusal)
        return IN


def _show_pop3(system: MailSystem, way: str, user: str, token: str, mechanism: str, source: str) -> str:
    with pop3(system, source, way) as connection:
        try:
            said = connection._shortcmd(f"AUTH {mechanism} {coded(user, token, mechanism)}")  # type: ignore[attr-defined]
            if said.startswith(b"+ "):
                said = connection._shortcmd(_last_word(mechanism))  # type: ignore[attr-defined]
        except poplib.error_proto as refusal:
            return str(refusal)
        return IN if said.startswith(b"+OK") else str(said)


def _show_smtp(system: MailSystem, way: str, user: str, token: str, mechanism: str, source: str) -> str:
    with smtp(system, source, way) as connection:
        connection.ehlo()
        code, text = connection.docmd("AUTH", f"{mechanism} {coded(user, token, mechanism)}")
        if code == 334:
            code, text = connection.docmd(_last_word(mechanism))
        return IN if code == 235 else f"{code} {text!r}"


def _show_sieve(system: MailSystem, way: str, user: str, token: str, mechanism: str, source: str) -> str:
    with sieve(system, source, way) as connection:
        connection.sendall(f'AUTHENTICATE "{mechanism}" "{coded(user, token, mechanism)}"\r\n'.encode())
        answer = _sieve_answer(connection, ('"', "{"))
        if not answer.startswith(("OK", "NO")):
            connection.sendall(f'"{_last_word(mechanism)}"\r\n'.encode())
            answer = _sieve_answer(connection)
        return IN if answer.startswith("OK") else answer


_SHOWN = {"imap": _show_imap, "pop3": _show_pop3, "smtp": _show_smtp, "sieve": _show_sieve}


def letter(sender: str, to: str, subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message.set_content(f"This is the letter {subject}.\n")
    return message


def inbox_of(system: MailSystem, user: str, password: str, way: str = "imap") -> str:
    """The headers and texts of all mails, as IMAP shows them."""
    with imap(system, way=way) as connection:
        connection.login(user, password)
        _, counted = connection.select("INBOX", readonly=True)
        if counted == [b"0"]:
            return ""
        _, found = connection.fetch("1:*", "(BODY.PEEK[])")
        return "".join(part[1].decode() for part in found if isinstance(part, tuple))


class Mailbox:
    """Somebody of the staff, with a mail program on a phone at an address of its own."""

    def __init__(self, system: MailSystem, *, two_step: bool = True, password: str = PASSWORD, at: str = "") -> None:
        """`at` one of several Dovecots: "newer_"."""
        self.system, self.at = system, at
        self.name = system.mailboxes[next(_names)]
        self.password = password
        self.address = new_address()
        system.people("add", self.name, password, two_step)
        self.app_password: str = system.people("app_password", self.name, "phone")

    def enters(self, password: str, way: str = "imap", *, address: str = "", typed: str = "") -> str:
        return attempt(self.system, self.at + way, typed or self.name, password, address or self.address)

    def failures(self) -> list[str]:
        found: list[str] = self.system.people("failures", self.address)
        return found


@pytest.fixture
def staff(mail_system: MailSystem) -> Mailbox:
    return Mailbox(mail_system)


@pytest.fixture
def colleague(mail_system: MailSystem) -> Mailbox:
    return Mailbox(mail_system)
