"""What became of an SMS is asked for where nothing is reported: a few times, of what is young."""

import json
from datetime import timedelta

import pytest
import time_machine
from alibabacloud_dysmsapi20170525 import models
from django.utils import timezone

from accounts.delivery import tasks
from tests.accounts.delivery.test_alibaba_gateway import BIZ, said
from tests.accounts.delivery.test_alibaba_gateway import stub as alibaba_stub
from tests.accounts.delivery.test_platforms import Make as MakePlatform
from tests.accounts.delivery.test_platforms import answer, platform, stub
from tests.accounts.delivery.test_reports import Make, make, state
from tests.accounts.delivery.test_tencent_gateway import SERIAL, response
from tests.accounts.delivery.test_tencent_gateway import stub as tencent_stub
from tests.kit.servers.http_stub import Answer, HttpStub

__all__ = ["alibaba_stub", "make", "platform", "stub", "tencent_stub"]


def details(*rows: dict[str, object]) -> Answer:
    dto = models.QuerySendDetailsResponseBodySmsSendDetailDTOsSmsSendDetailDTO
    found = models.QuerySendDetailsResponseBody(
        code="OK",
        sms_send_detail_dtos=models.QuerySendDetailsResponseBodySmsSendDetailDTOs(
            sms_send_detail_dto=[dto(content="验证码 814460", **row) for row in rows]
        ),
    )
    return Answer(json.dumps(found.to_map()))


def ask_later(**age: int) -> None:
    with time_machine.travel(timezone.now() + timedelta(**age), tick=False):
        tasks.ask_gateways.delay()


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ({"send_status": 1}, ("sent", "", "")),
        ({"send_status": 3, "err_code": "DELIVERED"}, ("delivered", "", "")),
        (
            {"send_status": 2, "err_code": "MOBILE_NOT_ON_SERVICE"},
            ("failed", "alibaba MOBILE_NOT_ON_SERVICE", "number"),
        ),
        ({"send_status": 3, "out_id": "1234567"}, ("unknown", "", "")),
        ({"send_status": 3, "phone_num": "13900139000"}, ("unknown", "", "")),
        ({"send_status": 3, "phone_num": "\n"}, ("unknown", "", "")),
    ],
)
def test_alibaba_is_asked_about_what_is_not_known(
    alibaba_stub: HttpStub, make: Make, found: dict[str, object], kept: tuple[str, str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Its answer holds the text of the SMS."""
    caplog.set_level("DEBUG")
    sms = make("alibaba", status="unknown")
    alibaba_stub.always = details({"out_id": str(sms.pk), "phone_num": "13800138000"} | found)
    ask_later(seconds=90)
    assert state(sms) == kept
    (asked,) = alibaba_stub.asked
    assert asked.query["PhoneNumber"] == "13800138000"
    assert "814460" not in caplog.text
    assert "13800138000" not in caplog.text


def test_tencent_is_asked(tencent_stub: HttpStub, make: Make) -> None:
    sms = make("tencent", SERIAL)
    row = {"SerialNo": SERIAL, "PhoneNumber": "+8613800138000", "ReportStatus": "SUCCESS", "Description": "DELIVRD"}
    tencent_stub.always = response(PullSmsSendStatusSet=[row | {"SerialNo": "another"}, row])
    ask_later(seconds=90)
    assert state(sms)[0] == "delivered"


@pytest.mark.parametrize(("status", "kept"), [("DELIVERED", "delivered"), ("ENROUTE", "sent"), ("EXPIRED", "failed")])
def test_a_platform_is_asked_as_its_file_says(
    stub: HttpStub, platform: MakePlatform, make: Make, status: str, kept: str
) -> None:
    platform("token_first")
    sms = make("token_first", "m-1")
    report = {"id": "m-1", "reference": str(sms.pk), "phone": "+8613800138000", "status": status}
    stub.script = [answer(data={"access_token": "t", "expires_in": 60}), answer(reports=[report])]
    ask_later(seconds=90)
    assert state(sms)[0] == kept
    assert (stub.asked[1].path, stub.asked[1].query) == ("/v2/reports", {"id": "m-1"})


def test_asked_a_few_times_and_then_no_more(alibaba_stub: HttpStub, make: Make) -> None:
    sms = make("alibaba", BIZ)
    alibaba_stub.always = details()
    start = timezone.now()
    for minute in [*range(5), *range(8, 13), *range(28, 33), *range(58, 63), 90]:
        with time_machine.travel(start + timedelta(minutes=minute, seconds=30), tick=False):
            tasks.ask_gateways.delay()
    assert len(alibaba_stub.asked) == 5
    assert state(sms)[0] == "sent"


def test_what_has_its_end_is_not_asked_about(alibaba_stub: HttpStub, make: Make) -> None:
    for status in ("delivered", "failed", "queued", "claimed"):
        make("alibaba", BIZ, status=status)
    make("memory", BIZ)
    ask_later(seconds=90)
    assert alibaba_stub.asked == []


def test_a_gateway_that_tells_nothing_is_left_alone(alibaba_stub: HttpStub, make: Make) -> None:
    for _ in range(3):
        make("alibaba", BIZ)
    alibaba_stub.always = said("isp.RAM_PERMISSION_DENY")
    ask_later(seconds=90)
    assert len(alibaba_stub.asked) == 1
