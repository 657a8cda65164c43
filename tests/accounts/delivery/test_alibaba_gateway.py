"""Alibaba Cloud's own SDK against a server that answers as theirs does, made of the SDK's own models."""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress

import pytest
from alibabacloud_dysmsapi20170525 import models
from darabonba.core import DaraCore
from django.utils import translation
from pytest_django import Settings

from accounts.delivery import gateways
from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected, SmsError
from accounts.delivery.gateways import alibaba
from portal.environment.templates import templates
from tests.kit.messages import CODE, NUMBER, message
from tests.kit.servers import free_port
from tests.kit.servers.http_stub import Answer, HttpStub, http_stub

SECRET = "only-a-stand-in-for-the-secret"
BIZ = "900619746936498440^0"


def said(code: str, words: str = "", *, status: int = 200, biz_id: str | None = None) -> Answer:
    body = models.SendSmsResponseBody(code=code, message=words, request_id="F655A8D5", biz_id=biz_id)
    return Answer(json.dumps(body.to_map()), status)


OK = said("OK", "OK", biz_id=BIZ)


@pytest.fixture
def stub(settings: Settings) -> Iterator[HttpStub]:
    settings.SMS_GATEWAY = "alibaba"
    settings.SMS_SIGNATURE = "示例大学"
    settings.ALIBABA_ACCESS_KEY_ID, settings.ALIBABA_ACCESS_KEY_SECRET = "LTAI-stand-in", SECRET
    settings.ALIBABA_TEMPLATES = templates(
        "sign_in=SMS_1 code mailbox:name minutes; codes=SMS_2 code; codes.en=SMS_3 code; codes.abroad=SMS_4 code;"
        "notices=SMS_5 mailbox contact"
    )
    settings.SMS_READ_TIMEOUT = settings.SMS_CONNECT_TIMEOUT = 0.5
    alibaba._client.cache_clear()
    with http_stub() as stub:
        settings.ALIBABA_URL = stub.url
        stub.always = OK
        yield stub
    for key in [key for key in DaraCore._sessions if stub.host in key]:
        DaraCore._sessions.pop(key).close()
    alibaba._client.cache_clear()


def test_sent(stub: HttpStub) -> None:
    assert gateways.send(message(), "alibaba") == BIZ
    (asked,) = stub.asked
    assert (asked.method, asked.headers["x-acs-action"]) == ("POST", "SendSms")
    assert asked.query["PhoneNumbers"] == "13800138000"
    assert (asked.query["SignName"], asked.query["TemplateCode"], asked.query["OutId"]) == ("示例大学", "SMS_1", "4711")
    assert json.loads(asked.query["TemplateParam"]) == {"code": CODE, "name": "h***@", "minutes": "5"}
    assert SECRET not in str(asked)


@pytest.mark.parametrize(
    ("purpose", "language", "number", "template"),
    [
        ("bind", "zh-hans", NUMBER, "SMS_2"),
        ("bind", "en", NUMBER, "SMS_3"),
        ("sign_in", "en", NUMBER, "SMS_3"),
        ("bind", "en", "+85291234567", "SMS_4"),
        ("notice_unbound", "zh-hans", NUMBER, "SMS_5"),
        ("test", "en", "+85291234567", "SMS_5"),
    ],
)
def test_a_template_for_each(stub: HttpStub, purpose: str, language: str, number: str, template: str) -> None:
    with translation.override(language):
        gateways.send(message(purpose, number=number), "alibaba")
    assert stub.asked[0].query["TemplateCode"] == template
    assert stub.asked[0].query["PhoneNumbers"] == number.removeprefix("+86").lstrip("+")


CASES = [
    *((code, ConfigurationRejected) for code in (
        "isv.SMS_SIGNATURE_SCENE_ILLEGAL", "isv.SIGN_STATE_ILLEGAL", "isv.SMS_SIGN_ILLEGAL", "isv.SMS_TEMPLATE_ILLEGAL",
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "isv.DENY_IP_RANGE", "isv.OUT_OF_SERVICE", "isv.PRODUCT_UN_SUBSCRIPT",
        "isv.ACCOUNT_NOT_EXISTS", "isv.ACCOUNT_ABNORMAL", "isp.RAM_PERMISSION_DENY", "isv.WHAT_NOBODY_KNOWS_YET",
    )),
    ("isv.MOBILE_NUMBER_ILLEGAL", RecipientRejected),
    *((code, NotSent) for code in (
        "isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL", "Throttling.User",
    )),
    *((code, OutcomeUnknown) for code in ("isp.SYSTEM_ERROR", "InternalError")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "kind"), CASES)
def test_what_each_refusal_means(stub: HttpStub, code: str, kind: type[SmsError]) -> None:
    stub.script = [said(code, f"{NUMBER} {CODE}")]
    with pytest.raises(kind) as failed:
        gateways.send(message(), "alibaba")
    assert failed.value.code == f"alibaba {code}"
    assert len(stub.asked) == 1, "the SDK tried again"


