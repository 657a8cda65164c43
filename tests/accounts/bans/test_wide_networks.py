"""IPv6: who has a whole /56 or /48 to himself gets no new start in each /64 of it."""

import pytest
from pytest_django import Settings

from accounts.bans.models import Ban, Failure
from accounts.bans.where import places
from accounts.log.models import SecurityEvent
from apppasswords.maillogin import decision
from apppasswords.maillogin.decision import Login, Outcome
from tests.conftest import MakeUser
from tests.kit.people import PASSWORD


@pytest.fixture(autouse=True)
def _people(make_user: MakeUser, settings: Settings) -> None:
    settings.BAN_AFTER_FAILURES_56, settings.BAN_AFTER_FAILURES_48 = 25, 60
    settings.BRAKE_AFTER_FAILURES = 1000
    for name in ("lisi", "wangwu", "zhaoliu"):
        make_user(name, two_step=False)


def log_in(password: str, address: str, name: str = "lisi") -> Outcome:
    return decision.verify(Login(f"{name}@example.edu", password, "imap", address)).outcome


def guess(networks: list[str], each: int = 9, name: str = "lisi") -> list[Outcome]:
    return [log_in(f"guess {network} {n}", f"{network}::{n + 1:x}", name) for network in networks for n in range(each)]


def of_one_56(count: int) -> list[str]:
    return [f"2001:db8:1:{number:x}" for number in range(count)]


def of_one_48(count: int) -> list[str]:
    return [f"2001:db8:1:{number:x}00" for number in range(count)]


@pytest.mark.bypass("C4: 405 guesses from 45 /64s of one /48, nine each")
def test_a_56_is_banned_by_its_own_number_exactly() -> None:
    answers = guess(of_one_56(5))
    assert answers == [Outcome.NO] * 25 + [Outcome.BANNED] * 20
    assert [ban.network for ban in Ban.objects.all()] == ["2001:db8:1::/56"]
    assert log_in(PASSWORD, "2001:db8:1:ff::1") is Outcome.BANNED
    assert log_in(PASSWORD, "2001:db8:1:100::1") is Outcome.YES
    assert SecurityEvent.objects.get(kind="banned").address == "2001:db8:1::/56"


def test_a_48_is_banned_by_its_own_number_exactly() -> None:
    assert guess(of_one_48(8)) == [Outcome.NO] * 60 + [Outcome.BANNED] * 12
    assert [ban.network for ban in Ban.objects.all()] == ["2001:db8:1::/48"]
    assert log_in(PASSWORD, "2001:db8:1:ffff::1") is Outcome.BANNED
    assert log_in(PASSWORD, "2001:db8:2::1") is Outcome.YES


def test_what_banned_a_64_belongs_to_the_wider_ones() -> None:
    answers = guess(of_one_56(3), each=12)
    assert answers[:12] == [Outcome.NO] * 10 + [Outcome.BANNED] * 2
    assert answers[12:24] == answers[:12]
    assert answers[24:] == [Outcome.NO] * 5 + [Outcome.BANNED] * 7
    assert {ban.network for ban in Ban.objects.all()} == {"2001:db8:1::/64", "2001:db8:1:1::/64", "2001:db8:1::/56"}


def test_an_old_phone_on_the_way_bans_nobody() -> None:
    for network in of_one_56(3):
        for _time in range(9):
            assert log_in("the password of last year", f"{network}::1") is Outcome.NO
    assert not Ban.objects.exists(), "the same again is no other guess"


def test_where_several_got_in_many_people_are(make_user: MakeUser) -> None:
    """The /48 of a mobile network: it is banned as a shared network is, for many more guesses."""
    for number, name in enumerate(("lisi", "wangwu", "zhaoliu")):
        user = make_user(f"{name}2")
        places.note([(user.pk, f"2001:db8:1:{number:x}::1")])
    assert set(guess([f"2001:db8:1:{number:x}" for number in range(10, 19)])) == {Outcome.NO}
    assert not Ban.objects.exists()


def test_the_story_of_a_wide_ban_has_its_failures() -> None:
    guess(of_one_56(3))
    ban = Ban.objects.get()
    assert (ban.failure_count, ban.account_count, ban.guess_count) == (25, 1, 25)
    assert Failure.objects.filter(ban=ban).count() == 25
