"""临时验证码: what happens meanwhile voids it, and what it began."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.browsers.models import TrustedBrowser
from accounts.codes.guesses import Outcome
from accounts.log.models import SecurityEvent
from accounts.phones import helpcodes, phones
from accounts.phones.models import HelpCode, Phone
from accounts.security import passwords as mailbox_passwords
from accounts.sessions import endings
from accounts.users import ways
from accounts.users.models import User
from tests.accounts.phones.conftest import Give
from tests.conftest import MakeUser
from tests.kit.people import OTHER_NUMBER, PASSWORD, Person, code_from_phone

CODE, HELP, BIND = "/sign-in/code/", "/sign-in/help/", "/sign-in/phone/"


def _change_password(user: User) -> None:
    mailbox_passwords.change(user, PASSWORD, "another-long-one-42", address="192.0.2.9")


def _change_phone(user: User) -> None:
    phones.change(Phone.objects.get(user=user), "+8613500135000")


def _unbind(user: User) -> None:
    phones.unbind(Phone.objects.get(user=user))


def _disable(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def _end(user: User) -> None:
    endings.end(endings.Occasion.DISABLED, user)


@pytest.mark.bypass("row 13: NC-SA-2020-001: pending second steps outlive a change")
@pytest.mark.parametrize("entered", [False, True], ids=["given", "entered"])
@pytest.mark.parametrize("change", [_change_password, _change_phone, _unbind, _disable, _end])
def test_what_changes_meanwhile_voids_it(
    wangwu: Person, give: Give, change: Callable[[User], None], entered: bool
) -> None:
    code = give()
    assert wangwu.user
    wangwu.enter_password()
    if entered:
        wangwu.post(HELP, {"code": code})
        wangwu.post(BIND, {"number": OTHER_NUMBER, "agreed": "on"})
    sms = code_from_phone(OTHER_NUMBER) if entered else ""
    change(User.objects.get(pk=wangwu.user.pk))
    bound = Phone.objects.filter(user=wangwu.user).values_list("number", flat=True).first()
    if entered:
        wangwu.post(BIND, {"code": sms})
    else:
        wangwu.post(HELP, {"code": code})
        assert helpcodes.check(wangwu.user, code)[0] is Outcome.EXPIRED or change is _disable
    assert not wangwu.is_in()
    assert Phone.objects.filter(user=wangwu.user).values_list("number", flat=True).first() == bound


def test_a_new_code_voids_the_old_one_and_what_it_began(wangwu: Person, give: Give) -> None:
    first = give()
    wangwu.enter_password()
    wangwu.post(HELP, {"code": first})
    assert wangwu.get(BIND).status_code == 200
    second = give()
    assert wangwu.get(BIND).headers["Location"] == CODE
    assert wangwu.post(HELP, {"code": first}).status_code == 200
    assert wangwu.post(HELP, {"code": second}).headers["Location"] == BIND


def test_who_is_signed_in_with_the_lost_phone_is_out(wangwu: Person, give: Give) -> None:
    wangwu.sign_in(trust_browser="on")
    halfway = Person(wangwu.user)
    halfway.enter_password()
    owner = Person(wangwu.user)
    code = give()
    owner.enter_password()
    owner.post(HELP, {"code": code})
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        owner.bind(OTHER_NUMBER)
        assert owner.is_in()
        assert wangwu.get("/").headers["Location"] == "/sign-in/?next=/"
        assert halfway.get(CODE).headers["Location"] == "/sign-in/"
    assert not TrustedBrowser.objects.exists()


# --- Whose ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(wangwu: Person, clerk: Person) -> HelpCode:
    assert wangwu.user
    made = helpcodes.issue(wangwu.user, (Phone.objects.get(user=wangwu.user).pk, 0), actor=clerk.user, reason="lost")
    assert isinstance(made, tuple)
    assert not helpcodes.opens(made[0].pk, wangwu.user), "it was not entered yet"
    assert helpcodes.check(wangwu.user, made[1]) == (Outcome.RIGHT, made[0])
    return made[0]


def test_what_one_opens_is_its_owners_and_once(wangwu: Person, opened: HelpCode, make_user: MakeUser) -> None:
    user, other = opened.user, make_user("zhaoliu", phone="13600136000")
    foreign = HelpCode.objects.create(
        user=other, ordinal=1, nonce="n", digest="d", expires_at=opened.expires_at, used_at=opened.created_at
    )
    assert [helpcodes.opens(pk, user) for pk in (opened.pk, foreign.pk, 0)] == [True, False, False]
    assert not helpcodes.opens(opened.pk, other)
    assert not helpcodes.spend(opened.pk, other)
    assert helpcodes.spend(opened.pk, user)
    assert not helpcodes.spend(opened.pk, user)
    assert not helpcodes.opens(opened.pk, user)
    assert helpcodes.opens(foreign.pk, other)


def test_those_of_others_stay_and_what_was_void_keeps_its_time(
    wangwu: Person, opened: HelpCode, make_user: MakeUser, clock: time_machine.Traveller
) -> None:
    other = make_user("zhaoliu", phone="13600136000")
    foreign = HelpCode.objects.create(user=other, ordinal=1, nonce="n", digest="d", expires_at=opened.expires_at)
    helpcodes.void(opened.user)
    first = HelpCode.objects.get(pk=opened.pk).voided_at
    assert first
    clock.shift(60)
    helpcodes.void(opened.user)
    assert HelpCode.objects.get(pk=opened.pk).voided_at == first
    assert HelpCode.objects.get(pk=foreign.pk).voided_at is None


def test_a_code_is_tied_to_its_person_and_key(wangwu: Person, make_user: MakeUser, settings: Settings) -> None:
    user, other = make_user("a"), make_user("b")
    digest = helpcodes._digest(user, "nonce", "12345678")
    assert digest == helpcodes._digest(user, "nonce", "12345678")
    others = [helpcodes._digest(other, "nonce", "12345678"), helpcodes._digest(user, "other", "12345678")]
    settings.SMS_CODE_KEY = "another key" * 4
    assert digest not in [*others, helpcodes._digest(user, "nonce", "12345678")]


def test_a_change_of_ways_ends_what_one_opens(opened: HelpCode) -> None:
    assert helpcodes.opens(opened.pk, opened.user)
    ways.changed(opened.user)
    assert not helpcodes.opens(opened.pk, opened.user)
    assert not helpcodes.spend(opened.pk, opened.user)


def test_a_clerk_decides_on_the_phone_and_its_last_code(wangwu: Person, opened: HelpCode, make_user: MakeUser) -> None:
    other = Phone.objects.get(user=make_user("zhaoliu", phone="13600136000"))
    assert helpcodes.version(None, None) == (0, 0)
    assert helpcodes.version(opened.phone, None) == (opened.phone_id, 0)
    assert helpcodes.version(opened.phone, opened) == (opened.phone_id, 1)
    assert helpcodes.version(other, opened) == (other.pk, 0), "it was of the phone before"
    assert helpcodes.version(None, opened) == (0, 0)


def test_one_more_is_the_next_and_the_account_gets_codes_again(
    wangwu: Person, clerk: Person, clock: time_machine.Traveller
) -> None:
    phone = Phone.objects.get(user=wangwu.user)
    for given in range(3):
        made = helpcodes.issue(phone.user, (phone.pk, given), actor=clerk.user, address="192.0.2.9", reason="lost")
        assert isinstance(made, tuple)
        row, now = made[0], timezone.now()
        assert (row.ordinal, row.created_at, row.expires_at) == (given + 1, now, now + timedelta(minutes=10))
        assert (row.phone, row.issued_by, row.ways_version) == (phone, clerk.user, 0)
        assert User.objects.get(pk=phone.user.pk).codes_counted_from == now, "within an hour of the last time, too"
        clock.shift(timedelta(minutes=1))
    events = SecurityEvent.objects.filter(kind="help_code_issued", user=phone.user, actor=clerk.user)
    assert {event.address for event in events} == {"192.0.2.9"}


def test_the_fifth_wrong_guess_says_that_it_was_the_last(wangwu: Person, give: Give) -> None:
    right = give()
    assert wangwu.user
    wrong = "00000000" if right != "00000000" else "11111111"
    outcomes = [helpcodes.check(wangwu.user, wrong)[0] for _ in range(6)]
    assert outcomes == [Outcome.WRONG] * 4 + [Outcome.EXHAUSTED] * 2