@pytest.mark.parametrize(
    ("words", "wait"),
    [
        ("触发分钟级流控Permits:1", "0:01:00"),
        ("触发小时级流控Permits:5", "1:00:00"),
        ("触发天级流控Permits:10", "1 day, 0:00:00"),
    ],
)
def test_a_limit_says_for_how_long(stub: HttpStub, words: str, wait: str) -> None:
    stub.script = [said("isv.BUSINESS_LIMIT_CONTROL", words)]
    with pytest.raises(NotSent) as failed:
        gateways.send(message(), "alibaba")
    assert str(failed.value.retry_after) == wait


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (said("InvalidAccessKeyId.NotFound", status=404), ConfigurationRejected, "alibaba InvalidAccessKeyId.NotFound"),
        (said("SignatureDoesNotMatch", status=400), ConfigurationRejected, "alibaba SignatureDoesNotMatch"),
        (said("Throttling.User", status=400), NotSent, "alibaba Throttling.User"),
        (said("ServiceUnavailable", status=503), NotSent, "alibaba ServiceUnavailable"),
        (said("InternalError", status=500), OutcomeUnknown, "alibaba InternalError"),
        (Answer("{}", 500), OutcomeUnknown, "alibaba http 500"),
        (said("OK"), OutcomeUnknown, "alibaba no BizId"),
        (Answer("{}"), OutcomeUnknown, "alibaba no code"),
        (Answer(OK.body[:20]), OutcomeUnknown, None),
        (Answer("<h1>Bad Gateway</h1>", 502), OutcomeUnknown, None),
        (Answer(OK.body, missing=5), OutcomeUnknown, None),
        (Answer(slow=True), OutcomeUnknown, "ReadTimeout"),
        (Answer(reset=True), OutcomeUnknown, "ConnectionError"),
    ],
)
def test_bad_days(stub: HttpStub, answer: Answer, kind: type[SmsError], code: str | None) -> None:
    stub.script = [answer]
    with pytest.raises(kind) as failed:
        gateways.send(message(), "alibaba")
    assert code is None or failed.value.code == code
    assert len(stub.asked) == 1, "the SDK tried again"


def test_a_server_that_is_not_there(stub: HttpStub, settings: Settings) -> None:
    settings.ALIBABA_URL = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(NotSent, match="ConnectionRefused"):
        gateways.send(message(), "alibaba")


def test_a_kind_without_a_template_is_told_to_the_office(stub: HttpStub, settings: Settings) -> None:
    settings.ALIBABA_TEMPLATES = {"sign_in": ("SMS_1", ())}
    with pytest.raises(ConfigurationRejected, match="no template bind"):
        gateways.send(message("bind"), "alibaba")
    assert stub.asked == []


def test_connections_are_used_again(stub: HttpStub) -> None:
    for _ in range(3):
        gateways.send(message(), "alibaba")
    assert len(stub.connections) == 1


@pytest.mark.bypass("row 42: secrets in logs")
@pytest.mark.parametrize("answer", [OK, said("isv.SMS_SIGN_ILLEGAL", CODE), Answer(reset=True), Answer("{")])
def test_neither_code_nor_number_is_logged(
    stub: HttpStub, answer: Answer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They travel in the address."""
    monkeypatch.setenv("DEBUG", "sdk")  # their own switch to print addresses
    caplog.set_level(logging.DEBUG)
    stub.script = [answer]
    with suppress(SmsError):
        gateways.send(message(), "alibaba")
    assert "urllib3" in caplog.text, "the gateway's traffic is not in this log, so it shows nothing"
    for secret in (CODE, "13800138000", SECRET):
        assert secret not in caplog.text


# --- The check


def sign(status: int = 1, **carriers: int) -> Answer:
    detail = models.GetSmsSignResponseBodySignIspRegisterDetailList
    details = [detail(operator_code=name, register_status=state) for name, state in carriers.items()]
    body = models.GetSmsSignResponseBody(code="OK", sign_status=status, sign_isp_register_detail_list=details)
    return Answer(json.dumps(body.to_map()))


def template(content: str = "验证码${code}", status: str = "1") -> Answer:
    body = models.GetSmsTemplateResponseBody(code="OK", template_status=status, template_content=content)
    return Answer(json.dumps(body.to_map()))


def troubles(stub: HttpStub, *script: Answer) -> list[str]:
    stub.script = list(script)
    with translation.override("en"):
        return [finding.words for finding in gateways.gateway("alibaba").check() if finding.is_trouble]


def test_all_is_well(stub: HttpStub) -> None:
    stub.always = template("请注意")
    assert troubles(stub, sign(mobile=3, unicom=3, telecom=1)) == []
    assert [asked.headers["x-acs-action"] for asked in stub.asked] == ["GetSmsSign"] + ["GetSmsTemplate"] * 5


def test_what_is_wrong_is_said_for_each_carrier(stub: HttpStub) -> None:
    stub.always = template("${code}，${when}", "0")
    found = troubles(stub, sign(2, mobile=3, unicom=-2, telecom=2), template("${code}${when}"))
    assert found[:4] == [
        "Signature “示例大学” cannot be used: it was refused.",
        "Signature “示例大学” at China Unicom: it is not filed: file it at Alibaba Cloud (实名制报备).",
        "Signature “示例大学” at China Telecom: it has lapsed, after six months without an SMS: file it again.",
        "Template SMS_1 wants when, which ALIBABA_TEMPLATES does not give it.",
    ]
    assert found[4] == "Template SMS_2 cannot be used: it is still being reviewed."


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said("InvalidTimeStamp.Expired", status=400), "clock is off"),
        (said("InvalidAccessKeyId.NotFound", status=404), "look at the key"),
        (Answer(reset=True), "ConnectionError"),
    ],
)
def test_who_is_not_let_in(stub: HttpStub, answer: Answer, words: str) -> None:
    (found,) = troubles(stub, answer)
    assert words in found
