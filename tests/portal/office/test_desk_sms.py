"""The test SMS of the desk, and what became of an SMS in plain words."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import translation
from pytest_django import Settings

from accounts.delivery.gateways import memory
from accounts.delivery.models import Sms
from portal.office import roles
from portal.office.desk import facts
from tests.conftest import MakeUser
from tests.kit.counter import path, press
from tests.kit.officers import clerk_with
from tests.kit.outgoing import make_sms
from tests.kit.people import NUMBER, Person


@pytest.fixture
def helper(make_user: MakeUser) -> Person:
    person = clerk_with(make_user, roles.HELP)
    person.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-hans"
    return person


def test_a_test_sms_has_no_code_and_its_story_is_told(helper: Person, wangwu: Person) -> None:
    page = press(helper, wangwu, "test")
    assert "测试短信正在发往 138****8000" in page
    sent = memory.outbox[-1]
    assert (sent.to, sent.code) == (f"+86{NUMBER}", None)
    assert "信息办测试" in helper.get(path(wangwu)).content.decode()
    assert Sms.objects.get(purpose="test").nonce == ""


def test_tests_have_limits_of_their_own(helper: Person, wangwu: Person, clock: time_machine.Traveller) -> None:
    helper.arrive()
    press(helper, wangwu, "test")
    assert "测试短信刚刚发送过" in press(helper, wangwu, "test")
    for _ in range(4):
        clock.shift(timedelta(seconds=61))
        press(helper, wangwu, "test")
    clock.shift(timedelta(seconds=61))
    assert "过于频繁" in press(helper, wangwu, "test")
    assert Sms.objects.filter(purpose="test").count() == 5
    wangwu.enter_password()
    assert wangwu.enter_code().headers["Location"] == "/", "no code is missing for them"


def test_tests_count_for_the_budget(settings: Settings, helper: Person, wangwu: Person) -> None:
    settings.SMS_DAILY_BUDGET = 1
    wangwu.enter_password()  # whose code is that one
    assert "SMS_DAILY_BUDGET" in press(helper, wangwu, "test")
    assert not Sms.objects.filter(purpose="test").exists()


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [
        ("failed", "twilio 30003", "手机关机或不在服务区。"),
        ("failed", "twilio 21614", "号码不存在，或不是手机号码。"),
        ("failed", "twilio 99999", "该号码无法接收本系统短信。"),
        ("unknown", "twilio 503", "短信网关没有回应，短信可能已发出。"),
        ("unknown", "worker lost", "发送过程中后台服务中断，短信可能已发出。"),
        ("delayed", "ConnectionRefused", "无法连接短信网关。"),
        ("delivered", "", ""),
    ],
)
def test_what_became_of_an_sms_in_plain_words(wangwu: Person, status: str, error: str, told: str) -> None:
    assert wangwu.user
    with translation.override("zh-hans"):
        assert facts.story(make_sms(wangwu.user, status=status, error=error, reason="number")) == told
