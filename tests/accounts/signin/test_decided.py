"""What is decided of a sign-in beside yes and no."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.bans import bans
from accounts.signin import signin
from accounts.signin.signin import Decision, Step
from accounts.users import mailbox_passwords
from accounts.users.keeper import CannotTell, MustChange
from accounts.users.models import User
from tests.kit.people import PASSWORD

ADDRESS = "198.51.100.7"


def test_what_the_keeper_of_passwords_says_is_said(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    until = timezone.now() + timedelta(minutes=1)
    for answer, decision in (
        (CannotTell(until), Decision(Step.CANNOT_TELL, later_at=until)),
        (MustChange(), Decision(Step.MUST_CHANGE)),
    ):

        def keep(*_asked: object, answer: Exception = answer) -> User | None:
            raise answer

        monkeypatch.setattr(mailbox_passwords, "check_password", keep)
        assert signin.start("wangwu", PASSWORD, ADDRESS, "") == decision


def test_who_is_vouched_for_elsewhere_is_banned_as_anybody(owner: User, other: User) -> None:
    until = bans.ban(ADDRESS, owner.username)
    assert signin.vouched(owner.username, ADDRESS, "") == Decision(Step.BANNED, banned_until=until)
    assert signin.vouched(other.username, ADDRESS, "").step is Step.CODE
    User.objects.filter(pk=other.pk).update(is_shared=True)
    assert signin.vouched(other.username, ADDRESS, "").step is Step.REFUSED, "a department signs in nowhere"
    bans.ban(ADDRESS)
    for name in (other.username, "nobody@example.edu", "no name"):
        assert signin.vouched(name, ADDRESS, "").step is Step.BANNED
