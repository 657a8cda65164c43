"""How many codes there are. A refused one costs nothing."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.codes import codes
from accounts.codes.guesses import Outcome
from accounts.codes.limits import Refusal
from accounts.delivery.gateways import memory
from accounts.delivery.models import SmsDay
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.asking import Asking, Purpose
from tests.kit.people import NUMBER, OTHER_NUMBER
from tests.kit.snapshots import changed, everything


@pytest.fixture
def asking(make_user: MakeUser) -> Asking:
    return Asking(make_user("wangwu", phone=NUMBER))


def test_another_code_after_sixty_seconds_exactly(asking: Asking, clock: time_machine.Traveller) -> None:
    assert asking.ask().sms
    clock.shift(timedelta(seconds=59.999))
    refused = asking.ask()
    assert refused.refusal is Refusal.WAIT
    assert refused.again_at == timezone.now() + timedelta(seconds=0.001)
    clock.shift(timedelta(seconds=0.001))
    assert asking.ask().sms


def test_a_refused_one_leaves_the_last_one_valid(asking: Asking) -> None:
    code = asking.code()
    assert asking.ask().refusal is Refusal.WAIT
    assert asking.enter(code) is Outcome.RIGHT


def test_each_account_waits_for_itself_on_a_shared_phone(asking: Asking, make_user: MakeUser) -> None:
    """Two mailboxes on one number sign in within the same minute."""
    neighbour = asking.but(user=make_user("zhaoliu", phone=NUMBER), session="another browser")
    mine, theirs = asking.code(), neighbour.code()
    assert asking.ask().refusal is neighbour.ask().refusal is Refusal.WAIT
    assert asking.enter(mine) is neighbour.enter(theirs) is Outcome.RIGHT


def test_a_typing_mistake_is_corrected_at_once(make_user: MakeUser) -> None:
    typed = Asking(make_user("zhangsan"), purpose=Purpose.BIND)
    wrong, right = typed.but(number=f"+86{OTHER_NUMBER}"), typed
    strangers = wrong.code()
    code = right.code()
    assert wrong.enter(strangers) is Outcome.EXPIRED, "a new code voids the old one"
    assert right.enter(code) is Outcome.RIGHT
    numbers = [f"+8613900139{n:03}" for n in range(1, 10)]
    asked = [typed.but(number=number).ask().refusal for number in numbers]
    assert asked == [None] * 3 + [Refusal.LIMIT] * 6, "within the account's limit"


@pytest.mark.bypass("row 14: SMS bombing")
def test_an_account_gets_five_an_hour_and_ten_a_day(asking: Asking, clock: time_machine.Traveller) -> None:
    asked = [asking, asking.but(number=f"+86{OTHER_NUMBER}")]  # whatever the number
    _five_an_hour_and_ten_a_day(asked, clock)


@pytest.mark.bypass("row 14: SMS bombing")
def test_a_number_that_several_type_gets_five_an_hour_and_ten_a_day(
    make_user: MakeUser, clock: time_machine.Traveller
) -> None:
    people = [Asking(make_user(f"user{n}"), purpose=Purpose.BIND) for n in range(3)]
    _five_an_hour_and_ten_a_day(people[:2], clock, last=people[2])


def _five_an_hour_and_ten_a_day(asked: list[Asking], clock: time_machine.Traveller, last: Asking | None = None) -> None:
    """By turns. `last`: who meets the limit that all have spent."""
    refused = [last] if last else asked
    for minute in range(5):
        assert asked[minute % 2].ask().sms
        clock.shift(timedelta(minutes=2))
    for one in refused:
        answer = one.ask()
        assert answer.refusal is Refusal.LIMIT
        assert answer.again_at == timezone.now() + timedelta(minutes=50)
    clock.shift(timedelta(minutes=50))
    for minute in range(5):
        assert asked[minute % 2].ask().sms
        clock.shift(timedelta(minutes=2))
    clock.shift(timedelta(hours=12, minutes=40))
    for one in refused:
        answer = one.ask()
        assert answer.refusal is Refusal.LIMIT
        assert answer.again_at == timezone.now() + timedelta(hours=10, minutes=10), "24 hours after the oldest"
    clock.shift(timedelta(hours=10, minutes=9, seconds=59))
    assert refused[0].ask().refusal is Refusal.LIMIT
    clock.shift(timedelta(seconds=1))
    assert refused[0].ask().sms


@pytest.mark.bypass("row 14")
def test_limits_survive_unbinding(asking: Asking, clock: time_machine.Traveller) -> None:
    for _code in range(5):
        asking.ask()
        clock.shift(timedelta(minutes=1))
    phones.unbind(Phone.objects.get(user=asking.user))
    assert asking.but(purpose=Purpose.BIND).ask().refusal is Refusal.LIMIT
    phones.bind(asking.user, f"+86{OTHER_NUMBER}")
    assert asking.but(number=f"+86{OTHER_NUMBER}").ask().refusal is Refusal.LIMIT


@pytest.mark.bypass("row 14")
def test_an_address_gets_so_many_and_a_shared_network_more(
    make_user: MakeUser, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.SMS_ADDRESS_LIMIT = 3
    people = [Asking(make_user(f"user{n}"), f"+861380013800{n}") for n in range(6)]
    assert [bool(one.ask().sms) for one in people[:4]] == [True, True, True, False]
    assert people[3].but(address="192.0.2.2").ask().sms
    settings.SHARED_NETWORKS = [ip_network("192.0.2.0/24")]
    assert people[4].ask().sms


def _country(asking: Asking, settings: Settings) -> Asking:
    return asking.but(number="+12025550123")


def _premium_satellite(asking: Asking, settings: Settings) -> Asking:
    return asking.but(number="+88213300000")


def _wait(asking: Asking, settings: Settings) -> Asking:
    asking.ask()
    return asking


def _limit(asking: Asking, settings: Settings) -> Asking:
    asking.ask()
    settings.SMS_HOURLY_LIMIT = 1
    return asking.but(purpose=Purpose.CONFIRM)


def _budget(asking: Asking, settings: Settings) -> Asking:
    settings.SMS_DAILY_BUDGET = 1
    SmsDay.objects.create(day=timezone.localdate(), codes=1)
    return asking


def _paused(asking: Asking, settings: Settings) -> Asking:
    User.objects.filter(pk=asking.user.pk).update(codes_paused_until=timezone.now() + timedelta(hours=1))
    return asking


@pytest.mark.bypass("row 14: SMS pumping")
@pytest.mark.parametrize("reason", [_country, _premium_satellite, _wait, _limit, _budget, _paused])
def test_a_refused_code_costs_nothing(
    asking: Asking, settings: Settings, reason: Callable[[Asking, Settings], Asking]
) -> None:
    refused = reason(asking, settings)
    before, sent = everything(), len(memory.outbox)
    for _try in range(3):
        assert refused.ask().refusal
    assert not changed(before)
    assert len(memory.outbox) == sent


@pytest.mark.bypass("row 14")
def test_the_whole_site_has_a_budget_a_day(
    make_user: MakeUser, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.SMS_DAILY_BUDGET = 2
    people = [Asking(make_user(f"user{n}"), f"+861380013800{n}", address=f"192.0.2.{n}") for n in range(4)]
    assert [one.ask().refusal for one in people] == [None, None, Refusal.BUDGET, Refusal.BUDGET]
    clock.shift(timedelta(hours=12))
    assert people[2].ask().sms


@pytest.mark.parametrize("reason", [_country, _premium_satellite, _wait, _limit, _budget, _paused])
def test_a_page_says_beforehand_what_asking_would_be_refused_for(
    asking: Asking, settings: Settings, reason: Callable[[Asking, Settings], Asking]
) -> None:
    assert _outlook(asking) is None
    refused = reason(asking, settings)
    refused.user.refresh_from_db()
    outlook = _outlook(refused)
    assert outlook
    assert outlook == refused.ask()


def _outlook(asking: Asking) -> codes.Issued | None:
    lately = codes.sent_to(asking.user)
    return codes.outlook(asking.user, asking.number, asking.purpose, lately, address=asking.address)
