"""The real SDK against a server that answers as Twilio does on good and on bad days."""

import logging
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery.gateways import twilio
from accounts.delivery.models import Sms
from tests.kit import upkeep
from tests.kit.people import Person
from tests.kit.servers import free_port
from tests.kit.servers.twilio_stub import (
    BROKEN,
    CUT,
    EMPTY,
    RESET,
    SENT,
    SERVER_ERROR,
    SLOW,
    THROTTLED,
    WRONG_TOKEN,
    Answer,
    TwilioStub,
    problem,
    refusal,
    twilio_stub,
)

SID = "SM" + "0" * 32
TOKEN = "5b2c8d0f4e6a49d7a1c3e5f708192a3b"


@pytest.fixture
def gateway(settings: Settings) -> Iterator[TwilioStub]:
    settings.SMS_GATEWAY = "twilio"
    settings.TWILIO_ACCOUNT_SID = "AC" + "1" * 32
    settings.TWILIO_AUTH_TOKEN = TOKEN
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG" + "2" * 32
    settings.TWILIO_READ_TIMEOUT = 0.5
    settings.TWILIO_CONNECT_TIMEOUT = 0.5
    settings.PUBLIC_URL = "https://portal.example.edu"
    twilio._client.cache_clear()
    with twilio_stub() as stub:
        settings.TWILIO_BASE_URL = stub.url
        yield stub
    twilio._client().http_client.session.close()
    twilio._client.cache_clear()


def sweep_on() -> None:
    """The worker sweeps on and on, until long after the code has died."""
    start = timezone.now()
    for seconds in [*range(5, 65, 5), *range(90, 400, 30)]:
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            upkeep.sweep()


def test_sent(gateway: TwilioStub, wangwu: Person) -> None:
    wangwu.enter_password()
    sms = Sms.objects.get()
    (request,) = gateway.requests
    assert gateway.paths == [f"/2010-04-01/Accounts/AC{'1' * 32}/Messages.json"]
    assert request["To"] == "+8613800138000"
    assert request["MessagingServiceSid"] == "MG" + "2" * 32
    assert request["StatusCallback"] == f"https://portal.example.edu/sms/twilio/{sms.pk}/"
    assert 295 <= int(request["ValidityPeriod"]) <= 300
    assert (sms.status, sms.gateway, sms.gateway_id, sms.tried) == ("sent", "twilio", SID, 1)
    assert sms.sent_at is not None

    found = re.search(r"\d{6}", request["Body"])
    assert found
    wangwu.post("/sign-in/code/", {"code": found.group()})
    assert wangwu.is_in()


def test_the_validity_is_what_is_left_of_the_code(gateway: TwilioStub, wangwu: Person) -> None:
    gateway.script = [THROTTLED]
    wangwu.enter_password()
    with time_machine.travel(timezone.now() + timedelta(seconds=180)):
        upkeep.sweep()
    assert 115 <= int(gateway.requests[-1]["ValidityPeriod"]) <= 120


def test_without_a_messaging_service_it_comes_from_a_number(
    gateway: TwilioStub, wangwu: Person, settings: Settings
) -> None:
    settings.TWILIO_MESSAGING_SERVICE_SID = ""
    settings.TWILIO_FROM = "+15005550006"
    wangwu.enter_password()
    assert gateway.requests[0]["From"] == "+15005550006"
    assert "MessagingServiceSid" not in gateway.requests[0]


