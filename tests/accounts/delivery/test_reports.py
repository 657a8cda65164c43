"""What gateways report about SMS, and what anybody else sends there: batches, twice, in any order, malformed."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from accounts.delivery.gateways.platforms import files
from accounts.delivery.models import Attempt, Sms
from portal.environment import routes
from tests.kit.deployment import ROOT
from tests.kit.people import Person

SECRET = "reports-0123456789abcdef"
PUBLIC_URL = "https://portal.example.edu"

NAMES = ("alibaba", "tencent", "twilio", "yunmas", "kannel")

Make = Callable[..., Sms]


@pytest.fixture(autouse=True)
def _ours(settings: Settings) -> None:
    settings.SMS_RECEIPT_SECRET, settings.PUBLIC_URL = SECRET, PUBLIC_URL
    settings.SMS_GATEWAYS = list(NAMES)
    settings.TWILIO_AUTH_TOKEN = "t" * 32
    found = {
        name: files.read(ROOT / "deploy" / "sms" / f"{name}.toml", lambda _: "x")[0] for name in ("yunmas", "kannel")
    }
    settings.SMS_PLATFORMS = found


@pytest.fixture
def make(wangwu: Person) -> Make:
    """An SMS that went through a gateway."""

    assert wangwu.user
    user = wangwu.user

    def make(gateway: str, gateway_id: str = "", *, status: str = "sent", number: str = "+8613800138000") -> Sms:
        now = timezone.now()
        sms = Sms.objects.create(
            user=user, number=number, purpose="test", language="en", status=status, gateway=gateway,
            gateway_id=gateway_id, sent_at=now, expires_at=now + timedelta(minutes=5),
        )  # fmt: skip
        if status != "queued":
            outcome = Attempt.Outcome(status)
            Attempt.objects.create(sms=sms, gateway=gateway, gateway_id=gateway_id, outcome=outcome, started_at=now)
        return sms

    return make


def post(gateway: str, content: object, *, secret: str = SECRET, **more: object) -> tuple[int, str]:
    body = content if isinstance(content, str | bytes) else json.dumps(content)
    got = Client().post(f"/sms/receipts/{gateway}/{secret}/", body, content_type="application/json", **more)  # type: ignore[arg-type]
    return got.status_code, got.content.decode()


def alibaba(sms: Sms, *, success: object = True, error: str = "DELIVERED", **changes: object) -> dict[str, object]:
    return {
        "phone_number": "13800138000", "send_time": "2026-11-29 08:00:00", "report_time": "2026-11-29 08:00:05",
        "success": success, "err_code": error, "err_msg": "用户接收成功", "sms_size": "1", "biz_id": sms.gateway_id,
        "out_id": str(sms.pk), **changes,
    }  # fmt: skip


def tencent(sms: Sms, status: str = "SUCCESS", error: str = "DELIVRD", **changes: object) -> dict[str, object]:
    return {
        "user_receive_time": "2026-11-29 08:00:05", "nationcode": "86", "mobile": "13800138000",
        "report_status": status, "errmsg": error, "description": "用户短信送达成功", "sid": sms.gateway_id, **changes,
    }  # fmt: skip


def state(sms: Sms) -> tuple[str, str, str]:
    sms.refresh_from_db()
    return sms.status, sms.error, sms.reason


def test_alibaba_reports_many_at_once(make: Make) -> None:
    first, second, third = make("alibaba", "1^0"), make("alibaba", "2^0"), make("alibaba", "3^0")
    batch = [
        alibaba(first),
        alibaba(second, success=False, error="MOBILE_NOT_ON_SERVICE"),
        alibaba(third, success=False, error="SP_UNKNOWN_ERROR"),
    ]
    assert post("alibaba", batch) == (200, '{"code":0,"msg":"OK"}')
    assert post("alibaba", batch[::-1]) == (200, '{"code":0,"msg":"OK"}'), "twice"
    assert state(first) == ("delivered", "", "")
    assert state(second) == ("failed", "alibaba MOBILE_NOT_ON_SERVICE", "number")
    assert state(third) == ("failed", "alibaba SP_UNKNOWN_ERROR", "")


def test_tencent_reports_many_at_once(make: Make) -> None:
    first, second = make("tencent", "a:1"), make("tencent", "a:2", status="unknown")
    batch = [tencent(first), tencent(second, "FAIL", "REJECTED")]
    assert post("tencent", batch) == (200, '{"result":0,"errmsg":"OK"}')
    assert post("tencent", batch) == (200, '{"result":0,"errmsg":"OK"}')
    assert state(first) == ("delivered", "", "")
    assert state(second) == ("failed", "tencent REJECTED", "")


def test_a_platform_reports_as_its_file_says(make: Make) -> None:
    first, second = make("yunmas", "0703"), make("yunmas", "0704")
    assert post("yunmas", {"msgGroup": "0703", "mobile": "13800138000", "errorCode": "DELIVRD"}) == (200, '{"code":0}')
    assert post("yunmas", [{"msgGroup": "0704", "mobile": "13800138000", "errorCode": "MK:0001"}])[0] == 200
    assert state(first) == ("delivered", "", "")
    assert state(second) == ("failed", "yunmas MK:0001", "number")


def test_kannel_reports_by_address(make: Make) -> None:
    sms = make("kannel", "kannel-1")
    for status, kept in (("8", "sent"), ("4", "sent"), ("1", "delivered"), ("2", "delivered")):
        query = {"attempt": str(sms.pk), "number": "8613800138000", "status": status}
        assert Client().get(f"/sms/receipts/kannel/{SECRET}/", query).status_code == 200
        assert state(sms)[0] == kept


def test_twilio_is_signed_here_too(make: Make) -> None:
    sms = make("twilio", "SM1")
    path = f"/sms/receipts/twilio/{SECRET}/"
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    right = RequestValidator("t" * 32).compute_signature(PUBLIC_URL + path, fields)
    for signature, status, kept in (("", 403, "sent"), (right[::-1], 403, "sent"), (right, 204, "delivered")):
        assert Client().post(path, fields, headers={"X-Twilio-Signature": signature}).status_code == status
        assert state(sms)[0] == kept


@pytest.mark.parametrize("secret", ["x", SECRET[:-1], SECRET.upper(), f"{SECRET}x", "-", "é", "%00"])
def test_without_the_secret_nothing_changes(make: Make, secret: str) -> None:
    sms = make("alibaba", "1^0")
    assert post("alibaba", [alibaba(sms)], secret=secret)[0] in (400, 403)
    assert state(sms)[0] == "sent"


ELSEWHERE, THEIRS = "198.51.100.7", "203.0.113.9"


def from_(address: str, sms: Sms, gateway: str = "alibaba") -> int:
    """By our proxy, which says who it was; what stands left of that is the sender's own invention."""
    chain = f"{THEIRS}, {address}"
    return post(gateway, [alibaba(sms)], REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=chain)[0]


