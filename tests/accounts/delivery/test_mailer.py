"""A mail server on its bad days: what was certainly not handed over is sent again until it is old; nothing twice."""

import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as site
from django.utils import timezone

from accounts.delivery import mailer, tasks
from accounts.delivery.models import Mail
from accounts.log.models import SecurityEvent
from tests.kit.outgoing import after
from tests.kit.people import Person

ANSWERS = {"EHLO": "250 here", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", ".": "250 taken", "QUIT": "221"}


class MailServer(socketserver.ThreadingTCPServer):
    """`bad` says at which word it does what: fall silent, hang up, or an answer of its own."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.bad: dict[str, str] = {}
        self.taken = 0
        self.over = threading.Event()
        self.port = int(self.server_address[1])


class Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        if not self._say("HELLO", "220 hello"):
            return
        for line in iter(self.rfile.readline, b""):
            word = line.decode().split()[0].upper() if line.strip() else ""
            if word == "DATA" and self._say("DATA", ANSWERS["DATA"]):
                for text in iter(self.rfile.readline, b""):
                    if text == b".\r\n":
                        self.server.taken += 1
                        break
                word = "."
            if not self._say(word, ANSWERS.get(word, "250 ok")):
                return

    def _say(self, word: str, answer: str) -> bool:
        bad = self.server.bad.get(word, answer)
        if bad == "silent":
            self.server.over.wait(20)
        if bad in ("silent", "hangs up"):
            return False
        self.wfile.write(f"{bad}\r\n".encode())
        return True


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    monkeypatch.setattr(mailer, "AWAY_FOR", 0)
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        settings.EMAIL_BACKEND = "accounts.delivery.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 0.3
        yield server
        server.over.set()
        server.shutdown()


@pytest.fixture
def mail(wangwu: Person) -> Mail:
    assert wangwu.user
    event = SecurityEvent.objects.create(kind=SecurityEvent.Kind.PHONE_BOUND, user=wangwu.user, detail={"number": "1"})
    now = timezone.now()
    return Mail.objects.create(user=wangwu.user, event=event, language="en", expires_at=now + site.SMS_NOTICE_LIFETIME)


def story(mail: Mail) -> tuple[str, int]:
    tasks.send_mail.delay(mail.pk)
    mail.refresh_from_db()
    return mail.status, mail.tried


@pytest.mark.parametrize("how", ["silent", "hangs up", "421 later", "451 later", "550 no"])
@pytest.mark.parametrize("word", ["HELLO", "EHLO", "MAIL", "DATA"])
def test_what_was_certainly_not_handed_over_is_tried_again(server: MailServer, mail: Mail, word: str, how: str) -> None:
    server.bad = {word: how, "HELO": how}
    assert story(mail) == ("delayed", 1)
    server.bad = {}
    with after(10):
        tasks.sweep()
    mail.refresh_from_db()
    assert (mail.status, mail.tried, server.taken) == ("sent", 2, 1)


@pytest.mark.parametrize("how", ["silent", "hangs up"])
def test_what_was_handed_over_without_an_answer_is_never_sent_again(server: MailServer, mail: Mail, how: str) -> None:
    server.bad = {".": how}
    assert story(mail)[0] == "unknown"
    server.bad = {}
    for seconds in (10, 100, 1000):
        with after(seconds):
            tasks.sweep()
    assert server.taken == 1


@pytest.mark.parametrize("how", ["silent", "hangs up", "500 what?"])
def test_who_took_it_need_not_say_good_bye(server: MailServer, mail: Mail, how: str) -> None:
    server.bad = {"QUIT": how}
    assert story(mail) == ("sent", 1)


@pytest.mark.parametrize(("answer", "status"), [("550 nobody", "failed"), ("450 greylisted", "delayed")])
def test_a_recipient_that_is_refused(server: MailServer, mail: Mail, answer: str, status: str) -> None:
    server.bad = {"RCPT": answer}
    assert story(mail)[0] == status


def test_a_refused_mail_is_no_unknown_one(server: MailServer, mail: Mail) -> None:
    server.bad = {".": "451 disk full"}
    assert story(mail)[0] == "delayed"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1"])
def test_no_such_host_and_nobody_there(server: MailServer, mail: Mail, settings: Any, host: str) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = host, 1
    assert story(mail)[0] == "delayed"


def test_until_it_is_old(server: MailServer, mail: Mail) -> None:
    server.bad = {"HELLO": "hangs up"}
    story(mail)
    with after(site.SMS_NOTICE_LIFETIME.total_seconds() + 1):
        tasks.sweep()
    mail.refresh_from_db()
    assert (mail.status, mail.reason, server.taken) == ("failed", "late", 0)


def test_the_next_mails_do_not_wait_for_a_server_that_is_away(
    server: MailServer, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer, "AWAY_FOR", 60)
    monkeypatch.setattr(mailer.Pause, "ends_at", 0.0)
    server.bad = {"HELLO": "hangs up"}
    story(mail)
    server.bad = {}
    with after(10):
        tasks.sweep()
    mail.refresh_from_db()
    assert (mail.status, mail.error, server.taken) == ("delayed", "the mail server is away", 0)