@pytest.mark.parametrize("code", [21211, 21610, 21614])
def test_a_number_that_is_refused_is_said_to_the_person(gateway: TwilioStub, wangwu: Person, code: int) -> None:
    gateway.script = [refusal(400, code, "The 'To' number +8613800138000 is not valid.")]
    wangwu.enter_password()
    sms = Sms.objects.get()
    assert (sms.status, sms.reason, sms.error) == ("failed", "number", f"twilio {code}")
    assert "could not be sent" in wangwu.get("/sign-in/code/", headers={"accept-language": "en"}).content.decode()
    sweep_on()
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("answer", [WRONG_TOKEN, refusal(403, 21408), problem(400, 21606), Answer(404, "not json")])
def test_what_is_our_fault_is_said_to_the_office(
    gateway: TwilioStub, wangwu: Person, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.script = [answer]
    wangwu.enter_password()
    sms = Sms.objects.get()
    assert (sms.status, sms.reason) == ("failed", "office")
    assert [record.levelname for record in caplog.records if record.name == "accounts.routes.outages"] == ["ERROR"]
    sweep_on()
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("answer", [THROTTLED, problem(429, 20429)])
def test_throttled_then_sent_by_a_sweep(gateway: TwilioStub, wangwu: Person, answer: Answer) -> None:
    gateway.script = [answer, answer]
    wangwu.enter_password()
    assert Sms.objects.get().status == "delayed"
    upkeep.sweep()
    assert len(gateway.requests) == 1, "the gateway gets no rest"
    sweep_on()
    sms = Sms.objects.get()
    assert (sms.status, sms.gateway_id, sms.tried) == ("sent", SID, 3)
    assert len(gateway.requests) == 3


@pytest.mark.bypass("row 43: a request that was perhaps carried out is sent again")
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (SLOW, "ReadTimeout"),
        (RESET, "ConnectionError"),
        (CUT, "ChunkedEncodingError"),
        (BROKEN, "JSONDecodeError"),
        (EMPTY, "no message id"),
        (Answer(200, "[]"), "AttributeError"),
        (Answer(200, '"text"'), "AttributeError"),
        (SERVER_ERROR, "twilio 500"),
        (refusal(503, 20503), "twilio 20503"),
        (problem(503, 20503), "twilio 20503"),
    ],
    ids=["slow", "reset", "cut", "broken", "empty", "a list", "a string", "500", "503", "503 problem"],
)
def test_when_nobody_knows_it_is_not_sent_again(
    gateway: TwilioStub, wangwu: Person, answer: Answer, error: str
) -> None:
    gateway.script = [answer]
    wangwu.enter_password()
    sms = Sms.objects.get()
    assert (sms.status, sms.error) == ("unknown", error)
    sweep_on()
    assert len(gateway.requests) == 1
    assert Sms.objects.get().status == "unknown"


@pytest.mark.bypass("row 43: a request that was perhaps carried out is sent again")
@pytest.mark.parametrize("answer", [SLOW, RESET], ids=["slow", "reset"])
def test_nor_on_a_connection_that_was_used_before(
    gateway: TwilioStub, wangwu: Person, lisi: Person, answer: Answer
) -> None:
    gateway.script = [SENT, answer]
    wangwu.enter_password()
    lisi.enter_password()
    lisi.post("/security/phone/", {"number": "13900139000", "agreed": "on"})
    sweep_on()
    assert [sms.status for sms in Sms.objects.order_by("pk")] == ["sent", "unknown"]
    assert len(gateway.requests) == 2


def refused_port(stub: TwilioStub) -> str:
    return f"http://127.0.0.1:{free_port()}"


def unknown_host(stub: TwilioStub) -> str:
    return "http://api.twilio.invalid"


@pytest.mark.parametrize("away", [refused_port, unknown_host])
def test_a_gateway_that_cannot_be_reached_is_tried_again(
    gateway: TwilioStub, wangwu: Person, settings: Settings, away: object
) -> None:
    here = settings.TWILIO_BASE_URL
    assert callable(away)
    settings.TWILIO_BASE_URL = away(gateway)
    wangwu.enter_password()
    sms = Sms.objects.get()
    assert (sms.status, sms.error) == ("delayed", "ConnectionRefused")
    settings.TWILIO_BASE_URL = here
    sweep_on()
    assert Sms.objects.get().status == "sent"
    assert len(gateway.requests) == 1


@pytest.mark.bypass("row 42: secrets in logs")
@pytest.mark.parametrize(
    "answer",
    [
        SENT,
        SLOW,
        RESET,
        BROKEN,
        SERVER_ERROR,
        WRONG_TOKEN,
        THROTTLED,
        refusal(400, 21211, "'To' +8613800138000 is bad"),
    ],
)
def test_neither_code_nor_number_is_logged(
    gateway: TwilioStub, wangwu: Person, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gateway.script = [answer]
    wangwu.enter_password()
    found = re.search(r"\d{6}", gateway.requests[0]["Body"])
    assert found
    assert "urllib3" in caplog.text, "the gateway's traffic is not in this log, so it shows nothing"
    assert found.group() not in caplog.text
    assert "13800138000" not in caplog.text
    assert TOKEN not in caplog.text
    assert twilio._client().http_client._test_only_last_request is None