def test_only_from_the_networks_of_the_gateway(make: Make, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    settings.SMS_RECEIPT_NETWORKS = routes.networks("alibaba: 203.0.113.0/24, 2001:db8::/32; twilio: 192.0.2.1", NAMES)
    sms = make("alibaba", "1^0")
    for address in (ELSEWHERE, "2001:db9::1", "nonsense"):
        assert from_(address, sms) == 403
        assert state(sms)[0] == "sent"
    assert from_("2001:db8::1", sms) == 200
    assert state(sms)[0] == "delivered"
    settings.SMS_RECEIPT_NETWORKS = routes.networks("twilio: 192.0.2.1", NAMES)
    assert from_(ELSEWHERE, make("alibaba", "2^0")) != 403, "of one that is not named, from anywhere"


@pytest.mark.parametrize("path", [f"/sms/receipts/twilio/{SECRET}/", "/sms/twilio/{pk}/"])
def test_a_right_signature_from_elsewhere(make: Make, settings: Settings, path: str) -> None:
    sms = make("twilio", "SM1")
    settings.SMS_RECEIPT_NETWORKS = routes.networks(f"twilio: {THEIRS}", NAMES)
    path, fields = path.format(pk=sms.pk), {"MessageSid": "SM1", "MessageStatus": "delivered"}
    right = RequestValidator("t" * 32).compute_signature(PUBLIC_URL + path, fields)
    for address, status, kept in ((ELSEWHERE, 403, "sent"), (THEIRS, 204, "delivered")):
        got = Client(REMOTE_ADDR=address).post(path, fields, headers={"X-Twilio-Signature": right})
        assert (got.status_code, state(sms)[0]) == (status, kept)


def test_without_a_secret_there_are_no_receipts(make: Make, settings: Settings) -> None:
    sms = make("alibaba", "1^0")
    settings.SMS_RECEIPT_SECRET = ""
    for secret in ("-", "x", ""):
        assert post("alibaba", [alibaba(sms)], secret=secret)[0] in (403, 404)


def test_the_secret_is_in_no_log(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    assert post("alibaba", "{")[0] == 400
    assert post("nobody", [])[0] == 404
    assert post("alibaba", [], secret="guessed-by-somebody")[0] == 403
    assert "/sms/receipts/alibaba/-/" in caplog.text, "nothing was logged, so it shows nothing"
    assert SECRET not in caplog.text
    assert "guessed-by-somebody" not in caplog.text


@pytest.mark.parametrize("gateway", ["memory", "outbox", "nobody", "message", "platforms"])
def test_who_reports_nothing_has_no_page(gateway: str) -> None:
    assert post(gateway, [])[0] == 404


WRONG = [
    b"", b"{", b"null", b"1", b'"x"', b"{}", b"[1]", b"[null]", b"[[]]", b"[{}]", b"\xff\xfe", b"[" * 50_000,
    b'[{"biz_id": "\\u0000", "sid": "\\u0000", "msgGroup": "\\u0000", "errorCode": "x"}]',
    json.dumps([{"biz_id": "x" * 300, "sid": "x" * 300, "msgGroup": "x" * 300, "errorCode": "x"}]).encode(),
    json.dumps([{"biz_id": {}, "sid": {}, "msgGroup": {}, "errorCode": {}}]).encode(),
    b'[{"biz_id": "1", "sid": "1", "msgGroup": "1", "errorCode": "\\n", "err_code": "\\n", "errmsg": "\\n"}]',
    b"[" + b" " * 200_000 + b"]",
]  # fmt: skip


@pytest.mark.parametrize("gateway", ["alibaba", "tencent", "yunmas", "kannel", "twilio"])
def test_what_no_gateway_sends_is_refused(make: Make, gateway: str) -> None:
    sms = make(gateway, "1")
    for body in WRONG:
        assert post(gateway, body)[0] in (400, 403, 404), body[:100]
        got = Client().post(f"/sms/receipts/{gateway}/{SECRET}/", {"status": "1", "attempt": "9" * 30, "x": body})
        assert got.status_code in (400, 403, 404), body[:100]
    assert state(sms) == ("sent", "", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"biz_id": "9^0"}, {"out_id": "999999"}, {"phone_number": "13900139000"}, {"phone_number": "000"},
        {"out_id": "9" * 19}, {"phone_number": "8000"},
    ],
)  # fmt: skip
def test_all_of_a_receipt_must_fit_its_row(make: Make, changes: dict[str, object]) -> None:
    """Or it is another's: somebody who knows the address guesses at rows."""
    sms = make("alibaba", "1^0")
    got = post("alibaba", [alibaba(sms, success=False, error="MOBILE_NOT_ON_SERVICE") | changes])[0]
    if changes == {"out_id": "9" * 19}:  # no row has such a number: it is as if it were not said
        assert got == 200
    else:
        assert (got, state(sms)) == (404, ("sent", "", ""))


