"""A mailbox password that is entered on a page: what it costs, whom, and what it forgives."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.bans import attempts, brake, trials
from accounts.bans.attempts import Attempt, Outcome
from accounts.bans.failures import Tries
from accounts.bans.models import Brake, Failure
from accounts.log.models import SecurityEvent
from accounts.users import mailbox_passwords
from accounts.users.keeper import CannotTell, MustChange
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import PASSWORD

ADDRESS = "198.51.100.7"


def enter(name: str, password: str = PASSWORD, *, trusted: bool = False) -> Attempt:
    return attempts.enter(f"{name}@example.edu", password, address=ADDRESS, channel="web", trusts=lambda _user: trusted)


def keeper_says(monkeypatch: pytest.MonkeyPatch, answer: Exception) -> None:
    def keep(*_asked: object) -> User | None:
        raise answer

    monkeypatch.setattr(mailbox_passwords, "check_password", keep)


def compared(user: User) -> int:
    """Comparisons that its brake has counted."""
    row = Brake.objects.filter(user=user).first()
    return row.count if row else 0


def test_what_the_keeper_cannot_tell_costs_nothing_and_forgives_nothing(
    make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, until = make_user("lisi", two_step=False), timezone.now() + timedelta(minutes=1)
    enter("lisi", "wrong")
    keeper_says(monkeypatch, CannotTell(until))
    for _time in range(3):
        assert enter("lisi") == Attempt(Outcome.CANNOT_TELL, until=until)
    assert (Failure.objects.filter(cleared_at=None).count(), compared(user)) == (1, 1), "the wrong one of before"


def test_a_password_that_must_be_changed_is_right_and_opens_nothing(
    make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user("lisi", two_step=False)
    enter("lisi", "wrong")
    keeper_says(monkeypatch, MustChange())
    assert enter("lisi") == Attempt(Outcome.MUST_CHANGE)
    assert (Failure.objects.filter(cleared_at=None).count(), compared(user)) == (0, 1)


@pytest.mark.parametrize(
    ("two_step", "is_active", "trusted", "counted"),
    [(False, True, False, 1), (True, True, False, 0), (False, False, False, 0), (False, True, True, 0)],
)
def test_the_brake_counts_where_the_password_opens_mail_and_the_browser_is_a_strangers(
    make_user: MakeUser, *, two_step: bool, is_active: bool, trusted: bool, counted: int
) -> None:
    user = make_user("lisi", two_step=two_step, is_active=is_active)
    enter("lisi", "wrong", trusted=trusted)
    assert compared(user) == counted
    if is_active:
        assert enter("lisi", trusted=trusted).outcome is Outcome.RIGHT
        assert compared(user) == counted, "what was right is given back"


def test_whether_a_browser_is_trusted_is_asked_of_a_name_that_is_nobodys_too(db: None) -> None:
    asked: list[int] = []

    def trusts(user: User) -> bool:
        asked.append(user.pk)
        return True

    attempt = attempts.enter("nobody@example.edu", PASSWORD, address=ADDRESS, channel="web", trusts=trusts)
    assert (attempt.outcome, asked) == (Outcome.WRONG, [trials.NOBODY])


def test_who_is_guessed_at_is_told_until_when(make_user: MakeUser, settings: Settings) -> None:
    settings.BRAKE_AFTER_FAILURES = 2
    user, other = make_user("lisi", two_step=False), make_user("zhaoliu", two_step=False)
    for guess in ("one", "two"):
        assert enter("lisi", guess).outcome is Outcome.WRONG
    assert [event.user for event in SecurityEvent.objects.filter(kind="guessed")] == [user]
    until = brake.until(user.pk)
    assert until
    assert enter("lisi") == Attempt(Outcome.LATER, until=until)
    assert enter("zhaoliu").user == other


def test_a_brake_is_one_accounts(make_user: MakeUser, settings: Settings) -> None:
    settings.BRAKE_AFTER_FAILURES = 1
    first, second = users = [make_user(name, two_step=False) for name in ("lisi", "zhaoliu")]
    for user in users:
        enter(user.username.partition("@")[0], "wrong")
    assert [set(brake.to_tell()), set(brake.to_tell())] == [set(users), set()], "each once"
    assert [brake.release(first), brake.release(first)] == [True, False]
    assert [bool(brake.until(user.pk)) for user in (first, second)] == [False, True]


def test_a_wrong_one_says_how_many_are_left(make_user: MakeUser) -> None:
    make_user("lisi", two_step=False)
    for name in ("lisi", "nobody"):
        enter(name, "one")
    assert enter("lisi", "two") == Attempt(Outcome.WRONG, tries=Tries(made=2, left=7))
