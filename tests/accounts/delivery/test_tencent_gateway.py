"""Tencent Cloud's own SDK against a server that answers as theirs does."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.utils import timezone, translation
from pytest_django import Settings
from tencentcloud.sms.v20210111 import errorcodes, models

from accounts.delivery import gateways
from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected, SmsError
from accounts.delivery.gateways import tencent
from portal.environment.templates import templates
from tests.kit.messages import CODE, NUMBER, message
from tests.kit.servers import free_port
from tests.kit.servers.http_stub import Answer, HttpStub, http_stub

SECRET = "only-a-stand-in-for-the-secret"
SERIAL = "5000:1045710669157053657849499619"


def response(**fields: object) -> Answer:
    return Answer(json.dumps({"Response": {**fields, "RequestId": "a0aabda6"}}))


def status(code: str, serial: str = "") -> Answer:
    """Of the SMS, in the shape of the SDK's own model."""
    found = models.SendStatus()
    found.SerialNo, found.PhoneNumber, found.Code, found.Message = serial, NUMBER, code, f"{NUMBER} {CODE}"
    return response(SendStatusSet=[json.loads(found.to_json_string())])


def error(code: str) -> Answer:
    """Of the whole request."""
    return response(Error={"Code": code, "Message": f"{NUMBER} {CODE}"})


OK = status("Ok", SERIAL)


@pytest.fixture
def stub(settings: Settings) -> Iterator[HttpStub]:
    settings.SMS_GATEWAY = "tencent"
    settings.SMS_SIGNATURE = "示例大学"
    settings.TENCENT_SECRET_ID, settings.TENCENT_SECRET_KEY = "AKID-stand-in", SECRET
    settings.TENCENT_APP_ID = "1400006666"
    settings.TENCENT_TEMPLATES = templates("sign_in=1001 code mailbox minutes; codes=1002 code; notices=1003 mailbox")
    settings.SMS_READ_TIMEOUT = settings.SMS_CONNECT_TIMEOUT = 0.5
    tencent._client.cache_clear()
    with http_stub() as stub:
        settings.TENCENT_URL = stub.url
        stub.always = OK
        yield stub
    tencent._client().request.conn._session.close()
    tencent._client.cache_clear()


def test_sent(stub: HttpStub) -> None:
    assert gateways.send(message(), "tencent") == SERIAL
    (asked,) = stub.asked
    assert asked.headers["X-TC-Action"] == "SendSms"
    assert json.loads(asked.body) == {
        "PhoneNumberSet": [NUMBER],
        "SmsSdkAppId": "1400006666",
        "SignName": "示例大学",
        "TemplateId": "1001",
        "TemplateParamSet": [CODE, "h***@", "5"],
        "SessionContext": "4711",
    }
    assert SECRET not in str(asked)


KINDS = {
    RecipientRejected: """InvalidParameterValue.IncorrectPhoneNumber FailedOperation.PhoneNumberInBlacklist""",
    ConfigurationRejected: """
        FailedOperation.SignatureIncorrectOrUnapproved FailedOperation.TemplateIncorrectOrUnapproved
        FailedOperation.TemplateUnapprovedOrNotExist FailedOperation.TemplateParamSetNotMatchApprovedTemplate
        FailedOperation.InsufficientBalanceInSmsPackage FailedOperation.QualificationIdNotApproved
        FailedOperation.ContainSensitiveWord UnauthorizedOperation.ServiceSuspendDueToArrears
        UnauthorizedOperation.RequestIpNotInWhitelist UnauthorizedOperation.SdkAppIdIsDisabled
        UnauthorizedOperation.SmsSdkAppIdVerifyFail UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone
        UnsupportedOperation.GlobalTemplateToChineseMainlandPhone AuthFailure.SecretIdNotFound
        AuthFailure.SignatureFailure InternalError.SigVerificationFail FailedOperation.WhatNobodyKnowsYet""",
    NotSent: """LimitExceeded.PhoneNumberThirtySecondLimit LimitExceeded.PhoneNumberOneHourLimit
        LimitExceeded.PhoneNumberDailyLimit LimitExceeded.PhoneNumberSameContentDailyLimit
        LimitExceeded.DeliveryFrequencyLimit LimitExceeded.AppDailyLimit LimitExceeded.AppMainlandChinaDailyLimit
        LimitExceeded.GlobalSmsSendingRateLimit RequestLimitExceeded""",
    OutcomeUnknown: """InternalError.Timeout InternalError.RequestTimeException InternalError.SendAndRecvFail
        InternalError.ParseBackendResponseFail InternalError InternalError.UnknownError""",
}


@pytest.mark.parametrize("shape", [status, error])
@pytest.mark.parametrize(("code", "kind"), [(code, kind) for kind, codes in KINDS.items() for code in codes.split()])
def test_what_each_refusal_means(stub: HttpStub, shape: object, code: str, kind: type[SmsError]) -> None:
    assert callable(shape)
    stub.script = [shape(code)]
    with pytest.raises(kind) as failed:
        gateways.send(message(), "tencent")
    assert failed.value.code == f"tencent {code}"
    assert len(stub.asked) == 1, "the SDK tried again"


