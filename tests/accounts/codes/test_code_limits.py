"""How many codes there are, and how many may be wrong. A refused one costs nothing."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.codes import guesses
from accounts.codes.guesses import Outcome
from accounts.codes.limits import Refusal
from accounts.delivery.gateways import memory
from accounts.delivery.models import Sms
from accounts.log.models import SecurityEvent
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.asking import Asking, Purpose, other_than
from tests.kit.people import NUMBER, OTHER_NUMBER, Person, code_from_phone
from tests.kit.snapshots import changed, everything


@pytest.fixture
def asking(make_user: MakeUser) -> Asking:
    return Asking(make_user("wangwu", phone=NUMBER))


# --- How often -------------------------------------------------------------------------------------------------------


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
    settings.SMS_DAILY_BUDGET = 0
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


# --- How many wrong --------------------------------------------------------------------------------------------------

ASK = {"send": "1"}


def _at_sign_in(make_user: MakeUser) -> tuple[Person, str, dict[str, str]]:
    person = Person(make_user("wangwu", phone=NUMBER))
    person.enter_password()
    return person, "/sign-in/code/", ASK


def _at_forced_binding(make_user: MakeUser) -> tuple[Person, str, dict[str, str]]:
    person = Person(make_user("wangwu"))
    person.enter_password()
    return person, "/sign-in/phone/", {"number": NUMBER}


def _at_binding_by_choice(make_user: MakeUser) -> tuple[Person, str, dict[str, str]]:
    person = Person(make_user("wangwu", two_step=False))
    person.enter_password()
    return person, "/security/phone/", {"number": NUMBER}


def _in(make_user: MakeUser, path: str) -> tuple[Person, str, dict[str, str]]:
    person = Person(make_user("wangwu", phone=NUMBER))
    person.sign_in()
    return person, path, ASK


def _at_confirm(make_user: MakeUser) -> tuple[Person, str, dict[str, str]]:
    return _in(make_user, "/security/confirm/")


def _at_change(make_user: MakeUser) -> tuple[Person, str, dict[str, str]]:
    return _in(make_user, "/security/phone/change/")


def _at_new_number(make_user: MakeUser) -> tuple[Person, str, dict[str, str]]:
    person, path, _ask = _in(make_user, "/security/phone/change/")
    person.post(path, ASK)
    person.post(path, {"code": code_from_phone()})
    return person, path, {"number": OTHER_NUMBER}


def _at_unbind(make_user: MakeUser) -> tuple[Person, str, dict[str, str]]:
    return _in(make_user, "/security/phone/unbind/")


PAGES = [_at_sign_in, _at_forced_binding, _at_binding_by_choice, _at_confirm, _at_change, _at_new_number, _at_unbind]


@pytest.mark.bypass("row 4: AuthQuake: new codes and new sessions for ever")
@pytest.mark.bypass("row 6: rubygems GHSA-c55g-q6f4-5qxr: another address each time")
@pytest.mark.parametrize("stage", PAGES, ids=lambda stage: stage.__name__)
def test_twenty_wrong_codes_in_a_row_pause_the_account(
    stage: Callable[[MakeUser], tuple[Person, str, dict[str, str]]],
    make_user: MakeUser,
    settings: Settings,
    clock: time_machine.Traveller,
) -> None:
    settings.SMS_HOURLY_LIMIT = settings.SMS_DAILY_LIMIT = 100
    person, path, ask = stage(make_user)
    assert person.user
    for guess in range(20):
        if guess % 5 == 0:
            clock.shift(timedelta(seconds=61))
            person.post(path, ask)
        person.post(path, {"code": other_than(code_from_phone())}, REMOTE_ADDR=f"198.51.100.{guess}")
        person.user.refresh_from_db()
        assert person.user.wrong_codes == guess + 1, "a new code resets nothing"
    sent = len(memory.outbox)
    assert guesses.paused(person.user) == timezone.now() + timedelta(hours=1)
    assert SecurityEvent.objects.filter(kind="codes_paused", user=person.user).count() == 1

    clock.shift(timedelta(seconds=61))
    person.post(path, ask)
    assert len(memory.outbox) == sent, "no code during the pause"
    for purpose in (Purpose.SIGN_IN, Purpose.BIND, Purpose.CONFIRM, Purpose.CHANGE, Purpose.CHANGE_NEW, Purpose.UNBIND):
        refused = Asking(person.user, purpose=purpose).ask()
        assert refused.refusal is Refusal.PAUSED

    clock.shift(timedelta(hours=1))
    again = Asking(person.user, purpose=Purpose.SIGN_IN, number="+8613500135000")
    assert again.enter(again.code()) is Outcome.RIGHT


@pytest.mark.bypass("row 4")
def test_the_right_code_is_refused_during_the_pause(asking: Asking, settings: Settings) -> None:
    settings.SMS_CODE_TRIES = 100
    code = asking.code()
    elsewhere = asking.but(purpose=Purpose.UNBIND)
    another = elsewhere.code()
    for _guess in range(20):
        assert asking.enter(other_than(code)) is Outcome.WRONG
    assert asking.enter(code) is Outcome.PAUSED
    assert elsewhere.enter(another) is Outcome.PAUSED
    assert Sms.objects.filter(used_at=None).count() == 2
    assert Sms.objects.get(purpose=Purpose.UNBIND).tries == 0, "a guess during the pause costs the code no try"


@pytest.mark.bypass("row 5: GHSA-vfph-hjfv-cpv2: limits that start again with the flow")
def test_wrong_codes_add_up_over_purposes_and_sessions(asking: Asking) -> None:
    pages = [asking.but(purpose=purpose) for purpose in (Purpose.SIGN_IN, Purpose.CONFIRM, Purpose.UNBIND)]
    pages.append(asking.but(purpose=Purpose.CHANGE, session="another browser", address="198.51.100.1"))
    for one in pages:
        code = one.code()
        for _guess in range(5):
            assert one.enter(other_than(code)) is Outcome.WRONG
    assert guesses.paused(asking.user)


def test_a_right_code_ends_the_row(asking: Asking) -> None:
    code = asking.code()
    for _guess in range(4):
        asking.enter(other_than(code))
    assert asking.enter(code) is Outcome.RIGHT
    asking.user.refresh_from_db()
    assert asking.user.wrong_codes == 0