def test_a_receipt_of_another_gateway_is_none(make: Make) -> None:
    sms = make("tencent", "1")
    assert post("alibaba", [alibaba(sms)])[0] == 404
    assert post("yunmas", {"msgGroup": "1", "errorCode": "DELIVRD"})[0] == 404
    assert state(sms)[0] == "sent"


def test_each_gateway_reports_its_own_attempt(make: Make) -> None:
    """What is said of an earlier one is no word about the SMS."""
    sms = make("yunmas", "0703")
    Attempt.objects.create(sms=sms, gateway="alibaba", gateway_id="1^0", outcome="sent")
    assert post("yunmas", {"msgGroup": "0703", "mobile": "13800138000", "errorCode": "MK:0001"})[0] == 200
    assert state(sms) == ("sent", "", "")
    assert post("alibaba", [alibaba(sms, biz_id="0703")])[0] == 404
    assert sorted(sms.attempts.values_list("gateway", "outcome")) == [("alibaba", "sent"), ("yunmas", "failed")]


def test_a_row_of_an_older_version(make: Make) -> None:
    sms = make("alibaba", "1^0")
    sms.attempts.all().delete()
    assert post("alibaba", [alibaba(sms)])[0] == 200
    assert state(sms)[0] == "delivered"


def test_one_that_is_known_takes_the_others_along(make: Make) -> None:
    sms = make("alibaba", "1^0")
    assert post("alibaba", [alibaba(sms, biz_id="9^0"), alibaba(sms)])[0] == 200
    assert state(sms)[0] == "delivered"


def test_a_receipt_that_is_faster_than_our_own_note(make: Make) -> None:
    sms = make("alibaba", "", status="claimed")
    assert post("alibaba", [alibaba(sms, biz_id="1^0")])[0] == 200
    sms.refresh_from_db()
    assert (sms.status, sms.gateway_id) == ("delivered", "1^0")


def test_only_get_and_post() -> None:
    for method in ("put", "patch", "delete", "options", "trace"):
        assert getattr(Client(), method)(f"/sms/receipts/alibaba/{SECRET}/").status_code == 405
