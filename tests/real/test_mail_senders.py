"""Who sends what in whose name, at a real Postfix: on the envelope, in the letter, from outside."""

import smtplib
from email.header import Header
from email.message import EmailMessage

import pytest

from tests.kit.mail_programs import HOST, IN, Mailbox, inbox_of, letter, smtp
from tests.kit.servers.mail import MailSystem
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

DEAN = "dean@example.edu"


def send(staff: Mailbox, lines: str, *, envelope: str | None = None) -> str:
    """What Postfix says to a letter with these header lines."""
    with smtp(staff.system, staff.address) as outgoing:
        outgoing.login(staff.name, staff.app_password)
        try:
            outgoing.sendmail(
                staff.name if envelope is None else envelope, staff.name, f"{lines}\r\n\r\ntext\r\n".encode()
            )
        except smtplib.SMTPResponseException as refusal:
            return f"{refusal.smtp_code} {refusal.smtp_error!r}"
        return "sent"


def encoded(text: str) -> str:
    return Header(text, "utf-8").encode()


def received(staff: Mailbox, subject: str) -> str:
    mails: str = wait_until(
        lambda: found if subject in (found := inbox_of(staff.system, staff.name, staff.app_password)) else ""
    )
    return mails


@pytest.mark.parametrize("before", ["", "张三 ", '"San, Zhang" ', "=?utf-8?b?5byg5LiJ?= "])
def test_one_s_own_name_is_sent_and_who_signed_in_is_named(staff: Mailbox, before: str) -> None:
    assert send(staff, f"From: {before}<{staff.name}>\r\nSubject: mine") == "sent"
    assert f"(Authenticated sender: {staff.name})" in received(staff, "Subject: mine")


@pytest.mark.parametrize(
    "lines",
    [
        f"From: IT Office <{DEAN}>",
        f"From: {DEAN} <{{own}}>",
        f'From: "{DEAN}" <{{own}}>',
        f"From: {encoded(DEAN)} <{{own}}>",
        f"From: {encoded('dean＠example.edu')} <{{own}}>",
        f"From: {{own}}, {DEAN}",
        "From: {own}, dean @ example.edu",
        "From: {own}, dean(the)@example.edu",
        "From: {own}, \"dean\"@example.edu",
        f"From: <@a.example,@b.example:{DEAN}>",
        f"From: {DEAN}\r\n <{{own}}>",
        f"From: {{own}}\r\nFrom: {DEAN}",
        f"FROM: {DEAN}\r\nFrom: {{own}}",
        f"From : {DEAN}",
        f"From: {{own}}\r\nSender: {DEAN}",
        f"From: {{own}}\r\nResent-From: {DEAN}",
        "From: x{own}",
        "From: {own}.evil.example",
        "From: undisclosed",
    ],
)  # fmt: skip
@pytest.mark.parametrize("envelope", [None, ""])
def test_nobody_else_s_name_is(staff: Mailbox, lines: str, envelope: str | None) -> None:
    said = send(staff, lines.format(own=staff.name), envelope=envelope)
    assert said.startswith("550"), said
    assert "5.7.1" in said


def test_a_letter_of_nobody_s_is_not_sent(staff: Mailbox) -> None:
    """Where From is missing Postfix writes the envelope's sender there, which it has looked at."""
    assert send(staff, "Subject: nobody's", envelope="").startswith("550")
    assert send(staff, "Subject: without") == "sent"
    assert f"From: {staff.name}" in received(staff, "Subject: without")


def test_a_read_receipt_is_sent_and_says_who_signed_in(staff: Mailbox) -> None:
    assert send(staff, f"From: {staff.name}\r\nSubject: read", envelope="") == "sent"
    assert f"(Authenticated sender: {staff.name})" in received(staff, "Subject: read")


def test_a_shared_address_is_for_whom_it_is_granted(staff: Mailbox, colleague: Mailbox) -> None:
    system, shared = staff.system, f"office-{staff.name}"
    assert send(staff, f"From: Office <{shared}>\r\nSubject: shared", envelope=shared) == "sent"
    assert send(staff, f"From: Office <{shared}>") == "sent"
    assert send(colleague, f"From: Office <{shared}>").startswith("550")
    with smtp(system, colleague.address) as outgoing:
        outgoing.login(colleague.name, colleague.app_password)
        outgoing.mail(shared)
        assert outgoing.rcpt(staff.name)[0] == 553


def test_what_stands_after_a_plus_is_its_owner_s(staff: Mailbox) -> None:
    tagged, local = staff.name.replace("@", "+news@"), staff.name.partition("@")[0]
    assert send(staff, f"From: {tagged}\r\nSubject: tagged", envelope=tagged) == "sent"
    assert arrive(staff.system, "somebody@elsewhere.example", tagged, staff.address) == 250
    assert "Subject: from outside" in received(staff, "Subject: from outside")
    assert staff.enters(staff.app_password, typed=tagged) == IN
    for other in (f"dean+{local}@example.edu", f"x{tagged}", f"{local}+a@b+@example.edu"):
        assert send(staff, f"From: {other}").startswith("550"), other


# --- From outside ----------------------------------------------------------------------------------------------------


def arrive(system: MailSystem, sender: str, to: str, source: str) -> int:
    message: EmailMessage = letter(sender or "somebody@elsewhere.example", to, "from outside")
    with smtplib.SMTP(HOST, system.ports["world"], "elsewhere.example", source_address=(source, 0)) as postfix:
        try:
            postfix.sendmail(sender, to, message.as_bytes())
        except smtplib.SMTPRecipientsRefused as refusal:
            return refusal.recipients[to][0]
        except smtplib.SMTPSenderRefused as refusal:
            return refusal.smtp_code
    return 250


@pytest.mark.parametrize(
    "sender", ["{own}", DEAN, "nobody-is-called-so@example.edu", "x@sub.example.edu", "DEAN@EXAMPLE.EDU"]
)
def test_strangers_do_not_claim_our_domain(staff: Mailbox, sender: str) -> None:
    claimed = sender.format(own=staff.name)
    assert arrive(staff.system, claimed, staff.name, staff.address) == 554
    assert arrive(staff.system, claimed, staff.name, HOST) == 250, "the portal and other programs of this machine"


@pytest.mark.parametrize("sender", ["somebody@elsewhere.example", "", "x@notexample.edu"])
def test_strangers_write_to_us(staff: Mailbox, sender: str) -> None:
    assert arrive(staff.system, sender, staff.name, staff.address) == 250


def test_an_address_that_dovecot_cannot_keep_is_refused_at_the_door(staff: Mailbox) -> None:
    """Not taken in and sent back later, to whoever is said to have sent it."""
    world = smtplib.SMTP(HOST, staff.system.ports["world"], "elsewhere.example", source_address=(staff.address, 0))
    with world, smtp(staff.system, staff.address) as outgoing:
        for server in (world, outgoing):
            server.ehlo()
            assert not server.has_extn("smtputf8")
        world.send("MAIL FROM:<王@elsewhere.example> SMTPUTF8\r\n".encode())
        assert world.getreply()[0] in (501, 555)
