"""Alibaba Cloud SMS (阿里云短信), through its own SDK.

A refusal comes as HTTP 200 with another code than OK. The SMS travels in the query of the address, and nobody logs it.
"""

import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from alibabacloud_dysmsapi20170525 import models
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected, SmsError
from accounts.delivery.gateways import templates, transport
from accounts.delivery.gateways.gateway import Finding
from accounts.delivery.gateways.message import MAINLAND, Message
from accounts.delivery.gateways.receipts import Malformed, Receipt, Reply, Report, Sent, clean, row_of

has_own_template = True

RECIPIENT = {"isv.MOBILE_NUMBER_ILLEGAL"}
LATER = {"isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL"}
THROTTLED = ("Throttling", "ServiceUnavailable")
UNKNOWN = {"isp.SYSTEM_ERROR", "isv.SYSTEM_ERROR", "InternalError", "UnknownError"}
# What its message says of the limit that was met.
LIMITS = {"分钟": timedelta(minutes=1), "小时": timedelta(hours=1), "天": timedelta(days=1)}

# It prints whole addresses if the environment says so.
logging.getLogger("darabonba-core").disabled = True
transport.hide_queries()


@cache
def _client() -> Client:
    """One a process: its connections are used again. Without retry options it tries once."""
    place = urlsplit(settings.ALIBABA_URL)
    return Client(
        Config(
            access_key_id=settings.ALIBABA_ACCESS_KEY_ID,
            access_key_secret=settings.ALIBABA_ACCESS_KEY_SECRET,
            endpoint=place.netloc,
            protocol=place.scheme,
            connect_timeout=int(settings.SMS_CONNECT_TIMEOUT * 1000),
            read_timeout=int(settings.SMS_READ_TIMEOUT * 1000),
        )
    )


def send(message: Message) -> str:
    number, values = templates.fill(settings.ALIBABA_TEMPLATES, message)
    answer = _ask(
        "send_sms",
        models.SendSmsRequest(
            phone_numbers=message.local_number,
            sign_name=settings.SMS_SIGNATURE,
            template_code=number,
            template_param=json.dumps(values, ensure_ascii=False),
            out_id=str(message.attempt),  # comes back with its receipt; it is no key that keeps it from going twice
        ),
    )
    if not answer.biz_id:
        raise OutcomeUnknown("alibaba no BizId")
    return str(answer.biz_id)


def _ask(what: str, request: Any) -> Any:
    """The body of an answer that says OK, or what it means that there is none."""
    try:
        body = getattr(_client(), f"{what}_with_options")(request, RuntimeOptions(autoretry=False)).body
    except AlibabaCloudException as error:
        raise _refusal(str(error.code), str(error.message), error.status_code or 0) from None
    except Exception as error:  # whatever the SDK makes of a connection that fails, or of a broken answer
        raise transport.meaning(transport.cause(error)) from None
    if body is None or not body.code:
        raise OutcomeUnknown("alibaba no code")
    if body.code != "OK":
        raise _refusal(body.code, body.message or "", 200)
    return body


def _refusal(code: str, words: str, status: int) -> SmsError:
    name = f"alibaba {code}"
    if code in LATER:
        waits = [wait for word, wait in LIMITS.items() if word in words]
        return NotSent(name, max(waits, default=None))
    if code.startswith(THROTTLED) or status == 429:
        return NotSent(name)
    if code in RECIPIENT:
        return RecipientRejected(name)
    if code in UNKNOWN or status >= 500 or not re.match(r"[A-Za-z]", code) or code == "None":
        return OutcomeUnknown(name if code != "None" else f"alibaba http {status}")
    return ConfigurationRejected(name)


# --- What became of it

REPLY = Reply('{"code":0,"msg":"OK"}')
# Of the carriers, in the call-back: no such number, a landline, an owner who wants none.
BAD_NUMBER = {"MOBILE_NOT_ON_SERVICE", "MK:0001", "MOBILE_IN_BLACK"}
FAILED, DELIVERED = 2, 3
SEND_STATUS = {FAILED: "failed", DELIVERED: "delivered"}
BEIJING = ZoneInfo("Asia/Shanghai")  # its days are


def receipts(report: Report) -> list[Receipt]:
    """It is not signed: the address is the secret, and what it says must fit a row in number and in both ids."""
    try:
        rows = json.loads(report.body)
    except (ValueError, RecursionError):
        raise Malformed from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("biz_id") for row in rows):
        raise Malformed
    return [_receipt(row) for row in rows]


def _receipt(row: dict[str, Any]) -> Receipt:
    error = clean(row.get("err_code"))
    is_there = str(row.get("success")).lower() == "true"
    return Receipt(
        status="delivered" if is_there else "failed",
        gateway_id=clean(row.get("biz_id")),
        attempt=row_of(row.get("out_id")),
        number=clean(row.get("phone_number")),
        error="" if is_there else f"alibaba {error}",
        number_is_bad=not is_there and error in BAD_NUMBER,
    )


