"""Mail programs that begin without TLS, on the ports that are named so."""

import imaplib
import poplib
import smtplib
import socket
from typing import Any

from tests.kit.mail_programs import HOST, Mailbox


def _connecting_from(source: str) -> dict[str, Any]:
    """What imaplib and poplib ask for their socket."""

    def create(program: Any, _timeout: float | None) -> socket.socket:
        return socket.create_connection((program.host, program.port), 30, (source, 0))

    return {"_create_socket": create}


def imap(mailbox: Mailbox) -> imaplib.IMAP4:
    kind = type("Imap", (imaplib.IMAP4,), _connecting_from(mailbox.address))
    return kind(HOST, mailbox.system.ports[f"{mailbox.at}starttls_imap"])  # type: ignore[no-any-return]


def pop3(mailbox: Mailbox) -> poplib.POP3:
    kind = type("Pop3", (poplib.POP3,), _connecting_from(mailbox.address))
    return kind(HOST, mailbox.system.ports[f"{mailbox.at}starttls_pop3"])  # type: ignore[no-any-return]


def smtp(mailbox: Mailbox) -> smtplib.SMTP:
    port = mailbox.system.ports[f"{mailbox.at}starttls_smtp"]
    return smtplib.SMTP(HOST, port, "client.example.edu", 30, (mailbox.address, 0))
