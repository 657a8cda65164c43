"""临时验证码: what happens meanwhile voids it, and what it began."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.browsers.models import TrustedBrowser
from accounts.codes.guesses import Outcome
from accounts.phones import helpcodes, phones
from accounts.phones.models import Phone
from accounts.security import passwords as mailbox_passwords
from accounts.sessions import endings
from accounts.users.models import User
from tests.accounts.phones.conftest import Give
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
        wangwu.post(BIND, {"number": OTHER_NUMBER})
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
