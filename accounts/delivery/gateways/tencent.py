"""Tencent Cloud SMS (腾讯云短信), through its own SDK.

A refusal of the whole request is an error of the SDK; one of the SMS stands in an answer that looks well.
"""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111 import models
from tencentcloud.sms.v20210111.sms_client import SmsClient

from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected, SmsError
from accounts.delivery.gateways import templates, transport
from accounts.delivery.gateways.gateway import Finding
from accounts.delivery.gateways.message import Message
from accounts.delivery.gateways.receipts import Malformed, Receipt, Reply, Report, Sent, clean, row_of

has_own_template = True

RECIPIENT = {
    "InvalidParameterValue.IncorrectPhoneNumber",
    "FailedOperation.PhoneNumberInBlacklist",
    "FailedOperation.PhoneNumberParseFail",
}
# Of a number or of the account, which time lifts; other gateways may send meanwhile.
LATER = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": timedelta(seconds=30),
    "LimitExceeded.PhoneNumberOneHourLimit": timedelta(hours=1),
    "LimitExceeded.PhoneNumberDailyLimit": timedelta(days=1),
    "LimitExceeded.PhoneNumberSameContentDailyLimit": timedelta(days=1),
}
THROTTLED = ("LimitExceeded.", "RequestLimitExceeded", "ResourceInsufficient", "ResourceUnavailable")
# Refused for good, whatever their names begin with.
OURS = {
    "LimitExceeded.AppCountryOrRegionInBlacklist", "LimitExceeded.PhoneNumberCountLimit",
    "InternalError.RestApiInterfaceNotExist", "InternalError.SigFieldMissing", "InternalError.SigVerificationFail",
    "InternalError.JsonParseFail",
}  # fmt: skip
UNKNOWN = ("InternalError", "ServerNetworkError", "FailedOperation.OtherError")

# It logs requests and answers whole.
logging.getLogger("tencentcloud_sdk_common").disabled = True


@cache
def _client() -> SmsClient:
    """One a process: its connections are used again. It tries once, at one place."""
    place = urlsplit(settings.TENCENT_URL)
    http = HttpProfile(
        protocol=place.scheme,
        endpoint=place.netloc,
        reqTimeout=(settings.SMS_CONNECT_TIMEOUT, settings.SMS_READ_TIMEOUT),
        keepAlive=True,
    )
    credential = Credential(settings.TENCENT_SECRET_ID, settings.TENCENT_SECRET_KEY)
    return SmsClient(credential, settings.TENCENT_REGION, ClientProfile(httpProfile=http))


def send(message: Message) -> str:
    number, values = templates.fill(settings.TENCENT_TEMPLATES, message)
    answer = _ask(
        "SendSms",
        PhoneNumberSet=[message.number],
        SmsSdkAppId=settings.TENCENT_APP_ID,
        SignName=settings.SMS_SIGNATURE,
        TemplateId=number,
        TemplateParamSet=list(values.values()),
        SessionContext=str(message.attempt),  # comes back with its receipt only if their support switches it on
    )
    if not answer.SendStatusSet:
        raise OutcomeUnknown("tencent no status")
    status = answer.SendStatusSet[0]
    if status.Code != "Ok":
        raise _refusal(status.Code or "")
    if not status.SerialNo:
        raise OutcomeUnknown("tencent no SerialNo")
    return str(status.SerialNo)


def _ask(what: str, **fields: Any) -> Any:
    request = getattr(models, f"{what}Request")()
    for name, value in fields.items():
        setattr(request, name, value)
    try:
        return getattr(_client(), what)(request)
    except TencentCloudSDKException as error:
        if error.requestId or "." in error.code or error.code in ("RequestLimitExceeded", "InternalError"):
            raise _refusal(error.code) from None
        raise transport.meaning(transport.cause(error)) from None
    except Exception as error:  # whatever the SDK makes of a broken answer
        raise transport.meaning(transport.cause(error)) from None


def _refusal(code: str) -> SmsError:
    name = f"tencent {code}"
    if code in RECIPIENT:
        return RecipientRejected(name)
    if code in OURS:
        return ConfigurationRejected(name)
    if code in LATER or code.startswith(THROTTLED):
        return NotSent(name, LATER.get(code))
    if code.startswith(UNKNOWN) or not code:
        return OutcomeUnknown(name)
    return ConfigurationRejected(name)


# --- What became of it

REPLY = Reply('{"result":0,"errmsg":"OK"}')
DELIVERED, UNDELIVERED = "SUCCESS", "FAIL"
ASKED_WITHIN = timedelta(hours=2)  # of being sent


def receipts(report: Report) -> list[Receipt]:
    """It is not signed: the address is the secret, and what it says must fit a row in number and in the id."""
    try:
        rows = json.loads(report.body)
    except (ValueError, RecursionError):
        raise Malformed from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("sid") for row in rows):
        raise Malformed
    return [_receipt(row["sid"], row.get("mobile"), row.get("report_status"), row.get("errmsg")) for row in rows]


