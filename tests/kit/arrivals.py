"""Mail that arrives from outside, and the box that it is in."""

import smtplib

from tests.kit.mail_programs import (
    HOST,
    Mailbox,
    imap,
    letter,
)
from tests.kit.waiting import wait_until


def is_in(mailbox: Mailbox, box: str, subject: str) -> bool:
    with imap(mailbox.system, way=f"{mailbox.at}imap") as program:
        program.login(mailbox.name, mailbox.app_password)
        program.select(box, readonly=True)
        found: bool = program.search(None, "SUBJECT", f'"{subject}"')[1] != [b""]
        return found


def arrive(mailbox: Mailbox, subject: str, box: str = "INBOX", tag: str = "") -> None:
    """From outside; returns when it is in that box."""
    name = mailbox.name.replace("@", f"{tag}@")
    with smtplib.SMTP(HOST, mailbox.system.ports[f"{mailbox.at}world"], "elsewhere.example") as postfix:
        postfix.send_message(letter("somebody@elsewhere.example", name, subject))
    wait_until(lambda: is_in(mailbox, box, subject))
