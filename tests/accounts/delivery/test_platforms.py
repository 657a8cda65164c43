"""Platforms that a file describes: the examples of deploy/sms against a server that answers as theirs do."""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery import gateways
from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected, SmsError
from accounts.delivery.gateways.platforms import files
from accounts.delivery.gateways.platforms.platform import Gateway
from accounts.delivery.gateways.receipts import Forged, Report
from tests.kit.deployment import ROOT
from tests.kit.messages import CODE, NUMBER, message
from tests.kit.servers import free_port
from tests.kit.servers.http_stub import Answer, HttpStub, http_stub

SECRET = "only-a-stand-in"
EXAMPLES = sorted((ROOT / "deploy" / "sms").glob("*.toml"))

WECOM = "https://qyapi.weixin.qq.com"

Make = Callable[..., Gateway]


@pytest.fixture
def stub() -> Iterator[HttpStub]:
    with http_stub() as stub:
        yield stub


@pytest.fixture
def platform(stub: HttpStub, settings: Settings, tmp_path: Path) -> Iterator[Make]:
    """One of the examples, its addresses turned to the stub, with changes."""
    made = []
    settings.SMS_READ_TIMEOUT = settings.SMS_CONNECT_TIMEOUT = 0.5
    settings.SMS_SIGNATURE = "示例大学"

    def make(name: str, *changes: tuple[str, str], url: str = "") -> Gateway:
        text = (ROOT / "deploy" / "sms" / f"{name}.toml").read_text()
        for place in ("https://mas.example.edu", "https://sms.example.edu", "http://127.0.0.1:13013", WECOM):
            text = text.replace(place, url or stub.url)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / f"{name}.toml"
        path.write_text(text)
        described, faults = files.read(path, lambda _name: SECRET)
        assert faults == []
        assert described
        settings.SMS_GATEWAY, settings.SMS_PLATFORMS = name, {name: described}
        found = gateways.gateway(name)
        assert isinstance(found, Gateway)
        made.append(found)
        return found

    yield make
    for gateway in made:
        gateway._session.close()


def answer(**fields: object) -> Answer:
    return Answer(json.dumps(fields))


MAS_OK = answer(rspcod="success", msgGroup="0703170526001000000001", success=True)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_right(path: Path) -> None:
    assert files.read(path, lambda _name: SECRET)[1] == []


def test_a_digest_over_what_is_sent(stub: HttpStub, platform: Make) -> None:
    stub.always = MAS_OK
    platform("yunmas")
    assert gateways.send(message(), "yunmas") == "0703170526001000000001"
    (asked,) = stub.asked
    sent = json.loads(base64.b64decode(asked.body))
    assert (asked.method, asked.path, sent["mobiles"]) == ("POST", "/sms/norsubmit", "13800138000")
    assert sent["content"].startswith("【示例大学】验证码 814460")
    digested = f"示例大学mailkey{SECRET}13800138000{sent['content']}DWItALe3A"
    assert sent["mac"] == hashlib.md5(digested.encode()).hexdigest()
    assert SECRET not in str(asked)


def test_a_token_first_and_only_once(stub: HttpStub, platform: Make) -> None:
    token = answer(data={"access_token": "t1", "expires_in": 600})
    sent = answer(code=0, data={"messages": [{"id": "m-1"}]})
    stub.script = [token, sent, sent]
    platform("token_first")
    with time_machine.travel(timezone.now(), tick=False):
        assert gateways.send(message(), "token_first") == "m-1"
        assert gateways.send(message(), "token_first") == "m-1"
        stamp = str(int(timezone.now().timestamp()))
    assert [asked.path for asked in stub.asked] == ["/oauth/token", "/v2/messages", "/v2/messages"]
    assert parse_qs(stub.asked[0].body.decode())["client_secret"] == [SECRET]
    headers = stub.asked[1].headers
    assert headers["Authorization"] == "Bearer t1"
    mac = hmac.digest(SECRET.encode(), f"mailkey{stamp}".encode(), "sha256")
    assert headers["X-Sign"] == base64.b64encode(mac).decode()
    assert json.loads(stub.asked[1].body)["extend"] == {"reference": "4711"}
    assert len(stub.connections) == 1


