"""What goes wrong where nobody looks is mailed to those who run the portal: by the queue, folded, without secrets."""

import logging
import smtplib
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts.audit import tasks as audit_tasks
from accounts.delivery.errors import ConfigurationRejected
from accounts.delivery.models import Sms
from accounts.faults import tasks
from accounts.faults.handler import Handler
from accounts.faults.models import Fault
from accounts.lib.loglines import Lines
from accounts.routes import tasks as routes_tasks
from tests.conftest import MakeUser
from tests.kit import guards
from tests.kit.outgoing import make_sms
from tests.kit.people import Person
from tests.kit.tampering import sql, write

ADMIN = "it-office@example.edu"
SECRET = "48151623"


class Reports:
    """The handler at the root of all loggers, which here writes when the test says so."""

    def __init__(self, handler: Handler, sent: list[Any]) -> None:
        self.handler, self.sent = handler, sent

    def mails(self) -> list[Any]:
        """Those that came since the last time."""
        self.handler.flush()
        before = len(self.sent)
        tasks.tell()
        return self.sent[before:]


@pytest.fixture
def reports(db: None, settings: Any, mailoutbox: list[Any]) -> Iterator[Reports]:
    settings.ADMINS = [("", ADMIN)]
    own = Handler(logging.ERROR, writes_by_itself=False)
    root = logging.getLogger()
    theirs = [handler for handler in root.handlers if isinstance(handler, Handler)]
    assert theirs, "errors have no way to ADMINS"
    for handler in theirs:
        root.removeHandler(handler)
    root.addHandler(own)
    yield Reports(own, mailoutbox)
    root.removeHandler(own)
    for handler in theirs:
        root.addHandler(handler)


def after(passed: timedelta) -> time_machine.travel:
    return time_machine.travel(timezone.now() + passed, tick=False)


def fail(name: str, password: str = "") -> None:
    try:
        raise LookupError(f"nothing there for {password}")
    except LookupError:
        logging.getLogger(name).exception("It failed for %s", "somebody")


@pytest.mark.parametrize(
    "name",
    ["accounts", "accounts.log.tasks", "apppasswords.setup.profiles", "apppasswords.maillogin.service", "portal.pages"],
)
def test_an_error_is_mailed_without_secrets(reports: Reports, name: str) -> None:
    fail(name, SECRET)
    (mail,) = reports.mails()
    assert mail.to == [ADMIN]
    assert "It failed for somebody" in mail.subject
    assert "LookupError" in mail.body
    assert "test_faults.py" in mail.body
    assert SECRET not in mail.subject + mail.body


@pytest.mark.parametrize("name", ["django.request", "celery.app.trace", "oauthlib", "anybody's", ""])
def test_so_is_one_of_any_other_logger_whose_words_may_hold_anything(reports: Reports, name: str) -> None:
    logging.getLogger(name).error("Task %s failed with %s", "send", f"{SECRET} zhangsan@example.edu")
    (mail,) = reports.mails()
    assert "Task %s failed with %s" in mail.subject
    assert SECRET not in mail.body
    assert "zhangsan" not in mail.body


@pytest.mark.bypass("row 42: a secret in a mail to administrators")
def test_what_our_own_words_say_too_much_of_is_masked(reports: Reports) -> None:
    logging.getLogger("accounts.x").error("No %s", "zhangsan@example.edu +8613800138000 481516 /a/?token=x.y-z&b=1")
    (mail,) = reports.mails()
    for word in ("zhangsan", "138001", "481516", "x.y-z", "b=1"):
        assert word not in mail.subject + mail.body
    assert "No …@…" in mail.subject


@pytest.mark.parametrize("name", ["accounts.delivery.sending", "apppasswords.maillogin.service"])
def test_a_warning_is_not_mailed(reports: Reports, name: str) -> None:
    logging.getLogger(name).warning("The queue is slow")
    assert not reports.mails()


def test_a_flood_is_one_mail_and_says_how_many(reports: Reports) -> None:
    for _ in range(10_000):
        logging.getLogger("django.request").error("Internal Server Error: %s", "/")
    assert Fault.objects.count() == 0, "whoever logs an error waits for no database"
    (mail,) = reports.mails()
    assert "× 10000" in mail.subject


def test_one_place_is_told_once_in_a_quarter_of_an_hour(reports: Reports) -> None:
    for minutes, expected in ((0, 1), (5, 0), (14, 0), (16, 1), (17, 0)):
        with after(timedelta(minutes=minutes)):
            fail("accounts")
            mails = reports.mails()
            assert len(mails) == expected, minutes
    assert "× 3" in mail_subject(reports)
    logging.getLogger("accounts").error("Another place")
    assert len(reports.mails()) == 1


