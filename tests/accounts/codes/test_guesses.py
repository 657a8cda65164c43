"""Guesses at codes of a kind that does not exist yet: what the piece that counts them does for every kind."""

from datetime import timedelta

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from accounts.codes import guesses
from accounts.codes.guesses import Outcome
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.asking import Asking
from tests.kit.people import NUMBER


class Recovery(guesses.Code):
    """Several right ones, each good for one use; nothing counts their tries but the account."""

    kind = "help_code"

    def __init__(self, *unused: str) -> None:
        self.unused = list(unused)

    def expected(self) -> list[str]:
        return list(self.unused)

    def use_up(self, right: str) -> bool:
        if right not in self.unused:
            return False
        self.unused.remove(right)
        return True


@pytest.fixture
def user(make_user: MakeUser) -> User:
    return make_user("wangwu", phone=NUMBER)


def wrong_codes(user: User) -> int:
    return User.objects.get(pk=user.pk).wrong_codes


def test_any_right_one_is_right_once(user: User) -> None:
    code = Recovery("111111", "222222")
    assert guesses.check(user, "333333", code) is Outcome.WRONG
    assert wrong_codes(user) == 1
    assert guesses.check(user, "222222", code) is Outcome.RIGHT
    assert wrong_codes(user) == 0, "a right one forgives"
    assert code.unused == ["111111"]
    assert guesses.check(user, "222222", code) is Outcome.WRONG
    assert SecurityEvent.objects.filter(user=user, kind="code_wrong", detail__purpose="help_code").count() == 2


def test_who_was_slower_has_an_expired_one_and_is_not_forgiven(user: User) -> None:
    class Taken(Recovery):
        def use_up(self, right: str) -> bool:
            return False

    assert guesses.check(user, "111111", Taken("111111")) is Outcome.EXPIRED
    assert wrong_codes(user) == 1


def test_what_cannot_be_a_code_is_not_looked_for(user: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert guesses.check(user, None, Recovery("111111")) is Outcome.MALFORMED
    assert guesses.check(user, "111111", None) is Outcome.EXPIRED
    assert wrong_codes(user) == 0


@pytest.mark.bypass("row 4: AuthQuake: what is counted for one kind of code is not counted for another")
def test_the_account_pauses_whatever_the_kind(user: User, clock: time_machine.Traveller) -> None:
    asking = Asking(user)
    sent = asking.code()
    for by in range(1, 5):
        asking.enter(f"{(int(sent) + by) % 1_000_000:06}")
    code = Recovery("111111")
    for _ in range(16):
        assert guesses.check(user, "333333", code) is Outcome.WRONG
    assert guesses.check(user, "111111", code) is Outcome.PAUSED
    assert asking.enter(sent) is Outcome.PAUSED
    assert SecurityEvent.objects.filter(user=user, kind="codes_paused").count() == 1
    clock.shift(timedelta(hours=1))
    assert guesses.check(user, "111111", code) is Outcome.RIGHT


def test_who_read_the_account_before_the_pause_is_paused_too(user: User) -> None:
    """Guesses that come at once have all read it before the twentieth was counted."""
    code, before = Recovery("111111"), User.objects.get(pk=user.pk)
    for _ in range(20):
        guesses.check(user, "333333", code)
    assert guesses.check(before, "111111", code) is Outcome.PAUSED
    assert code.unused == ["111111"]
    assert SecurityEvent.objects.filter(user=user, kind="codes_paused").count() == 1
