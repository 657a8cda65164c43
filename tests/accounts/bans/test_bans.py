"""Wrong passwords ban an address for an hour; in a shared network, one account at that address."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone
from pytest_django import Settings

from accounts.bans import attempts, bans
from accounts.bans.models import Ban, Failure
from accounts.log.models import SecurityEvent
from accounts.signin import signin
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import PASSWORD, Person

HOME, CAFE = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def lisi(make_user: MakeUser) -> User:
    """Two-step is off: a right password leads in."""
    return make_user("lisi", two_step=False)


def guess(name: str = "lisi", password: str = "wrong", address: str = HOME, times: int = 1) -> signin.Decision:
    for _time in range(times):
        decision = signin.start(name, password, address, "")
    return decision


def is_let_in(name: str = "lisi", address: str = HOME) -> bool:
    return guess(name, PASSWORD, address).step is signin.Step.DONE


# --- The rule --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wrong", "let_in"), [(9, True), (10, False), (11, False)])
def test_the_tenth_wrong_password_bans_the_address(lisi: User, wrong: int, let_in: bool) -> None:
    guess(times=wrong)
    assert is_let_in() is let_in
    assert Ban.objects.count() == (not let_in)


def test_the_tenth_is_told_so_and_the_ninth_is_not(lisi: User) -> None:
    assert guess(times=9).step is signin.Step.REFUSED
    assert guess().step is signin.Step.BANNED
    assert Failure.objects.count() == 10
    assert guess(times=5).step is signin.Step.BANNED
    assert Failure.objects.count() == 10, "what comes during a ban is not counted"


def test_others_are_not_banned(lisi: User) -> None:
    guess(times=10)
    assert is_let_in(address=CAFE)


def test_every_account_is_refused_from_a_banned_address(lisi: User, make_user: MakeUser) -> None:
    make_user("zhaoliu", two_step=False)
    guess(times=10)
    assert not is_let_in("zhaoliu")


@pytest.mark.bypass("row 36: unknown users are not counted")
def test_unknown_users_and_disabled_ones_count_alike(lisi: User, make_user: MakeUser) -> None:
    make_user("gone", is_active=False)
    for n in range(4):
        guess(f"nobody{n}")
        guess(f"not an address at all <{n}>")
    guess("gone", PASSWORD)
    assert not Ban.objects.exists()
    guess()
    assert not is_let_in()


def test_it_is_over_after_an_hour(lisi: User, clock: time_machine.Traveller) -> None:
    guess(times=10)
    clock.shift(timedelta(minutes=59, seconds=59))
    assert not is_let_in()
    clock.shift(timedelta(seconds=1))
    assert is_let_in()
    assert guess(times=9).step is signin.Step.REFUSED, "the counting starts anew"


@pytest.mark.bypass("row 11: a ban that a clock ends early")
def test_a_clock_set_back_does_not_end_a_ban(lisi: User, clock: time_machine.Traveller) -> None:
    guess(times=10)
    clock.shift(timedelta(hours=-1))
    assert not is_let_in()


def test_old_failures_do_not_count(lisi: User, clock: time_machine.Traveller) -> None:
    guess(times=9)
    clock.shift(timedelta(hours=24, seconds=1))
    guess(times=9)
    assert is_let_in()


@pytest.mark.bypass("row 7: allauth 65.8.1, Mailu: a good sign-in of one's own clears the failures")
def test_a_success_clears_the_failures_of_its_own_account_only(lisi: User, make_user: MakeUser) -> None:
    make_user("attacker", two_step=False)
    for _round in range(9):
        guess("lisi")
        assert is_let_in("attacker")
    guess("lisi")
    assert not is_let_in("attacker")
    assert not is_let_in("lisi")


def test_a_success_starts_the_counting_anew(lisi: User) -> None:
    guess(times=9)
    assert is_let_in()
    guess(times=9)
    assert is_let_in()


@pytest.mark.parametrize(("counts", "banned"), [(True, True), (False, False)])
def test_the_same_wrong_password_again(lisi: User, settings: Settings, counts: bool, banned: bool) -> None:
    """One old phone that tries the same password all night."""
    settings.BAN_COUNTS_REPEATS = counts
    guess(password="the password of last year", times=12)
    assert is_let_in() is not banned


def test_without_repeats_different_passwords_still_ban(lisi: User, settings: Settings) -> None:
    settings.BAN_COUNTS_REPEATS = False
    for n in range(10):
        guess(password=f"wrong {n}", times=2)
    assert not is_let_in()


@pytest.mark.bypass("row 31: allauth 2020, 2022: a counter for each way to write a name")
def test_one_account_however_it_is_written(lisi: User, settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network(f"{HOME}/32")]  # counts per account
    ways = [
        "lisi",
        "LISI",
        "lisi@example.edu",
        " Lisi@Example.EDU ",
        "ｌｉｓｉ",
        "lisi＠example.edu",
        "ⓛⓘⓢⓘ@example.edu",
    ]
    for n in range(10):
        guess(ways[n % len(ways)])
    assert [ban.account for ban in Ban.objects.all()] == ["lisi@example.edu"]


# --- Addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.bypass("row 34: Nextcloud CVE-2021-22915: IPv6 counted address by address")
def test_an_ipv6_client_is_its_64(lisi: User) -> None:
    for n in range(10):
        guess(address=f"2001:db8:1:2:{n:x}::{n + 1:x}")
    assert not is_let_in(address="2001:db8:1:2:ffff::1")
    assert is_let_in(address="2001:db8:1:3::1")


@pytest.mark.bypass("row 34: ::ffff:1.2.3.4 is 1.2.3.4")
def test_mapped_ipv4_is_ipv4(lisi: User) -> None:
    for n in range(10):
        guess(address=HOME if n % 2 else f"::ffff:{HOME}")
    assert not is_let_in()
    assert not is_let_in(address=f"::FFFF:{HOME}")


@pytest.mark.bypass("row 35: mailcow #1679, Nextcloud #51533: one stale phone locks out a building")
def test_in_a_shared_network_only_the_account_is_banned(lisi: User, make_user: MakeUser, settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network("198.51.100.0/24")]
    make_user("zhaoliu", two_step=False)
    guess(times=10)
    assert not is_let_in()
    assert is_let_in("zhaoliu")
    assert is_let_in(address="198.51.100.8"), "at another address of the campus"
    assert Ban.objects.get().account == lisi.username


def test_a_shared_network_has_a_higher_ceiling(lisi: User, make_user: MakeUser, settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network("198.51.100.0/24")]
    settings.SHARED_NETWORK_FAILURES = 25
    guess("oldphone", "the password of last year", times=9)  # counts once
    for n in range(23):
        guess(f"victim{n}", "Spring2026!")
    assert is_let_in()
    guess("victim23", "Spring2026!")
    assert not is_let_in()
    assert Ban.objects.get().account == ""


# --- Lifting, and what people and the log are told -------------------------------------------------------------------


def test_lifting_works_at_once(lisi: User, make_user: MakeUser) -> None:
    clerk = make_user("itoffice", is_staff=True)
    guess(times=10)
    ban = Ban.objects.get()
    assert bans.lift(ban, clerk)
    assert is_let_in()
    assert not bans.lift(ban, clerk)
    assert [event.actor for event in SecurityEvent.objects.filter(kind="ban_lifted")] == [clerk]


def test_the_page_of_a_banned_address(lisi: User, clock: time_machine.Traveller) -> None:
    person = Person(lisi, REMOTE_ADDR=HOME)
    for _time in range(9):
        assert person.enter_password("wrong").status_code == 200
    for response in (person.enter_password("wrong"), person.enter_password(), person.get("/sign-in/")):
        assert response.status_code == 429
        assert response.headers["Retry-After"] == "3600"
        assert "13:00" in response.content.decode()
    assert not person.is_in()
    assert Person(lisi, REMOTE_ADDR=CAFE).enter_password().status_code == 302


@pytest.mark.bypass("row 29: Nextcloud GHSA-mr7q-xf62-fw54: a page that the limit forgets")
def test_wrong_passwords_at_the_password_page_count(lisi: User) -> None:
    person = Person(lisi, REMOTE_ADDR=HOME)
    person.enter_password()
    form = {"new_password": "correct-horse-42", "new_password_again": "correct-horse-42"}
    for n in range(10):
        response = person.post("/security/password/", {"old_password": f"wrong {n}", **form})
        assert response.status_code == (429 if n == 9 else 200)
    assert person.post("/security/password/", {"old_password": PASSWORD, **form}).status_code == 429
    assert not is_let_in()
    lisi.refresh_from_db()
    assert lisi.check_password(PASSWORD)


@pytest.mark.bypass("row 29")
def test_a_ban_also_stops_who_is_halfway(wangwu: Person) -> None:
    wangwu.enter_password()
    guess(address="127.0.0.1", times=10)
    assert wangwu.enter_code().status_code == 429
    assert wangwu.get("/sign-in/code/").status_code == 429
    assert not wangwu.is_in()


@pytest.mark.bypass("row 42: a password that was typed as the user name")
def test_a_password_typed_as_the_name_is_nowhere(lisi: User) -> None:
    person = Person(lisi)
    planted = ["Hunter2-Canary", "canary.hunter@example.edu", "canary-hunter"]
    for typed in planted:
        person.enter_password("another-Canary-password", name=typed)
    held = "\n".join(str(row) for model in apps.get_models() for row in model._default_manager.values())
    assert "canary" not in held.lower()
    assert Failure.objects.count() == 3
    assert timezone.now() - Failure.objects.latest("at").at < timedelta(minutes=1)


# --- What happens while a password is compared -----------------------------------------------------------------------


def compare(meanwhile: Callable[[], object]) -> attempts.Attempt:
    def read(pk: int, address: str) -> User | None:
        meanwhile()
        return attempts._read(pk, address)

    return attempts.enter(
        "lisi@example.edu", PASSWORD, address=HOME, channel="web", trusts=lambda _user: False, read=read
    )


def test_a_ban_that_others_earned_meanwhile_holds(lisi: User) -> None:
    attempt = compare(lambda: guess(times=10))
    assert attempt.outcome is attempts.Outcome.BANNED
    assert attempt.until == Ban.objects.get().until
    assert attempt.user is None


def test_an_account_that_is_deleted_meanwhile_opens_nothing(lisi: User) -> None:
    attempt = compare(lisi.delete)
    assert attempt.outcome is attempts.Outcome.WRONG
    assert attempt.user is None
    assert not Failure.objects.exists(), "nobody's mistake"
