"""`manage.py checksms`, and the check of every night: what would keep an SMS from going out, and what to do."""

import json
import locale
import socket
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery import tasks
from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown
from accounts.delivery.gateways import memory, twilio
from accounts.delivery.models import Attempt, Sms
from accounts.log.models import SecurityEvent
from accounts.routes import switches
from accounts.routes.models import ALL
from accounts.users.models import User
from portal.office.management.commands import checksms
from tests.accounts.delivery.test_alibaba_gateway import SECRET, said, sign, template
from tests.accounts.delivery.test_alibaba_gateway import stub as alibaba_stub
from tests.accounts.delivery.test_platforms import Make, answer, platform, stub
from tests.conftest import MakeUser
from tests.kit.people import Person
from tests.kit.servers.http_stub import Answer, HttpStub

__all__ = ["alibaba_stub", "platform", "stub"]

ACTIVE = Answer('{"status": "active"}')

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _reachable(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PUBLIC_URL, settings.SMS_RECEIPT_SECRET = "https://portal.example.edu", "s" * 20
    found = socket.getaddrinfo("127.0.0.1", None)
    asked = socket.getaddrinfo

    def getaddrinfo(host: str, *rest: Any, **more: Any) -> Any:
        return found if host == "portal.example.edu" else asked(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(locale, "getlocale", lambda *_: ("en_US", "UTF-8"))


def checked(*words: str) -> tuple[str, str]:
    """What was said, and the error at the end."""
    out = StringIO()
    try:
        call_command("checksms", *words, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def test_all_is_well(alibaba_stub: HttpStub) -> None:
    alibaba_stub.script = [sign(mobile=3)]
    alibaba_stub.always = template("请注意")
    out, error = checked()
    assert error == ""
    assert "· alibaba: Signature “示例大学” is filed with China Mobile.\n" in out
    assert "· alibaba: No SMS went through it for 30 days." in out
    assert out.endswith("SMS would go out.\n")


def test_troubles_are_told_and_end_the_command(alibaba_stub: HttpStub) -> None:
    alibaba_stub.script = [sign(mobile=3, unicom=-2)]
    alibaba_stub.always = template("请注意")
    out, error = checked()
    assert "✗ alibaba: Signature “示例大学” at China Unicom: it is not filed" in out
    assert error == "1 troubles."


def test_in_the_language_of_the_terminal(alibaba_stub: HttpStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "getlocale", lambda *_: ("zh_CN", "UTF-8"))
    alibaba_stub.script = [sign(unicom=-2)]
    alibaba_stub.always = template("请注意")
    assert "签名“示例大学”在中国联通：未报备" in checked()[0]


def test_whoever_breaks_is_one_of_the_troubles(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.SMS_GATEWAY = "memory"

    def broken() -> None:
        raise ValueError("secret")

    monkeypatch.setattr(memory, "check", broken)
    out, error = checked()
    assert "✗ memory: The check itself broke: ValueError." in out
    assert "secret" not in out + error


@pytest.mark.parametrize(
    ("url", "words"),
    [("http://portal.example.edu", "to https addresses only"), ("https://nowhere.invalid", "nobody can look up")],
)
def test_reports_must_reach_us(settings: Settings, url: str, words: str) -> None:
    settings.PUBLIC_URL = url
    assert words in checked()[0]


def test_without_a_secret_nothing_is_reported(alibaba_stub: HttpStub, settings: Settings) -> None:
    settings.SMS_RECEIPT_SECRET = ""
    alibaba_stub.always = template("请注意")
    assert "· This site: SMS_RECEIPT_SECRET is not set: alibaba cannot report" in checked()[0]


def test_what_was_sent_lately_has_not_lapsed(settings: Settings, wangwu: Person) -> None:
    settings.SMS_GATEWAY = "memory"
    assert wangwu.user
    sms = Sms.objects.create(user=wangwu.user, number="+8613800138000", purpose="test", expires_at=timezone.now())
    Attempt.objects.create(sms=sms, gateway="memory", outcome="sent")
    assert "No SMS went through it" not in checked()[0]


# --- A test -----------------------------------------------------------------------------------------------------------

TO = "13800138000"


@pytest.fixture
def root(settings: Settings, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch) -> User:
    """Whose tests are queued at once: what is one transaction here are several outside of tests."""
    settings.SMS_GATEWAY = "memory"
    monkeypatch.setattr("django.db.transaction.on_commit", lambda act, **_: act())
    return make_user("root", is_staff=True, is_superuser=True, language="en")


def test_a_test_is_an_sms_like_every_other(root: User) -> None:
    out, _error = checked("--to", TO)
    (sent,) = memory.outbox
    assert (sent.to, sent.code) == (f"+86{TO}", None)
    assert "r***@" in sent.text
    sms = Sms.objects.get()
    assert (sms.user, sms.purpose, sms.status, sms.attempts.count()) == (root, "test", "sent", 1)
    assert f"· Test: memory took it, as {sms.gateway_id}." in out
    assert TO not in out
    event = SecurityEvent.objects.get(kind="test_sms")
    assert (event.user, event.detail) == (root, {"number": "138****8000", "reason": "manage.py checksms"})


def test_what_holds_for_every_sms_holds_for_a_test(root: User, settings: Settings) -> None:
    """Switches, budgets, countries and the wait from one to the next."""
    switches.switch(ALL, on=False, reason="flood", by=root, address="")
    assert "A budget of today is spent" in checked("--to", TO)[0]
    switches.switch(ALL, on=True, reason="over", by=root, address="")
    settings.SMS_BUDGETS = {"+86": (0, None)}
    assert "A budget of today is spent" in checked("--to", TO)[0]
    settings.SMS_BUDGETS = {}
    assert "this country" in checked("--to", "+4915112345678")[1]
    assert (Sms.objects.count(), memory.outbox) == (0, [])
    assert "· Test: memory took it" in checked("--to", TO)[0]
    assert "✗ Test: A test was sent a moment ago." in checked("--to", TO)[0]
    assert len(memory.outbox) == 1


def test_through_one_gateway_and_no_other(root: User, settings: Settings) -> None:
    settings.SMS_GATEWAYS = ["memory", "outbox"]
    checked("--to", TO, "--gateway", "outbox")
    assert (Sms.objects.get().via, Sms.objects.get().gateway) == ("outbox", "outbox")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConfigurationRejected("alibaba isv.OUT_OF_SERVICE"), "It was not sent: alibaba isv.OUT_OF_SERVICE. No SMS"),
        (NotSent("ConnectTimeout"), "It was not sent: ConnectTimeout. "),
        (OutcomeUnknown("ReadTimeout"), "Nobody knows whether it was sent: ReadTimeout. "),
    ],
)
def test_a_test_that_does_not_arrive_says_why(
    root: User, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def refuse(_message: object) -> str:
        raise error

    monkeypatch.setattr(memory, "send", refuse)
    out, said = checked("--to", TO)
    assert f"✗ Test: {told}" in out
    assert said == "1 troubles."


def test_a_test_that_no_worker_takes(root: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.delivery.queue.publish", lambda _row: True)
    monkeypatch.setattr(checksms, "LONGEST", 0.1)
    assert "✗ Test: No worker sent it" in checked("--to", TO)[0]


def test_whose_test_it_is(root: User, make_user: MakeUser) -> None:
    lisi = make_user("lisi")
    assert "There is no account nobody@example.edu." in checked("--to", TO, "--by", "nobody@example.edu")[1]
    checked("--to", TO, "--by", "lisi@example.edu")
    assert Sms.objects.get().user == lisi
    root.delete()
    assert "There is no account of an administrator." in checked("--to", TO)[1]


def test_a_number_that_is_none(root: User) -> None:
    assert "This is not a phone number." in checked("--to", "12")[1]


def test_a_dry_run_prints_the_request(platform: Make) -> None:
    platform("yunmas")
    out, error = checked("--dry")
    assert out.startswith("POST http://127.0.0.1:")
    assert (SECRET in out, error) == (False, "")


def test_a_dry_run_of_nothing() -> None:
    assert "No gateway is described by a file" in checked("--dry", "--gateway", "memory")[1]


@pytest.mark.parametrize(
    ("given", "words"),
    [(answer(data={"access_token": "t"}), "token_first lets us in."), (Answer("", 401), "token_first gives no token")],
)
def test_a_platform_is_asked_for_a_token(stub: HttpStub, platform: Make, given: Answer, words: str) -> None:
    platform("token_first")
    stub.script = [given]
    assert words in checked()[0]


@pytest.mark.parametrize(
    ("account", "balance", "words"),
    [
        (
            Answer('{"status": "active"}'),
            Answer('{"balance": "12.5", "currency": "USD"}'),
            "· twilio: Balance: 12.5 USD.",
        ),
        (ACTIVE, Answer('{"balance": "0", "currency": "USD"}'), "✗ twilio: Balance: 0 USD."),
        (
            Answer('{"status": "suspended"}'),
            Answer('{"balance": "1", "currency": "USD"}'),
            "✗ twilio: The account is s",
        ),
        (Answer('{"code": 20003, "status": 401}', 401), Answer(), "✗ twilio: Twilio does not let us in (20003)"),
        (Answer(reset=True), Answer(), "✗ twilio: Twilio does not let us in (ConnectionError)"),
    ],
)
def test_twilio(stub: HttpStub, settings: Settings, account: Answer, balance: Answer, words: str) -> None:
    settings.SMS_GATEWAY, settings.TWILIO_BASE_URL = "twilio", stub.url
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC" + "1" * 32, "t" * 32
    twilio._client.cache_clear()
    stub.script = [account, balance]
    assert words in checked()[0]
    twilio._client().http_client.session.close()
    twilio._client.cache_clear()


def test_every_night(alibaba_stub: HttpStub, caplog: pytest.LogCaptureFixture) -> None:
    alibaba_stub.script = [sign(mobile=3)]
    alibaba_stub.always = template("请注意")
    tasks.check_gateways.delay()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    alibaba_stub.script = [said("isv.ACCOUNT_ABNORMAL")]
    tasks.check_gateways.delay()
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "manage.py checksms" in record.getMessage()
    assert "isv.ACCOUNT_ABNORMAL" in record.getMessage()
    assert json.dumps(SECRET) not in record.getMessage()
