"""Twilio's status callbacks: signed, repeated, out of order."""

from itertools import permutations

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from accounts.delivery import sending
from accounts.delivery.models import Sms
from accounts.routes import routing
from tests.accounts.delivery.test_twilio_gateway import SID, TOKEN, gateway
from tests.kit.people import Person
from tests.kit.servers.twilio_stub import SLOW, THROTTLED, TwilioStub

__all__ = ["gateway"]

PUBLIC_URL = "https://portal.example.edu"


class Twilio(Client):
    """Calls the portal through its proxy: over plain http and under an internal name, as far as Django can see."""

    def report(self, sms: Sms, status: str, *, sid: str = SID, token: str = TOKEN, **fields: str) -> int:
        path = f"/sms/twilio/{sms.pk}/"
        fields |= {"MessageSid": sid, "SmsSid": sid, "MessageStatus": status, "To": sms.number, "From": "教务"}
        signature = RequestValidator(token).compute_signature(PUBLIC_URL + path, fields)
        return self.post(path, fields, headers={"X-Twilio-Signature": signature}).status_code


@pytest.fixture
def sms(gateway: TwilioStub, wangwu: Person) -> Sms:
    wangwu.enter_password()
    return Sms.objects.get()


def test_delivered(sms: Sms, wangwu: Person) -> None:
    assert Twilio().report(sms, "delivered") == 204
    sms.refresh_from_db()
    assert sms.status == "delivered"
    assert sms.delivered_at is not None
    assert "arrived" in wangwu.get("/sign-in/code/", headers={"accept-language": "en"}).content.decode()


@pytest.mark.parametrize(
    ("error", "reason"), [("30005", "number"), ("30007", "number"), ("30003", ""), ("30008", ""), ("x<b>", "")]
)
def test_failed(sms: Sms, error: str, reason: str) -> None:
    assert Twilio().report(sms, "undelivered", ErrorCode=error) == 204
    sms.refresh_from_db()
    assert (sms.status, sms.reason) == ("failed", reason)
    assert sms.error == (f"twilio {error}" if error.isdigit() else "")


def test_without_the_right_signature_nothing_changes(sms: Sms) -> None:
    path = f"/sms/twilio/{sms.pk}/"
    fields = {"MessageSid": SID, "MessageStatus": "failed"}
    right = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + path, fields)
    of_other_row = RequestValidator(TOKEN).compute_signature(f"{PUBLIC_URL}/sms/twilio/{sms.pk + 1}/", fields)
    of_inner_url = RequestValidator(TOKEN).compute_signature(f"http://testserver{path}", fields)
    for signature in ["", "x", right[:-1], right.lower(), right + "=", "é", of_other_row, of_inner_url]:
        assert Client().post(path, fields, headers={"X-Twilio-Signature": signature}).status_code == 403, signature
    assert Client().post(path, fields).status_code == 403
    changed = {**fields, "MessageStatus": "delivered"}
    assert Client().post(path, changed, headers={"X-Twilio-Signature": right}).status_code == 403
    added = {**fields, "ErrorCode": "30005"}
    assert Client().post(path, added, headers={"X-Twilio-Signature": right}).status_code == 403
    twice = {**fields, "MessageStatus": ["failed", "delivered"]}
    assert Client().post(path, twice, headers={"X-Twilio-Signature": right}).status_code == 403
    assert Twilio().report(sms, "failed", token="") == 403
    sms.refresh_from_db()
    assert sms.status == "sent"


@pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered"])))
def test_the_story_only_moves_forward(sms: Sms, order: tuple[str, ...]) -> None:
    seen = []
    for status in [*order, *order]:
        assert Twilio().report(sms, status) == 204
        sms.refresh_from_db()
        seen.append(sms.status)
    assert seen[order.index("delivered") :] == ["delivered"] * (6 - order.index("delivered"))
    assert set(seen[: order.index("delivered")]) <= {"sent"}


@pytest.mark.parametrize(("first", "second"), [("failed", "delivered"), ("delivered", "failed"), ("read", "failed")])
def test_the_first_end_is_the_end(sms: Sms, first: str, second: str) -> None:
    Twilio().report(sms, first)
    sms.refresh_from_db()
    end, at = sms.status, sms.delivered_at
    Twilio().report(sms, second)
    Twilio().report(sms, first)
    sms.refresh_from_db()
    assert (sms.status, sms.delivered_at) == (end, at)


def test_a_receipt_settles_what_was_unknown(gateway: TwilioStub, wangwu: Person) -> None:
    gateway.script = [SLOW]
    wangwu.enter_password()
    sms = Sms.objects.get()
    Twilio().report(sms, "sent")
    sms.refresh_from_db()
    assert (sms.status, sms.gateway_id) == ("sent", SID)
    page = wangwu.get("/sign-in/code/", headers={"accept-language": "en"}).content.decode()
    assert f"at {timezone.localtime():%H:}" in page, "the page does not say when it was sent"


@pytest.mark.parametrize(("status", "kept"), [("sent", "sent"), ("delivered", "delivered"), ("undelivered", "failed")])
def test_a_receipt_that_comes_before_our_own_note_wins(
    gateway: TwilioStub, wangwu: Person, monkeypatch: pytest.MonkeyPatch, status: str, kept: str
) -> None:
    settle = sending._settle

    def reported_meanwhile(row: Sms, *args: object, **fields: object) -> None:
        """The gateway is faster than the worker's own note."""
        assert Twilio().report(row, status) == 204
        settle(row, *args, **fields)  # type: ignore[arg-type]

    monkeypatch.setattr(sending, "_settle", reported_meanwhile)
    wangwu.enter_password()
    sms = Sms.objects.get()
    assert (sms.status, sms.gateway_id) == (kept, SID)
    if kept == "sent":
        assert sms.sent_at is not None


def test_a_foreign_message_changes_nothing(sms: Sms) -> None:
    assert Twilio().report(sms, "failed", sid="SM" + "9" * 32) == 204
    sms.refresh_from_db()
    assert (sms.status, sms.gateway_id) == ("sent", SID)


def test_a_row_that_does_not_exist(sms: Sms) -> None:
    sms.pk += 1000
    assert Twilio().report(sms, "delivered") == 204
    assert set(Sms.objects.values_list("status", flat=True)) == {"sent"}


def test_a_receipt_is_never_a_reason_to_send(gateway: TwilioStub, wangwu: Person) -> None:
    gateway.script = [THROTTLED]
    wangwu.enter_password()
    sms = Sms.objects.get()
    Twilio().report(sms, "delivered")
    sending.send(Sms, sms.pk, routing.carry)
    assert len(gateway.requests) == 1


@pytest.mark.bypass("row 8: checks only for some methods")
def test_only_post(sms: Sms) -> None:
    for method in ("get", "head", "put", "patch", "delete", "options", "trace"):
        assert getattr(Client(), method)(f"/sms/twilio/{sms.pk}/").status_code == 405
    sms.refresh_from_db()
    assert sms.status == "sent"


def test_there_is_no_such_page_with_another_gateway(sms: Sms, settings: Settings) -> None:
    settings.SMS_GATEWAY = "memory"
    assert Twilio().report(sms, "failed") == 404