def _receipt(serial: object, number: object, status: object, why: object, attempt: int | None = None) -> Receipt:
    error = clean(why)
    return Receipt(
        status={DELIVERED: "delivered", UNDELIVERED: "failed"}.get(clean(status), ""),
        gateway_id=clean(serial),
        attempt=attempt,
        number=clean(number),
        error=f"tencent {error}" if status == UNDELIVERED else "",
    )


def ask(sent: Sent) -> list[Receipt]:
    """By number; of what has no serial number of ours it can only tell where the context comes back."""
    begin = int(sent.at.timestamp()) - 60
    answer = _ask(
        "PullSmsSendStatusByPhoneNumber",
        BeginTime=begin,
        EndTime=begin + int(ASKED_WITHIN.total_seconds()),
        Offset=0,
        Limit=20,
        PhoneNumber=sent.number,
        SmsSdkAppId=settings.TENCENT_APP_ID,
    )
    return [
        _receipt(row.SerialNo, row.PhoneNumber, row.ReportStatus, row.Description, row_of(row.SessionContext))
        for row in answer.PullSmsSendStatusSet or []
        if row.SerialNo == sent.gateway_id or row_of(row.SessionContext) == sent.attempt
    ]


# --- What the office must know before the first person waits for a code

REVIEW = {
    1: gettext_lazy("it is still being reviewed"),
    2: gettext_lazy("it was approved and does not count yet"),
    -1: gettext_lazy("it was refused, or is not filed with the carriers"),
}
FEW = 500  # SMS left


def check() -> Iterator[Finding]:
    try:
        yield from _signature()
        yield from _templates()
        yield from _balance()
    except SmsError as error:
        if "SignatureExpire" in error.code or "RequestTime" in error.code:
            words = _("Tencent Cloud says that our clock is off: set it (%(code)s).")
        else:
            words = _(
                "Tencent Cloud refuses to tell (%(code)s): look at the key, its rights (QcloudSMSReadOnlyAccess)."
            )
        yield Finding(words % {"code": error.code}, is_trouble=True)


def _signature() -> Iterator[Finding]:
    answer = _ask("DescribeSmsSignList", International=0, SignIdSet=[], Limit=100, Offset=0)
    found = [sign for sign in answer.DescribeSignListStatusSet or [] if sign.SignName == settings.SMS_SIGNATURE]
    name = {"sign": settings.SMS_SIGNATURE}
    if not found:
        words = _("There is no signature “%(sign)s” at Tencent Cloud: apply for it, or set SMS_SIGNATURE.")
        yield Finding(words % name, is_trouble=True)
    for sign in found:
        if sign.StatusCode == 0:
            yield Finding(_("Signature “%(sign)s” is approved.") % name)
        else:
            state = REVIEW.get(sign.StatusCode, sign.StatusCode)
            words = _("Signature “%(sign)s” cannot be used: %(state)s.") % {**name, "state": state}
            yield Finding(f"{words} {sign.ReviewReply or ''}".strip(), is_trouble=True)


def _templates() -> Iterator[Finding]:
    for is_abroad in (False, True):
        of = {number for key, (number, _pairs) in settings.TENCENT_TEMPLATES.items() if (".abroad" in key) is is_abroad}
        if of:
            numbers = sorted(map(int, of))
            answer = _ask("DescribeSmsTemplateList", International=int(is_abroad), TemplateIdSet=numbers)
            found = {template.TemplateId: template for template in answer.DescribeTemplateStatusSet or []}
            yield from (_template(number, found.get(number)) for number in numbers)


def _template(number: int, found: Any) -> Finding:
    what = {"template": number}
    if found is None:
        return Finding(_("There is no template %(template)s at Tencent Cloud.") % what, is_trouble=True)
    if found.StatusCode == 0:
        return Finding(_("Template %(template)s is approved.") % what)
    words = _("Template %(template)s cannot be used: %(state)s.")
    words %= {**what, "state": REVIEW.get(found.StatusCode, found.StatusCode)}
    return Finding(f"{words} {found.ReviewReply or ''}".strip(), is_trouble=True)


def _balance() -> Iterator[Finding]:
    now = timezone.localtime()
    answer = _ask(
        "SmsPackagesStatistics",
        SmsSdkAppId=settings.TENCENT_APP_ID,
        Limit=500,
        Offset=0,
        BeginTime=f"{now - timedelta(days=730):%Y%m%d%H}",
        EndTime=f"{now - timedelta(hours=1):%Y%m%d%H}",
    )
    alive = [one for one in answer.SmsPackagesStatisticsSet or [] if one.PackageExpiredTime > now.timestamp()]
    left = sum(one.PackageAmount - one.CurrentUsage for one in alive)
    yield Finding(_("Tencent Cloud: %(left)s SMS are left.") % {"left": left}, is_trouble=left < FEW)
