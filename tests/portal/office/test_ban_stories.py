"""Why a ban came about, in plain words: from what was tried, and for longer than that is kept."""

from ipaddress import ip_network

import pytest
from pytest_django import Settings

from accounts.bans import causes, digests
from accounts.bans.causes import IN_WORDS, Cause
from accounts.bans.models import Failure
from tests.conftest import MakeUser
from tests.kit.ban_pages import BANS, CAMPUS, ONE, fail, text_of
from tests.kit.officers import clerk_with
from tests.kit.people import Person

MANY = [f"person{n}@example.edu" for n in range(20)]
TRIES = {
    "an old phone": (
        [(ONE, "old")] * 10, Cause.OLD_PHONE,
        "one account, the same password 10 times (perhaps an old phone)",
    ),
    "a phone and a computer": (
        [(ONE, "old"), (ONE, "older")] * 5, Cause.OLD_PROGRAMS,
        "one account, 2 passwords, 10 times (perhaps programs with old passwords)",
    ),
    "guesses at one": (
        [(ONE, f"guess {n}") for n in range(10)], Cause.GUESSING,
        "one account, 10 different passwords (perhaps a guesser, perhaps its owner)",
    ),
    "two old phones": (
        [(MANY[0], "old"), (MANY[1], "older")] * 5, Cause.OLD_PHONES,
        "2 accounts that repeat the same passwords, 10 times (perhaps several old phones)",
    ),
    "one phone with two mailboxes": (
        [(MANY[0], "old"), (MANY[1], "old")] * 5, Cause.OLD_PHONES,
        "2 accounts that repeat the same passwords, 10 times (perhaps several old phones)",
    ),
    "one password for everybody": (
        [(account, "Summer2026") for account in MANY[:10]], Cause.SPRAYING,
        "10 accounts in turn, different passwords: 1 (perhaps an attack)",
    ),
    "one password each": (
        [(account, f"leaked {account}") for account in MANY[:10]], Cause.SPRAYING,
        "10 accounts in turn, different passwords: 10 (perhaps an attack)",
    ),
    "two passwords for everybody": (
        [(account, password) for account in MANY[:5] for password in ("a", "b")], Cause.ATTACK,
        "5 accounts, 2 different passwords (perhaps an attack)",
    ),
    "two who mistype": (
        [(MANY[n % 2], f"typo {n}") for n in range(4)] + [(MANY[n % 2], "again") for n in range(6)], Cause.TYPING,
        "2 accounts, different passwords: 5, 10 times (perhaps people who mistype, perhaps an attack)",
    ),
    "guesses at two": (
        [(MANY[n % 2], f"guess {n}") for n in range(10)], Cause.ATTACK,
        "2 accounts, 10 different passwords (perhaps an attack)",
    ),
    "guesses at many": (
        [(MANY[n % 5], f"guess {n}") for n in range(10)], Cause.ATTACK,
        "5 accounts, 10 different passwords (perhaps an attack)",
    ),
    "names that do not exist": (
        [(digests.stranger(f"nobody{n}"), "a") for n in range(2)] * 5, Cause.TYPING,
        "2 accounts, different passwords: 1, 10 times (perhaps people who mistype, perhaps an attack); 2 of the names",
    ),
}  # fmt: skip


@pytest.fixture
def desk(make_user: MakeUser) -> Person:
    return clerk_with(make_user, "help desk")


@pytest.mark.parametrize("tries", TRIES, ids=lambda name: name)
def test_why_in_plain_words(desk: Person, tries: str) -> None:
    tried, cause, said = TRIES[tries]
    ban = fail(tried)
    assert causes.of(ban) is cause
    for page in (BANS, f"{BANS}{ban.pk}/change/"):
        assert said in text_of(desk.get(page)), page


def test_an_old_phone_all_day_is_no_attack(db: None, settings: Settings) -> None:
    """As the issue has it: 37 times the same, and 37 passwords on 20 accounts."""
    settings.BAN_AFTER_FAILURES = 37
    assert causes.of(fail([(ONE, "old")] * 37)) is Cause.OLD_PHONE
    attack = fail([(MANY[n % 20], f"guess {n}") for n in range(37)], CAMPUS)
    assert (attack.account_count, attack.password_count) == (20, 37)
    assert causes.of(attack) is Cause.ATTACK


def test_every_cause_has_its_words() -> None:
    assert set(IN_WORDS) == set(Cause)
    assert {cause for _tried, cause, _said in TRIES.values()} | {Cause.NOT_KNOWN} == set(Cause)


def test_the_story_outlives_the_failures(desk: Person) -> None:
    fail([(ONE, "old")] * 10)
    Failure.objects.all().delete()
    assert "one account, the same password 10 times" in text_of(desk.get(BANS))


def test_a_ban_of_the_building_leaves_those_of_accounts_their_story(db: None, settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/8")]
    settings.SHARED_NETWORK_FAILURES = 15
    first = fail([(ONE, f"guess {n}") for n in range(10)], CAMPUS)
    assert first.account == ONE
    whole = fail([(MANY[n], f"guess {n}") for n in range(5)], CAMPUS)
    assert whole.account == ""
    first.refresh_from_db()
    assert causes.of(first) is Cause.GUESSING
    assert causes.failures(first).count() == 10
    assert whole.failure_count == 15