def test_a_token_that_ended_is_fetched_anew(stub: HttpStub, platform: Make) -> None:
    """Both as its lifetime says, and as the platform says against it."""
    token = answer(data={"access_token": "t1", "expires_in": 600})
    sent = answer(code=0, data={"messages": [{"id": "m-1"}]})
    gateway = platform("token_first")
    stub.script = [token, sent]
    gateways.send(message(), "token_first")
    gateway._token_ends = 0.0
    stub.script = [token, answer(code=40101), token, sent]
    assert gateways.send(message(), "token_first") == "m-1"
    assert [asked.path for asked in stub.asked] == ["/oauth/token", "/v2/messages"] * 3
    stub.script = [answer(code=40101), token, answer(code=40101)]
    with pytest.raises(ConfigurationRejected):
        gateways.send(message(), "token_first")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer(error="invalid_client"), ConfigurationRejected),
        (Answer("", 500), NotSent),
        (Answer(slow=True), NotSent),
        (Answer(reset=True), NotSent),
        (Answer("{"), NotSent),
    ],
)
def test_without_a_token_nothing_was_sent(stub: HttpStub, platform: Make, said: Answer, kind: type[SmsError]) -> None:
    platform("token_first")
    stub.script = [said]
    with pytest.raises(kind):
        gateways.send(message(), "token_first")
    assert len(stub.asked) == 1


def test_in_gbk(stub: HttpStub, platform: Make) -> None:
    stub.always = Answer(
        '<?xml version="1.0" encoding="GBK"?><r><result code="0"><id>77</id></result></r>'.encode("gbk")
    )
    platform("gbk_xml")
    assert gateways.send(message(), "gbk_xml") == "77"
    (asked,) = stub.asked
    sent = {name: values[0] for name, values in parse_qs(asked.body.decode(), encoding="gbk").items()}
    assert sent["Content"].startswith("验证码 814460"), "the platform puts the signature in front itself"
    digested = f"320001{SECRET}{sent['TimeStamp']}"
    assert sent["Pwd"] == hashlib.md5(digested.encode()).hexdigest().upper()
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=gbk"


def test_text_and_nothing_else_in_the_address(stub: HttpStub, platform: Make, settings: Settings) -> None:
    settings.SMS_RECEIPT_SECRET, settings.PUBLIC_URL = "s" * 20, "https://portal.example.edu"
    stub.always = Answer("0: Accepted for delivery", 202, "text/html")
    platform("kannel")
    assert gateways.send(message(), "kannel") == "kannel-4711", "it has no number of its own"
    (asked,) = stub.asked
    assert asked.query["text"].startswith("【示例大学】验证码 814460")
    here = f"https://portal.example.edu/sms/receipts/kannel/{'s' * 20}/"
    assert asked.query["dlr-url"] == f"{here}?attempt=4711&number=8613800138000&status=%d"


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (answer(rspcod="InvalidMobiles"), RecipientRejected, "yunmas InvalidMobiles"),
        (answer(rspcod="TooManyRequests"), NotSent, "yunmas TooManyRequests"),
        (answer(rspcod="SystemError"), OutcomeUnknown, "yunmas SystemError"),
        (answer(rspcod="IllegalMac"), ConfigurationRejected, "yunmas IllegalMac"),
        (answer(rspcod=f"{NUMBER} is bad"), ConfigurationRejected, "yunmas ?"),
        (answer(rspcod=CODE), ConfigurationRejected, "yunmas ?"),
        (answer(rspcod=None), OutcomeUnknown, "yunmas http 200"),
        (answer(rspcod=["success"]), OutcomeUnknown, "yunmas http 200"),
        (Answer("[]"), OutcomeUnknown, "yunmas http 200"),
        (Answer("{"), OutcomeUnknown, "yunmas no answer"),
        (Answer(b"\xff\xfe"), OutcomeUnknown, "yunmas no answer"),
        (Answer("[" * 50_000), OutcomeUnknown, "yunmas no answer"),
        (Answer("x" * 100_000), OutcomeUnknown, "yunmas endless answer"),
        (Answer("", 401), ConfigurationRejected, "yunmas http 401"),
        (Answer("", 404), ConfigurationRejected, "yunmas http 404"),
        (Answer("", 429), NotSent, "yunmas http 429"),
        (Answer("", 503), NotSent, "yunmas http 503"),
        (Answer("", 500), OutcomeUnknown, "yunmas http 500"),
        (Answer(MAS_OK.body, 500), OutcomeUnknown, "yunmas success"),
        (Answer(MAS_OK.body, missing=5), OutcomeUnknown, "ChunkedEncodingError"),
        (Answer(slow=True), OutcomeUnknown, "ReadTimeout"),
        (Answer(reset=True), OutcomeUnknown, "ConnectionError"),
    ],
)
def test_bad_days(stub: HttpStub, platform: Make, said: Answer, kind: type[SmsError], code: str) -> None:
    platform("yunmas")
    stub.script = [said]
    with pytest.raises(kind) as failed:
        gateways.send(message(), "yunmas")
    assert failed.value.code == code
    assert len(stub.asked) == 1


