"""Who spends whose codes: nobody those of somebody else."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.codes import limits
from accounts.codes.guesses import Outcome
from accounts.codes.limits import Purse, Refusal
from accounts.delivery.models import Sms
from accounts.phones import helpcodes, phones
from accounts.security import passwords
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.asking import Asking, Purpose, other_than
from tests.kit.people import NUMBER, OTHER_NUMBER, PASSWORD, Person

STRANGER_AT = "198.51.100.66"


@pytest.fixture
def victim(make_user: MakeUser) -> Person:
    return Person(make_user("wangwu", phone=NUMBER))


def spend(asking: Asking, clock: time_machine.Traveller, times: int = 10) -> None:
    """All that it gets in a day; the day goes on."""
    sent = 0
    while sent < times:
        clock.shift(timedelta(minutes=13))
        sent += asking.ask().sms is not None
    assert asking.ask().refusal
    clock.shift(timedelta(minutes=1))


def steal(person: Person, clock: time_machine.Traveller) -> None:
    """Somebody with the password signs in again and again, until the account gets no codes for that."""
    thief = Person(person.user, REMOTE_ADDR=STRANGER_AT)
    for _time in range(5):
        thief.enter_password()
        clock.shift(timedelta(seconds=61))
    thief.post("/sign-in/code/", {"send": "1"})
    assert person.user
    person.user.refresh_from_db()
    assert limits.standing(person.user).spent_until.keys() == {Purse.PASSWORD}


def sent_to(person: Person) -> int:
    return Sms.objects.filter(user=person.user).count()


def test_a_number_that_a_stranger_types_costs_its_owner_nothing(
    victim: Person, make_user: MakeUser, clock: time_machine.Traveller
) -> None:
    strangers = [Asking(make_user(f"stranger{n}"), purpose=Purpose.BIND) for n in range(3)]
    spend(strangers[0], clock)
    for stranger in strangers[1:]:
        stranger.ask()
        clock.shift(timedelta(seconds=61))
    victim.enter_password()
    assert sent_to(victim) == 1
    assert victim.enter_code().headers["Location"] == "/"


def test_one_stranger_shuts_nobody_out_of_a_number_that_is_not_bound_yet(
    zhangsan: Person, make_user: MakeUser, clock: time_machine.Traveller
) -> None:
    spend(Asking(make_user("stranger"), purpose=Purpose.BIND), clock)
    zhangsan.enter_password()
    assert zhangsan.bind().headers["Location"] == "/"


@pytest.mark.bypass("row 14: SMS bombing")
def test_several_strangers_meet_the_limit_of_the_number(make_user: MakeUser, clock: time_machine.Traveller) -> None:
    strangers = [Asking(make_user(f"stranger{n}"), purpose=Purpose.BIND) for n in range(8)]
    asked = [stranger.ask().refusal for stranger in strangers]
    assert asked == [None] * 5 + [Refusal.LIMIT] * 3


def test_a_stolen_password_does_not_spend_the_codes_of_browsers_that_the_owner_used(
    victim: Person, clock: time_machine.Traveller
) -> None:
    victim.sign_in()
    victim.post("/sign-out/")
    clock.shift(timedelta(seconds=61))
    steal(victim, clock)
    before = sent_to(victim)
    victim.enter_password()
    assert sent_to(victim) == before + 1
    assert victim.enter_code().headers["Location"] == "/"
    victim.post("/security/phone/change/", {"send": "1"})
    assert sent_to(victim) == before + 2, "nor those of who is signed in"


def test_a_stolen_password_is_limited_also_in_a_browser_of_another_person(
    victim: Person, make_user: MakeUser, clock: time_machine.Traveller
) -> None:
    thief = Person(make_user("thief", phone=OTHER_NUMBER))
    thief.sign_in()
    thief.post("/sign-out/")
    steal(victim, clock)
    assert victim.user
    before = sent_to(victim)
    thief.enter_password(name=victim.user.username)
    assert sent_to(victim) == before


def test_the_mark_of_a_known_browser_ends_with_password_and_number(
    victim: Person, clock: time_machine.Traveller
) -> None:
    """Whoever had it once, and nothing since, is a stranger again."""
    assert victim.user
    victim.sign_in()
    victim.post("/sign-out/")
    passwords.set_starting(victim.user, passwords.version_of(victim.user), actor=victim.user)
    victim.user.set_password(PASSWORD)  # as hashed anew: not the hash that was there
    victim.user.save()
    clock.shift(timedelta(seconds=61))
    victim.enter_password()
    assert not Sms.objects.filter(user=victim.user).latest("pk").by_owner


def test_a_cookie_that_was_made_up_marks_nothing(victim: Person) -> None:
    victim.cookies["known"] = ".".join(["0" * 32, "f" * 32, "é", "x" * 500])
    victim.enter_password()
    assert not Sms.objects.get().by_owner


def test_a_help_desk_code_can_bind_whatever_was_spent(
    victim: Person, make_user: MakeUser, office: Person, clock: time_machine.Traveller
) -> None:
    """And whatever is spent between the counter and the browser."""
    assert victim.user
    assert office.user
    for n in range(2):  # and several strangers typed the new number
        stranger = Asking(make_user(f"stranger{n}"), f"+86{OTHER_NUMBER}", Purpose.BIND)
        for _code in range(3):
            stranger.ask()
            clock.shift(timedelta(seconds=61))
    steal(victim, clock)
    phone = phones.of(victim.user)
    assert phone
    given = helpcodes.issue(victim.user, (phone.pk, 0), actor=office.user)
    assert not isinstance(given, helpcodes.Refusal)
    clock.shift(timedelta(seconds=1))
    steal(victim, clock)
    victim.enter_password()
    victim.post("/sign-in/help/", {"code": given[1]})
    assert victim.bind(OTHER_NUMBER).headers["Location"] == "/"


def test_a_new_password_opens_the_codes_again(victim: Person, clock: time_machine.Traveller) -> None:
    assert victim.user
    steal(victim, clock)
    victim.user.refresh_from_db()
    passwords.change(victim.user, PASSWORD, "another-staple-2026", address="192.0.2.1")
    victim.user.refresh_from_db()
    assert not limits.standing(victim.user).spent_until
    before = sent_to(victim)
    victim.enter_password("another-staple-2026")
    assert sent_to(victim) == before + 1


def test_changing_the_password_again_and_again_opens_no_more(victim: Person, clock: time_machine.Traveller) -> None:
    assert victim.user
    asking = Asking(victim.user)
    for _time in range(3):
        for _code in range(5):
            asking.ask()
            clock.shift(timedelta(seconds=61))
        limits.start_afresh(victim.user, by_office=False)
        clock.shift(timedelta(seconds=1))
    assert Sms.objects.count() == 10


def test_wrong_guesses_are_not_forgiven_with_it(victim: Person) -> None:
    assert victim.user
    asking = Asking(victim.user)
    code = asking.code()
    for _guess in range(4):
        asking.enter(other_than(code))
    limits.start_afresh(victim.user, by_office=True)
    victim.user.refresh_from_db()
    assert victim.user.wrong_codes == 4
    assert Sms.objects.get().tries == 4
    assert asking.enter(other_than(code)) is Outcome.WRONG
    assert asking.enter(code) is Outcome.EXHAUSTED


def test_a_beginning_that_lies_ahead_lets_nothing_through(victim: Person, clock: time_machine.Traveller) -> None:
    """A clock that was an hour ahead, and is set right."""
    assert victim.user
    User.objects.update(codes_counted_from=timezone.now() + timedelta(hours=1))
    asking = Asking(victim.user)
    for _code in range(8):
        asking.ask()
        clock.shift(timedelta(seconds=61))
    assert Sms.objects.count() == 5


def test_a_code_from_the_future_makes_nobody_wait_long(victim: Person, clock: time_machine.Traveller) -> None:
    assert victim.user
    asking = Asking(victim.user)
    asking.ask()
    clock.shift(timedelta(seconds=-30))
    refused = asking.ask()
    assert refused.refusal is Refusal.WAIT
    assert refused.again_at == timezone.now() + timedelta(seconds=60)
    clock.shift(timedelta(minutes=-30))
    assert asking.ask().sms


# --- What failed ------------------------------------------------------------------------------------------------------


def fail(reason: Sms.Reason) -> None:
    Sms.objects.filter(status=Sms.Status.SENT).update(status=Sms.Status.FAILED, reason=reason)


def test_what_failed_holds_nobody_up_and_is_limited_for_itself(victim: Person, clock: time_machine.Traveller) -> None:
    assert victim.user
    asking = Asking(victim.user)
    for _code in range(5):
        assert asking.ask().sms
        fail(Sms.Reason.NUMBER)
    assert asking.ask().refusal is Refusal.LIMIT
    clock.shift(timedelta(hours=1))
    for _code in range(5):
        assert asking.ask().sms, "it took nothing from what arrives"
        clock.shift(timedelta(seconds=61))


def test_one_that_may_not_have_gone_out_holds_nobody_up_and_the_next_ones_do(
    victim: Person, clock: time_machine.Traveller
) -> None:
    assert victim.user
    asking = Asking(victim.user)
    for _hour in range(2):
        for waits in (0, 0, 3, 60, 60):  # before it: seconds
            if waits:
                clock.shift(timedelta(seconds=waits - 1))
                assert asking.ask().refusal is Refusal.WAIT
                clock.shift(timedelta(seconds=1))
            assert asking.ask().sms
            Sms.objects.filter(status=Sms.Status.SENT).update(status=Sms.Status.UNKNOWN)
        clock.shift(timedelta(seconds=61))
        assert asking.ask().refusal is Refusal.LIMIT, "they count as what was sent"
        clock.shift(timedelta(hours=1))


def test_what_failed_by_our_fault_limits_nobody(victim: Person, clock: time_machine.Traveller) -> None:
    """But a gateway that is down is not hammered."""
    assert victim.user
    asking = Asking(victim.user)
    for _code in range(5):
        assert asking.ask().sms
        fail(Sms.Reason.OFFICE)
    for _code in range(8):
        assert asking.ask().refusal is Refusal.WAIT
        clock.shift(timedelta(seconds=60))
        assert asking.ask().sms
        fail(Sms.Reason.LATE)


# --- The site's -------------------------------------------------------------------------------------------------------


def test_the_budget_of_the_site_holds_over_all(victim: Person, settings: Settings) -> None:
    assert victim.user
    settings.SMS_DAILY_BUDGET = 0
    limits.start_afresh(victim.user, by_office=True)
    assert Asking(victim.user).ask().refusal is Refusal.BUDGET


def test_the_desk_opens_one_quota_as_it_saw_it(make_user: MakeUser) -> None:
    wangwu, zhangsan = make_user("wangwu"), make_user("zhangsan")
    assert limits.give_again(wangwu, version=None) is True
    assert limits.give_again(wangwu, version=None) is False, "somebody was faster"
    for user in (wangwu, zhangsan):
        user.refresh_from_db()
    assert wangwu.codes_counted_from
    assert zhangsan.codes_counted_from is None