def mail_subject(reports: Reports) -> str:
    return str(reports.sent[-1].subject)


def test_a_dead_mail_server_only_delays(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    fail("accounts")
    for error in (ConnectionRefusedError(), TimeoutError(), smtplib.SMTPServerDisconnected(), OSError("no such host")):
        with monkeypatch.context() as patch:
            patch.setattr("django.core.mail.EmailMessage.send", raising(error))
            assert not reports.mails()
        with after(timedelta(seconds=50)):
            assert not reports.mails(), "it is tried again, though not at once"
        Fault.objects.update(next_at=timezone.now())
    assert len(reports.mails()) == 1


def raising(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


def test_a_dead_database_only_delays(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("accounts.faults.faults.keep", raising(OperationalError("away")))
        for _ in range(3):
            fail("accounts")
            assert not reports.mails()
    (mail,) = reports.mails()
    assert "× 3" in mail.subject


def test_a_database_that_is_away_is_one_fault_whoever_asked_it(reports: Reports) -> None:
    for page in range(5):
        try:
            exec(
                f"def page_{page}(): raise OperationalError('away')\npage_{page}()",
                {"OperationalError": OperationalError},
            )
        except OperationalError:
            logging.getLogger("django.request").exception("The database is away: %s", f"/{page}/")
    (mail,) = reports.mails()
    assert "× 5" in mail.subject
    assert "OperationalError" in mail.subject


def test_nobody_to_tell(reports: Reports, settings: Any) -> None:
    settings.ADMINS = []
    fail("accounts")
    assert not reports.mails()
    assert not Fault.objects.exists()


# --- What must not stay unknown ---------------------------------------------------------------------------------------


def test_a_log_that_is_not_whole(reports: Reports) -> None:
    write(3)
    with guards.lifted():
        sql("DELETE FROM LOG WHERE position = 2")
    audit_tasks.verify.delay()
    assert "The security log is not whole" in reports.mails()[0].subject
    with pytest.raises(CommandError):
        call_command("verify_events", verbosity=0)
    assert "The security log is not whole" in reports.mails()[0].subject


def test_a_gateway_that_refuses_to_work_for_us(
    reports: Reports, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.delivery.gateways.send", raising(ConfigurationRejected("20003")))
    sms = make_sms(make_user("wangwu", phone="13800138000"))
    routes_tasks.send_sms.delay(sms.pk)
    assert Sms.objects.get().status == Sms.Status.FAILED
    (mail,) = reports.mails()
    assert "20003" in mail.subject
    assert "13800138000" not in mail.subject + mail.body


def test_a_page_that_fails(reports: Reports, lisi: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    lisi.sign_in()
    lisi.raise_request_exception = False
    monkeypatch.setattr("accounts.phones.phones.of", raising(ValueError(SECRET)))
    for _ in range(3):
        assert lisi.get("/", {"q": SECRET}).status_code == 500
    (mail,) = reports.mails()
    assert "ValueError: portal/pages.py" in mail.subject
    assert "× 3" in mail.subject
    assert "GET /" in mail.body
    assert SECRET not in mail.body


def test_bad_requests_are_no_faults(reports: Reports, db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    for _ in range(20):
        client.get("/", headers={"host": "evil.example"})
        client.post("/sign-in/", {"username": "x"})
        client.get("/nowhere/")
        client.post("/sign-in/", {f"field{number}": "" for number in range(1100)})
    assert not reports.mails()


# --- Lines of the log -------------------------------------------------------------------------------------------------


def line(error: Exception) -> str:
    try:
        raise error
    except type(error):
        record = logging.LogRecord("portal", logging.ERROR, __file__, 1, "Failed", (), sys.exc_info())
    return Lines("{asctime} [{request_id}] {message}", style="{").format(record)


def test_a_database_that_is_away_is_one_line() -> None:
    assert line(OperationalError("connection refused\nIs it running?")).endswith(
        "Failed (OperationalError: connection refused)"
    )
    assert "Traceback" in line(ValueError("of ours"))


def test_a_time_says_its_zone() -> None:
    assert line(OperationalError("away"))[19:].startswith((".", "+"))
    assert "+08:00" in line(OperationalError("away")).split()[0]


@pytest.mark.parametrize(("given", "kept"), [("a1-B2.c", True), ("", False), ("x" * 65, False), ("a b\n", False)])
def test_a_request_has_a_name(db: None, client: Client, given: str, kept: bool) -> None:
    name = client.get("/health/live", headers={"x-request-id": given} if given else {}).headers["X-Request-ID"]
    assert (name == given) is kept
    assert name.isprintable()
