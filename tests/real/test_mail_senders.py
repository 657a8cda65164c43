"""Who sends what in whose name, at a real Postfix: on the envelope, in the letter, from outside."""

import smtplib
from collections.abc import Iterator
from email.header import Header
from email.message import EmailMessage

import pytest

from tests.kit.mail_programs import HOST, IN, Mailbox, inbox_of, letter, new_address, smtp
from tests.kit.servers import need_file
from tests.kit.servers.mail import MailSystem
from tests.kit.servers.service import ROOT, Service
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

DEAN = "dean@example.edu"
POLICYD = ROOT / ".venv/policyd"  # by .ci/run: installed, it would start


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


# --- How much


@pytest.fixture
def limited(mail_system: MailSystem) -> Iterator[int]:
    """The port of Postfix's listener that asks Debian's policyd-rate-limit: three recipients an hour."""
    need_file(f"{POLICYD}/usr/bin/policyd-rate-limit")
    folder = mail_system.folder
    text = (POLICYD / "etc/policyd-rate-limit.yaml").read_text()
    for old, new in {
        "- [10, 60] ": "- [3, 3600] ",
        'user: "policyd-rate-limit"': 'user: "nobody"',
        'group: "policyd-rate-limit"': 'group: "nogroup"',
        "/var/spool/postfix": f"{folder}/spool",
        "/var/lib/policyd-rate-limit": f"{folder}/policyd",
        "/var/run/policyd-rate-limit": f"{folder}/policyd",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "policyd.yaml").write_text(text)
    command = ["/usr/bin/python3", f"{POLICYD}/usr/bin/policyd-rate-limit", "--file", f"{folder}/policyd.yaml"]
    modules = {"PYTHONPATH": f"{POLICYD}/usr/lib/python3/dist-packages", "PATH": "/usr/bin:/bin"}
    policyd = Service("policyd", command, folder, modules)
    try:
        policyd.begin()
        wait_until((folder / "spool/ratelimit/policy").exists)
        yield mail_system.ports["limited"]
    finally:
        policyd.stop()


def passed_on(port: int, who: Mailbox, recipients: int) -> list[int]:
    """What Postfix says to each, as Dovecot hands on a letter of who signed in."""
    with smtplib.SMTP(HOST, port, "mail.example.edu", 30) as line:
        line.ehlo()
        assert line.docmd("XCLIENT", f"LOGIN={who.name} ADDR={who.address}")[0] == 220
        line.ehlo()
        line.mail(who.name)
        return [line.rcpt(who.name)[0] for _ in range(recipients)]


def test_one_account_sends_so_much_and_the_others_go_on(limited: int, staff: Mailbox, colleague: Mailbox) -> None:
    """By the account, wherever it comes from: a campus may have one address."""
    colleague.address = staff.address
    assert passed_on(limited, staff, 2) == [250, 250]
    assert passed_on(limited, staff, 2) == [250, 450]
    assert passed_on(limited, colleague, 1) == [250]
    staff.address = new_address()
    assert passed_on(limited, staff, 1) == [450], "later"


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
