"""Mail programs that stay connected: IMAP in IDLE, POP3 with the mailbox open, submission between two mails,
ManageSieve."""

import contextlib
import smtplib
from poplib import error_proto

from tests.kit.mail_programs import IN, Mailbox, enter_sieve, imap, letter, pop3, sieve, smtp

PROTOCOLS = ("imap", "pop3", "smtp", "sieve")
SOON = 0.3  # seconds; what was ended by then has said so


class OpenPrograms:
    """All four of one person, on one device."""

    def __init__(self, mailbox: Mailbox, password: str = "", way: str = "") -> None:
        self.mailbox = mailbox
        self._ended: set[str] = set()
        self._stack = contextlib.ExitStack()
        system, name, source = mailbox.system, mailbox.name, mailbox.address
        password = password or mailbox.app_password
        self.imap = self._stack.enter_context(imap(system, source, way + "imap"))
        self.imap.login(name, password)
        self.imap.select("INBOX")
        self._idle()
        self.pop3 = self._stack.enter_context(pop3(system, source, way + "pop3"))
        self.pop3.user(name)
        self.pop3.pass_(password)
        self.smtp = self._stack.enter_context(smtp(system, source, way + "smtp"))
        self.smtp.login(name, password)
        self.smtp.send_message(letter(name, name, "the first of two"))
        has_sieve = f"{way}sieve" in system.ports  # nginx does not
        self.sieve = self._stack.enter_context(sieve(system, source, f"{way}sieve" if has_sieve else "sieve"))
        assert enter_sieve(self.sieve, name, password) == IN
        self._uses = {"imap": self._use_imap, "pop3": self._use_pop3, "smtp": self._use_smtp, "sieve": self._use_sieve}

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._stack.close()

    def still(self) -> set[str]:
        """The protocols that go on: each is used."""
        for protocol in PROTOCOLS:
            if protocol not in self._ended and not self._goes_on(protocol):
                self._ended.add(protocol)
        return set(PROTOCOLS) - self._ended

    def _goes_on(self, protocol: str) -> bool:
        try:
            return self._uses[protocol]()
        except (OSError, EOFError, error_proto, smtplib.SMTPException):
            return False

    def _idle(self) -> None:
        self.imap.send(b"i IDLE\r\n")
        while not (line := self.imap.readline()).startswith(b"+"):
            if not line:
                raise EOFError("ended before it idled")

    def _use_imap(self) -> bool:
        self.imap.sock.settimeout(SOON)
        try:
            if b"BYE" in (said := self.imap.sock.recv(4096)) or not said:
                return False
        except TimeoutError:
            pass  # nothing is said to it: it idles
        self.imap.sock.settimeout(10)
        self.imap.send(b"DONE\r\n")
        while line := self.imap.readline():
            if line.startswith(b"i OK"):
                self._idle()
                return True
        return False

    def _use_pop3(self) -> bool:
        return self.pop3.noop().startswith(b"+OK")

    def _use_smtp(self) -> bool:
        self.smtp.rset()
        return self.smtp.mail(self.mailbox.name)[0] == 250

    def _use_sieve(self) -> bool:
        self.sieve.settimeout(10)
        self.sieve.sendall(b"NOOP\r\n")
        return self.sieve.recv(4096).startswith(b"OK")
