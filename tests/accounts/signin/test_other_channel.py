"""An SMS that was not delivered: its owner is told what to do, and may have it tried by another channel."""

import pytest
from pytest_django import Settings

from accounts.delivery import sending
from accounts.delivery.gateways import memory
from accounts.delivery.models import Sms
from tests.accounts.routes.conftest import gateways
from tests.kit.gateways import A, B, Gateways
from tests.kit.people import NUMBER, Person

__all__ = ["gateways"]

REROUTE = {"reroute": "1"}


def undelivered(*, number_is_bad: bool = False) -> Sms:
    sms = Sms.objects.first()
    assert sms
    status = Sms.Status.FAILED
    sending.note_receipt(sms.pk, sms.gateway_id, status, number_is_bad=number_is_bad, gateway=sms.gateway)
    return sms


def page(person: Person, path: str = "/sign-in/code/") -> str:
    return person.get(path, HTTP_ACCEPT_LANGUAGE="en").content.decode()


@pytest.mark.parametrize("number_is_bad", [False, True])
def test_the_same_code_by_another_channel(
    gateways: Gateways, wangwu: Person, number_is_bad: bool, settings: Settings
) -> None:
    settings.SMS_HOURLY_LIMIT = 1
    wangwu.enter_password()
    assert "Try another channel" not in page(wangwu)
    undelivered(number_is_bad=number_is_bad)
    told = page(wangwu)
    assert "could not be sent" in told
    assert ("Check that this is your number" in told) is number_is_bad
    assert told.count("btn-primary") == 1, "what to press next is one button"
    wangwu.post("/sign-in/code/", REROUTE)
    assert gateways.asked == [A, B]
    told = page(wangwu)
    assert "The code was sent to" in told
    assert "Try another channel" not in told
    assert len({one.code for one in memory.outbox}) == 1
    assert Sms.objects.count() == 1, "it cost a code"
    wangwu.enter_code()
    assert wangwu.is_in()


def test_once_and_never_what_another_page_asks_for(gateways: Gateways, wangwu: Person) -> None:
    wangwu.enter_password()
    wangwu.post("/sign-in/code/", REROUTE)
    assert gateways.asked == [A], "nothing had failed"
    undelivered()
    wangwu.post("/sign-in/code/", REROUTE)
    undelivered()
    assert "Try another channel" not in page(wangwu)
    assert "You can send another code at once." in page(wangwu)


def test_where_a_number_is_bound(gateways: Gateways, zhangsan: Person) -> None:
    zhangsan.enter_password()
    zhangsan.post("/sign-in/phone/", {"number": NUMBER, "agreed": "on"})
    undelivered(number_is_bad=True)
    assert "Try another channel" in page(zhangsan, "/sign-in/phone/")
    zhangsan.post("/sign-in/phone/", REROUTE)
    assert gateways.asked == [A, B]
    assert "The code was sent to" in page(zhangsan, "/sign-in/phone/")


def test_with_one_gateway_there_is_no_other(wangwu: Person) -> None:
    wangwu.enter_password()
    undelivered()
    assert "Try another channel" not in page(wangwu)
