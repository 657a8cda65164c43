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
from accounts.delivery.errors import ConfigurationRejected
from accounts.delivery.gateways import memory, twilio
from accounts.delivery.models import Attempt, Sms
from tests.accounts.delivery.test_alibaba_gateway import SECRET, said, sign, template
from tests.accounts.delivery.test_alibaba_gateway import stub as alibaba_stub
from tests.accounts.delivery.test_platforms import Make, answer, platform, stub
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


def test_a_test_is_sent(settings: Settings) -> None:
    settings.SMS_GATEWAY = "memory"
    memory.outbox.clear()
    out, _error = checked("--to", "13800138000")
    (sent,) = memory.outbox
    assert (sent.to, sent.code) == ("+8613800138000", None)
    assert "· memory: It was taken, as memory-0." in out
    assert "13800138000" not in out


def test_a_test_that_is_refused_says_why(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SMS_GATEWAY = "memory"

    def refuse(_message: object) -> str:
        raise ConfigurationRejected("alibaba isv.OUT_OF_SERVICE")

    monkeypatch.setattr(memory, "send", refuse)
    out, error = checked("--to", "13800138000")
    assert "✗ memory: It was not sent: alibaba isv.OUT_OF_SERVICE. No SMS are left" in out
    assert error == "1 troubles."


def test_a_number_that_is_none() -> None:
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