def ask(sent: Sent) -> list[Receipt]:
    """Its answer holds the text of the SMS, of which nothing is kept."""
    body = _ask(
        "query_send_details",
        models.QuerySendDetailsRequest(
            phone_number=sent.number.removeprefix(MAINLAND).lstrip("+"),
            send_date=f"{sent.at.astimezone(BEIJING):%Y%m%d}",
            page_size=10,
            current_page=1,
            biz_id=sent.gateway_id or None,
        ),
    )
    rows = body.sms_send_detail_dtos.sms_send_detail_dto if body.sms_send_detail_dtos else []
    mine = [row for row in rows if row_of(row.out_id) == sent.attempt]
    return [
        Receipt(
            status=SEND_STATUS.get(row.send_status, "sent"),
            gateway_id=sent.gateway_id,
            attempt=sent.attempt,
            number=clean(row.phone_num),
            error=f"alibaba {clean(row.err_code)}" if row.send_status == FAILED else "",
            number_is_bad=row.send_status == FAILED and row.err_code in BAD_NUMBER,
        )
        for row in mine
    ]


# --- What the office must know before the first person waits for a code

CARRIERS = {
    "mobile": gettext_lazy("China Mobile"),
    "unicom": gettext_lazy("China Unicom"),
    "telecom": gettext_lazy("China Telecom"),
}
REVIEW = {
    "0": gettext_lazy("it is still being reviewed"),
    "2": gettext_lazy("it was refused"),
    "10": gettext_lazy("it was withdrawn"),
}
REGISTERED = 3
REGISTER = {
    1: gettext_lazy("it is filed, and no SMS has proved it yet"),
    0: gettext_lazy("filing failed: hand in the papers again"),
    2: gettext_lazy("it has lapsed, after six months without an SMS: file it again"),
    -1: gettext_lazy("it is being filed; that takes up to ten working days"),
    -2: gettext_lazy("it is not filed: file it at Alibaba Cloud (实名制报备)"),
}
APPROVED = ("1", "AUDIT_STATE_PASS")
CLOCK = ("alibaba InvalidTimeStamp", "alibaba SignatureNonceUsed")


def check() -> Iterator[Finding]:
    try:
        sign = _ask("get_sms_sign", models.GetSmsSignRequest(sign_name=settings.SMS_SIGNATURE))
    except SmsError as error:
        yield _not_asked(error)
        return
    yield from _signature(sign)
    for number in dict.fromkeys(number for number, _pairs in settings.ALIBABA_TEMPLATES.values()):
        try:
            template = _ask("get_sms_template", models.GetSmsTemplateRequest(template_code=number))
        except SmsError as error:
            yield _not_asked(error)
            continue
        yield from _template(number, template)


def _not_asked(error: SmsError) -> Finding:
    if error.code.startswith(CLOCK):
        return Finding(_("Alibaba Cloud says that our clock is off: set it (%(code)s).") % {"code": error.code}, True)
    words = _(
        "Alibaba Cloud refuses to tell (%(code)s): look at the key, its rights (AliyunDysmsReadOnlyAccess), the names."
    )
    return Finding(words % {"code": error.code}, is_trouble=True)


def _signature(sign: Any) -> Iterator[Finding]:
    name = {"sign": settings.SMS_SIGNATURE}
    if sign.sign_status != 1:
        state = REVIEW.get(str(sign.sign_status), str(sign.sign_status))
        yield Finding(_("Signature “%(sign)s” cannot be used: %(state)s.") % {**name, "state": state}, is_trouble=True)
    for detail in sign.sign_isp_register_detail_list or []:
        carrier = CARRIERS.get(str(detail.operator_code).lower(), detail.operator_code)
        if detail.register_status == REGISTERED:
            yield Finding(_("Signature “%(sign)s” is filed with %(carrier)s.") % {**name, "carrier": carrier})
        else:
            state = REGISTER.get(detail.register_status, str(detail.register_status))
            words = _("Signature “%(sign)s” at %(carrier)s: %(state)s.")
            yield Finding(words % {**name, "carrier": carrier, "state": state}, is_trouble=detail.register_status != 1)


def _template(number: str, template: Any) -> Iterator[Finding]:
    what = {"template": number}
    if str(template.template_status) not in APPROVED:
        state = REVIEW.get(str(template.template_status), str(template.template_status))
        yield Finding(_("Template %(template)s cannot be used: %(state)s.") % {**what, "state": state}, is_trouble=True)
        return
    wanted = set(re.findall(r"\$\{(\w+)\}", template.template_content or ""))
    given = {theirs for one, pairs in settings.ALIBABA_TEMPLATES.values() if one == number for _ours, theirs in pairs}
    if lacking := sorted(wanted - given):
        words = _("Template %(template)s wants %(names)s, which ALIBABA_TEMPLATES does not give it.")
        yield Finding(words % {**what, "names": ", ".join(lacking)}, is_trouble=True)
    else:
        yield Finding(_("Template %(template)s is approved.") % what)
