"""The pages of the SMS gateways: how they stand, the switch, the test."""

import pytest
from pytest_django import Settings

from accounts.delivery.errors import ConfigurationRejected
from accounts.delivery.gateways import memory
from accounts.delivery.models import Sms
from accounts.log.models import SecurityEvent
from accounts.routes import outages, switches, tasks
from accounts.routes.models import ALL
from portal.environment import routes
from portal.office.overview import today
from tests.accounts.routes.conftest import gateways
from tests.conftest import MakeUser
from tests.kit.gateways import NAMES, A, B, Gateways
from tests.kit.officers import clerk_with
from tests.kit.outgoing import make_sms
from tests.kit.people import Person

__all__ = ["gateways"]

LIST = "/admin/routes/gateway/"


def page(clerk: Person, path: str = LIST) -> str:
    return clerk.get(path, HTTP_ACCEPT_LANGUAGE="en").content.decode()


def send(person: Person) -> Sms:
    assert person.user
    sms = make_sms(person.user)
    tasks.send_sms(sms.pk)
    sms.refresh_from_db()
    return sms


def test_off_and_on_with_a_reason_and_in_the_log(gateways: Gateways, office: Person, wangwu: Person) -> None:
    gateways.asked.clear()
    office.post(f"{LIST}{A}/", {"act": "off"})
    assert send(wangwu).gateway == A, "nobody said why"
    office.post(f"{LIST}{A}/", {"act": "off", "reason": "SMS come late"})
    assert send(wangwu).gateway == B
    assert "SMS come late" in page(office)
    event = SecurityEvent.objects.get(kind="gateway_switched")
    assert event.detail == {"gateway": A, "on": False, "reason": "SMS come late"}
    assert office.user
    assert event.actor_id == office.user.pk
    said = [item.text for item in today.items(office.user)]
    assert any(A in text for text in said)
    office.post(f"{LIST}{A}/", {"act": "on", "reason": "mended"})
    assert send(wangwu).gateway == A


def test_all_off_holds_at_once(gateways: Gateways, office: Person, wangwu: Person) -> None:
    gateways.asked.clear()
    office.post(f"{LIST}all/", {"act": "off", "reason": "flood"})
    assert switches.off() >= set(NAMES)
    assert send(wangwu).status == "delayed"
    assert gateways.asked == []
    assert "no SMS leaves" in page(office)
    assert "no SMS leaves" in page(office, "/admin/")


def test_what_is_left_out_is_told_with_its_reason(gateways: Gateways, office: Person, wangwu: Person) -> None:
    gateways.fail(A, ConfigurationRejected("twilio 20003"))
    send(wangwu)
    for path in (LIST, f"{LIST}{A}/", "/admin/"):
        told = page(office, path)
        assert "Left out since" in told, path
        assert "+86 sign in: twilio 20003: Our account at the gateway" in told, path


def test_a_test_goes_through_this_one_only_and_brings_it_back(gateways: Gateways, office: Person) -> None:
    for name in NAMES:
        outages.begin(name, "", "away")
    gateways.asked.clear()
    memory.outbox.clear()
    office.post(f"{LIST}{B}/", {"act": "test"})
    assert gateways.asked == [B]
    assert [one.to for one in memory.outbox] == ["+8613700137000"]
    assert set(outages.current(NAMES)) == set(NAMES) - {B}
    assert SecurityEvent.objects.filter(kind="test_sms").count() == 1
    office.post(f"{LIST}{B}/", {"act": "test"})
    assert gateways.asked == [B], "a test a minute"


@pytest.mark.parametrize(("role", "may_switch"), [("help desk", False), ("auditor", False), ("administrator", True)])
def test_who_sees_and_who_switches(make_user: MakeUser, gateways: Gateways, role: str, may_switch: bool) -> None:
    clerk = clerk_with(make_user, role)
    assert "Routes" in page(clerk)
    assert ('value="off"' in page(clerk, f"{LIST}{A}/")) is may_switch
    for act in ("off", "test"):
        status = clerk.post(f"{LIST}{A}/", {"act": act, "reason": "x"}).status_code
        assert status == (302 if may_switch else 403)
    assert (A in switches.off()) is may_switch


def test_figures_routes_and_budgets(gateways: Gateways, office: Person, wangwu: Person, settings: Settings) -> None:
    settings.SMS_ROUTES = routes.routes(f"86 unicom: {B} > {A}; 86: {A}*3, {B}", NAMES)
    settings.SMS_PRICES = routes.prices(f"{A}: 0.05; {B}: 0.05", NAMES)
    settings.SMS_BUDGETS = routes.budgets("86: 2000; *: 100 money", NAMES)
    send(wangwu)
    told = page(office)
    assert f"{A} × 3, {B} × 1" in told
    assert f"{B} → {A}" in told
    assert "+86 China Unicom" in told
    assert "/ 2000" in told
    assert "/ 100.00" in told
    assert "cost today" in told


def test_a_gateway_that_is_not_there(office: Person) -> None:
    assert office.get(f"{LIST}aliyun/").status_code == 404
    assert ALL not in switches.off()
