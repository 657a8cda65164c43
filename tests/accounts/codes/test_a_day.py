"""A day of a number's codes is 24 hours: not a minute less, nor one more."""

from datetime import timedelta

import time_machine
from pytest_django import Settings

from accounts.codes.limits import Refusal
from tests.conftest import MakeUser
from tests.kit.asking import Asking, Purpose


def test_the_day_of_a_number_has_24_hours(
    make_user: MakeUser, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.SMS_DAILY_LIMIT = 2
    people = [Asking(make_user(name), purpose=Purpose.BIND) for name in ("lisi", "wangwu", "zhaoliu")]  # of one number
    for one in people[:2]:
        assert one.ask().sms
        clock.shift(timedelta(minutes=2))
    clock.shift(timedelta(hours=24, minutes=-4, seconds=-1))
    assert people[2].ask().refusal is Refusal.LIMIT
    clock.shift(timedelta(seconds=1))
    assert people[2].ask().sms


def test_the_day_of_an_account_has_24_hours(
    make_user: MakeUser, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.SMS_DAILY_LIMIT = 2
    asking = Asking(make_user("lisi"))
    for number in ("13800138001", "13800138002"):
        assert asking.but(number=f"+86{number}").ask().sms
        clock.shift(timedelta(minutes=2))
    third = asking.but(number="+8613800138003")
    clock.shift(timedelta(hours=24, minutes=-4, seconds=-1))
    assert third.ask().refusal is Refusal.LIMIT
    clock.shift(timedelta(seconds=1))
    assert third.ask().sms