def test_every_constant_of_the_sdk_means_something() -> None:
    """No limit is taken for a refusal for good, no inner error for one that certainly sent nothing."""
    codes = [value for name, value in vars(errorcodes).items() if name.isupper()]
    assert len(codes) > 90
    for code in codes:
        found = type(tencent._refusal(code))
        if found is NotSent:
            assert code.startswith("LimitExceeded."), code
        if found is OutcomeUnknown:
            assert re.match("InternalError|FailedOperation.OtherError", code), code


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (response(), OutcomeUnknown, "tencent no status"),
        (response(SendStatusSet=[]), OutcomeUnknown, "tencent no status"),
        (status("Ok"), OutcomeUnknown, "tencent no SerialNo"),
        (Answer("{}"), OutcomeUnknown, None),
        (Answer("[]"), OutcomeUnknown, None),
        (Answer(OK.body[:20]), OutcomeUnknown, None),
        (Answer("<h1>Bad Gateway</h1>", 502), OutcomeUnknown, None),
        (Answer("", 500), OutcomeUnknown, None),
        (Answer(OK.body, missing=5), OutcomeUnknown, None),
        (Answer(slow=True), OutcomeUnknown, "ReadTimeout"),
        (Answer(reset=True), OutcomeUnknown, "ConnectionError"),
    ],
)
def test_bad_days(stub: HttpStub, answer: Answer, kind: type[SmsError], code: str | None) -> None:
    stub.script = [answer]
    with pytest.raises(kind) as failed:
        gateways.send(message(), "tencent")
    assert code is None or failed.value.code == code
    assert len(stub.asked) == 1, "the SDK tried again"


def test_an_error_that_the_sdk_does_not_look_for(stub: HttpStub) -> None:
    """It reads errors only where the type of the answer has nothing behind it."""
    stub.script = [Answer(str(error("AuthFailure.SecretIdNotFound").body), type="application/json; charset=utf-8")]
    with pytest.raises(OutcomeUnknown):
        gateways.send(message(), "tencent")


def test_a_server_that_is_not_there(stub: HttpStub, settings: Settings) -> None:
    settings.TENCENT_URL = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(NotSent, match="ConnectionRefused"):
        gateways.send(message(), "tencent")


def test_connections_are_used_again(stub: HttpStub) -> None:
    for _ in range(3):
        gateways.send(message(), "tencent")
    assert len(stub.connections) == 1


@pytest.mark.bypass("row 42: secrets in logs")
@pytest.mark.parametrize("answer", [OK, error("AuthFailure.SecretIdNotFound"), Answer(reset=True), Answer("{")])
def test_neither_code_nor_number_is_logged(stub: HttpStub, answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stub.script = [answer]
    with suppress(SmsError):
        gateways.send(message(), "tencent")
    assert "urllib3" in caplog.text, "the gateway's traffic is not in this log, so it shows nothing"
    for secret in (CODE, "13800138000", SECRET):
        assert secret not in caplog.text


# --- The check


def signs(state: int = 0) -> Answer:
    return response(
        DescribeSignListStatusSet=[{"SignName": "示例大学", "StatusCode": state, "ReviewReply": "缺少材料"}]
    )


def approved(*numbers: int, state: int = 0) -> Answer:
    found = [{"TemplateId": number, "StatusCode": state, "TemplateContent": "{1}"} for number in numbers]
    return response(DescribeTemplateStatusSet=found)


def packages(amount: int, used: int) -> Answer:
    later = int(timezone.now().timestamp()) + 86400
    return response(
        SmsPackagesStatisticsSet=[{"PackageExpiredTime": later, "PackageAmount": amount, "CurrentUsage": used}]
    )


def troubles(stub: HttpStub, *script: Answer) -> list[str]:
    stub.script = list(script)
    with translation.override("en"):
        return [finding.words for finding in gateways.gateway("tencent").check() if finding.is_trouble]


def test_all_is_well(stub: HttpStub) -> None:
    assert troubles(stub, signs(), approved(1001, 1002, 1003), packages(10000, 20)) == []


def test_templates_for_abroad_are_asked_for_apart(stub: HttpStub, settings: Settings) -> None:
    settings.TENCENT_TEMPLATES = templates("codes=1001 code; codes.abroad=2001 code; notices=1001")
    assert troubles(stub, signs(), approved(1001), approved(2001), packages(10000, 20)) == []
    asked = [json.loads(asked.body) for asked in stub.asked[1:3]]
    assert [(one["International"], one["TemplateIdSet"]) for one in asked] == [(0, [1001]), (1, [2001])]


def test_what_is_wrong_is_said(stub: HttpStub) -> None:
    assert troubles(stub, signs(-1), approved(1001, 1002, state=1), packages(1000, 900)) == [
        "Signature “示例大学” cannot be used: it was refused, or is not filed with the carriers. 缺少材料",
        "Template 1001 cannot be used: it is still being reviewed.",
        "Template 1002 cannot be used: it is still being reviewed.",
        "There is no template 1003 at Tencent Cloud.",
        "Tencent Cloud: 100 SMS are left.",
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error("AuthFailure.SignatureExpire"), "clock is off"),
        (error("AuthFailure.SecretIdNotFound"), "look at the key"),
        (Answer(reset=True), "ConnectionError"),
    ],
)
def test_who_is_not_let_in(stub: HttpStub, answer: Answer, words: str) -> None:
    (found,) = troubles(stub, answer)
    assert words in found


def test_a_signature_that_is_not_there(stub: HttpStub) -> None:
    found = troubles(stub, response(DescribeSignListStatusSet=[]), approved(1001, 1002, 1003), packages(9000, 0))
    assert found == ["There is no signature “示例大学” at Tencent Cloud: apply for it, or set SMS_SIGNATURE."]