@pytest.mark.parametrize(
    "body",
    ["<r>", "", '<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>', '<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>'],
)
def test_xml_that_nobody_should_read(stub: HttpStub, platform: Make, body: str) -> None:
    platform("gbk_xml")
    stub.script = [Answer(body)]
    with pytest.raises(OutcomeUnknown):
        gateways.send(message(), "gbk_xml")


def test_nobody_is_led_elsewhere(stub: HttpStub, platform: Make) -> None:
    platform("yunmas")
    stub.script = [Answer("", 307, location=f"{stub.url}/elsewhere")]
    with pytest.raises(ConfigurationRejected, match="http 307"):
        gateways.send(message(), "yunmas")
    assert [asked.path for asked in stub.asked] == ["/sms/norsubmit"]


def test_a_server_that_is_not_there(platform: Make) -> None:
    platform("yunmas", url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(NotSent, match="ConnectionRefused"):
        gateways.send(message(), "yunmas")


def test_what_no_request_can_hold_was_not_sent(stub: HttpStub, platform: Make, settings: Settings) -> None:
    settings.SMS_SIGNATURE = "a\nHost: elsewhere"
    platform("yunmas", ("[send.json]", '[send.headers]\nX-From = "{signature}"\n[send.json]'))
    with pytest.raises(ConfigurationRejected, match="no request"):
        gateways.send(message(), "yunmas")
    assert stub.asked == []


def test_a_report_that_is_signed(platform: Make) -> None:
    gateway = platform(
        "yunmas",
        ("[send]\n", 'mac2 = { of = "{id}{status}{secretKey}", then = ["md5", "hex"] }\n\n[send]\n'),
        ("[receipts]", '[receipts]\nsignature = "mac"\nsigned = "{mac2}"'),
    )
    right = hashlib.md5(f"0703DELIVRD{SECRET}".encode()).hexdigest()
    said = {"msgGroup": "0703", "errorCode": "DELIVRD"}
    report = Report(url="", form={}, body=json.dumps({**said, "mac": right}).encode())
    assert [receipt.status for receipt in gateway.receipts(report)] == ["delivered"]
    for mac in ("", right[::-1], "é"):
        with pytest.raises(Forged):
            gateway.receipts(Report(url="", form={}, body=json.dumps({**said, "mac": mac}).encode()))


def test_a_check_needs_no_sms(stub: HttpStub, platform: Make) -> None:
    """Though values speak of one."""
    gateway = platform("token_first", ("{appKey}{timestamp}", "{appKey}{local}{text}{id}{status}{timestamp}"))
    stub.always = answer(data={"access_token": "t1", "expires_in": 600})
    assert [finding.is_trouble for finding in gateway.check()] == [False]


def test_what_a_value_holds_stays_in_its_place(stub: HttpStub, platform: Make, settings: Settings) -> None:
    """Neither a brace nor an angle bracket of the text becomes a part of the request."""
    settings.SMS_SIGNATURE = '{secretKey}<x>"&='
    stub.always = MAS_OK
    platform("yunmas", ("[send.json]", '[send.query]\nq = "{signature}"\n[send.json]'))
    gateways.send(message(), "yunmas")
    assert stub.asked[0].query == {"q": '{secretKey}<x>"&='}
    assert '{secretKey}<x>"&=' in json.loads(base64.b64decode(stub.asked[0].body))["content"]


@pytest.mark.bypass("row 42: secrets in logs")
@pytest.mark.parametrize("said", [Answer("0: Accepted", 202), Answer(f"No: {CODE}", 403), Answer(reset=True)])
def test_neither_code_nor_number_is_logged(
    stub: HttpStub, platform: Make, said: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    platform("kannel")
    stub.script = [said]
    with suppress(SmsError):
        gateways.send(message(), "kannel")
    assert "urllib3" in caplog.text, "the gateway's traffic is not in this log, so it shows nothing"
    for secret in (CODE, "13800138000", SECRET):
        assert secret not in caplog.text


@pytest.mark.parametrize("name", [path.stem for path in EXAMPLES])
def test_a_dry_run_shows_the_request_and_no_secret(platform: Make, settings: Settings, name: str) -> None:
    settings.SMS_RECEIPT_SECRET = "s" * 20
    shown = platform(name).dry(message())
    assert "http://127.0.0.1:" in shown
    assert SECRET not in shown
    assert "s" * 20 not in shown
    body = shown.rpartition("\n")[2]
    for digest in ("md5", "sha256"):
        assert hashlib.new(digest, SECRET.encode()).hexdigest() not in body
