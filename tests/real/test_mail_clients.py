"""Independent mail programs at Dovecot: they get in with an app password, and one attempt of each is one failure."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.kit.mail_programs import HOST, PASSWORD, Mailbox, inbox_of, letter, smtp
from tests.kit.servers import need
from tests.kit.servers.mail import MailSystem
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow


class CommandLine:
    """A person at a terminal: a home folder, a mailbox, and programs that are told where the servers are."""

    def __init__(self, mailbox: Mailbox, home: Path) -> None:
        self.mailbox = mailbox
        self.system = mailbox.system
        self.home = home
        self.certificate = str(mailbox.system.certificate)

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        program = need(command[0])
        done = subprocess.run(
            [program, *command[1:]], input=stdin, capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, "HOME": str(self.home)},
        )  # fmt: skip
        assert "lock" not in done.stdout.lower().replace(self.system.folder.name, ""), done.stdout
        return done

    def curl(self, scheme: str, password: str, *more: str) -> subprocess.CompletedProcess[str]:
        port = self.system.ports[scheme.removesuffix("s")]
        path = {"imaps": "/INBOX;MAILINDEX=1", "pop3s": "/1", "smtps": "/client.example.edu"}[scheme]
        return self.run(
            "curl", "--silent", "--show-error", "--verbose", "--cacert", self.certificate,
            "--interface", self.mailbox.address, "--user", f"{self.mailbox.name}:{password}", *more,
            f"{scheme}://{HOST}:{port}{path}",
        )  # fmt: skip

    def mbsync(self, password: str) -> subprocess.CompletedProcess[str]:
        (self.home / "mail").mkdir(exist_ok=True)
        configuration = self.home / "mbsyncrc"
        configuration.write_text(
            f"IMAPAccount here\nHost localhost\nPort {self.system.ports['imap']}\nUser {self.mailbox.name}\n"
            f"Pass {password}\nSSLType IMAPS\nCertificateFile {self.certificate}\n\n"
            f"IMAPStore far\nAccount here\n\n"
            f"MaildirStore near\nPath {self.home}/mail/\nInbox {self.home}/mail/inbox\n\n"
            "Channel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSyncState *\n"
        )
        return self.run("mbsync", "--config", str(configuration), "all")

    def fetchmail(self, protocol: str, password: str) -> subprocess.CompletedProcess[str]:
        configuration = self.home / "fetchmailrc"
        configuration.write_text(
            f'poll localhost protocol {protocol} service {self.system.ports[protocol]} username "{self.mailbox.name}"\n'
            f'password "{password}" ssl sslcertck sslcertfile "{self.certificate}"\n'
            f'keep mda "cat >> {self.home}/fetched"\n'
        )
        configuration.chmod(0o600)
        return self.run("fetchmail", "--fetchmailrc", str(configuration), "--pidfile", str(self.home / "fetchmail.pid"),
                        "--nodetach", "-v")  # fmt: skip

    def msmtp(self, password: str, subject: str) -> subprocess.CompletedProcess[str]:
        return self.run(
            "msmtp", "--file=/dev/null", f"--host={HOST}", f"--port={self.system.ports['smtp']}", "--tls=on",
            "--tls-starttls=off", f"--tls-trust-file={self.certificate}", "--auth=on",
            f"--user={self.mailbox.name}", f"--passwordeval=echo {shlex.quote(password)}",
            f"--source-ip={self.mailbox.address}", f"--from={self.mailbox.name}", "--", self.mailbox.name,
            stdin=str(letter(self.mailbox.name, self.mailbox.name, subject)),
        )  # fmt: skip

    def swaks(self, password: str, subject: str) -> subprocess.CompletedProcess[str]:
        return self.run(
            "swaks", "--server", HOST, "--port", str(self.system.ports["smtp"]), "--tls-on-connect",
            "--local-interface", self.mailbox.address, "--auth", "--auth-user", self.mailbox.name,
            "--auth-password", password, "--from", self.mailbox.name, "--to", self.mailbox.name,
            "--h-Subject", subject, "--auth-hide-password",
        )  # fmt: skip

    def has_received(self, subject: str) -> None:
        wait_until(lambda: f"Subject: {subject}" in inbox_of(self.system, self.mailbox.name, self.mailbox.app_password))


@pytest.fixture
def terminal(staff: Mailbox, tmp_path: Path) -> CommandLine:
    """One mail is in the mailbox."""
    with smtp(staff.system, staff.address) as outgoing:
        outgoing.login(staff.name, staff.app_password)
        outgoing.send_message(letter(staff.name, staff.name, "welcome"))
    line = CommandLine(staff, tmp_path)
    line.has_received("welcome")
    return line


@pytest.fixture
def clean_loopback(mail_system: MailSystem) -> None:
    """For programs that cannot choose their own address."""
    mail_system.people("forget")


def counted(terminal: CommandLine, address: str = "") -> list[str]:
    found: list[str] = terminal.system.people("failures", address or terminal.mailbox.address)
    return found


@pytest.mark.parametrize(("scheme", "protocol"), [("imaps", "imap"), ("pop3s", "pop3")])
def test_curl_reads(terminal: CommandLine, scheme: str, protocol: str) -> None:
    refused = terminal.curl(scheme, PASSWORD)
    assert refused.returncode == 67
    assert {"imap": "AUTHENTICATIONFAILED", "pop3": "mail programs need an app password"}[protocol] in refused.stderr
    assert counted(terminal) == [protocol]
    assert "This is the letter welcome." in terminal.curl(scheme, terminal.mailbox.app_password).stdout


def test_curl_sends(terminal: CommandLine) -> None:
    name = terminal.mailbox.name
    mail = terminal.home / "letter"
    mail.write_text(str(letter(name, name, "by-curl")))
    options = ("--mail-from", name, "--mail-rcpt", name, "--upload-file", str(mail), "--crlf")
    refused = terminal.curl("smtps", PASSWORD, *options)
    assert refused.returncode == 67
    assert "535" in refused.stderr
    assert counted(terminal) == ["smtp"]
    assert terminal.curl("smtps", terminal.mailbox.app_password, *options).returncode == 0
    terminal.has_received("by-curl")


@pytest.mark.usefixtures("clean_loopback")
def test_mbsync_reads(terminal: CommandLine) -> None:
    refused = terminal.mbsync(PASSWORD)
    assert refused.returncode != 0
    assert "AUTHENTICATIONFAILED" in refused.stdout + refused.stderr
    assert counted(terminal, HOST) == ["imap"]
    done = terminal.mbsync(terminal.mailbox.app_password)
    assert done.returncode == 0, done.stderr
    assert any("the letter welcome" in mail.read_text() for mail in (terminal.home / "mail/inbox/new").iterdir())


@pytest.mark.usefixtures("clean_loopback")
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_fetchmail_reads(terminal: CommandLine, protocol: str) -> None:
    refused = terminal.fetchmail(protocol, PASSWORD)
    assert refused.returncode == 3, refused  # its number for a refused password
    said = {"imap": "AUTHENTICATIONFAILED", "pop3": "mail programs need an app password"}[protocol]
    assert said in refused.stdout + refused.stderr
    assert counted(terminal, HOST) == [protocol]
    done = terminal.fetchmail(protocol, terminal.mailbox.app_password)
    assert done.returncode == 0, done
    assert "the letter welcome" in (terminal.home / "fetched").read_text()


@pytest.mark.parametrize("program", ["msmtp", "swaks"])
def test_other_programs_send(terminal: CommandLine, program: str) -> None:
    send = {"msmtp": terminal.msmtp, "swaks": terminal.swaks}[program]
    refused = send(PASSWORD, "refused")
    assert refused.returncode != 0
    assert "mail programs need an app password" in refused.stdout + refused.stderr
    assert counted(terminal) == ["smtp"]
    done = send(terminal.mailbox.app_password, f"by-{program}")
    assert done.returncode == 0, done
    terminal.has_received(f"by-{program}")


def test_swaks_is_told_to_try_later(terminal: CommandLine) -> None:
    terminal.system.login.stop()
    try:
        said = terminal.swaks(terminal.mailbox.app_password, "too early")
    finally:
        terminal.system.login.start(terminal.system.ports["login"])
    assert "454 4.7.0" in said.stdout
    assert counted(terminal) == []
