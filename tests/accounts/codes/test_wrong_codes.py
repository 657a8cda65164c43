"""How many codes may be wrong, whichever page asks for them."""

from collections.abc import Callable
from datetime import timedelta

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
from tests.conftest import MakeUser
from tests.kit.asking import Asking, Purpose, other_than
from tests.kit.people import NUMBER, OTHER_NUMBER, Person, code_from_phone


@pytest.fixture
def asking(make_user: MakeUser) -> Asking:
    return Asking(make_user("wangwu", phone=NUMBER))


ASK = {"send": "1"}


def _at_sign_in(make_user: MakeUser) -> tuple[Person, str, dict[str, str]]:
    person = Person(make_user("wangwu", phone=NUMBER))
    person.enter_password()
    return person, "/sign-in/code/", ASK


def _at_forced_binding(make_user: MakeUser) -> tuple[Person, str, dict[str, str]]:
    person = Person(make_user("wangwu"))
    person.enter_password()
    return person, "/sign-in/phone/", {"number": NUMBER, "agreed": "on"}


def _at_binding_by_choice(make_user: MakeUser) -> tuple[Person, str, dict[str, str]]:
    person = Person(make_user("wangwu", two_step=False))
    person.enter_password()
    return person, "/security/phone/", {"number": NUMBER, "agreed": "on"}


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


def test_the_office_ends_the_pause_of_one_account_once(make_user: MakeUser) -> None:
    until, over = timezone.now() + timedelta(minutes=5), timezone.now() - timedelta(minutes=5)
    pauses = {"wangwu": until, "zhangsan": until, "lisi": over}
    wangwu, zhangsan, lisi = (make_user(name, wrong_codes=7, codes_paused_until=at) for name, at in pauses.items())
    assert guesses.end_pause(wangwu) is True
    assert guesses.end_pause(wangwu) is False
    assert guesses.end_pause(lisi) is False, "it was over"
    for user in (wangwu, zhangsan, lisi):
        user.refresh_from_db()
    assert (wangwu.wrong_codes, wangwu.codes_paused_until) == (0, None)
    assert (zhangsan.wrong_codes, zhangsan.codes_paused_until) == (7, until)
    assert lisi.wrong_codes == 7
