"""What an address's wrong passwords look like: to the last phone, and to the first attacker."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.bans import causes
from accounts.bans.causes import Cause
from accounts.bans.models import Ban, Failure
from accounts.bans.where import addresses


def of(accounts: int, guesses: int, failures: int, *, unknown: int = 0, passwords: int = 99) -> Cause:
    return causes.of(
        Ban(
            account_count=accounts,
            guess_count=guesses,
            failure_count=failures,
            unknown_count=unknown,
            password_count=passwords,
        )
    )


@pytest.mark.parametrize(("guesses", "failures", "cause"), [
    (0, 0, Cause.NOT_KNOWN), (1, 1, Cause.OLD_PHONE), (1, 50, Cause.OLD_PHONE), (2, 10, Cause.OLD_PROGRAMS),
    (3, 10, Cause.OLD_PROGRAMS), (4, 10, Cause.GUESSING),
])  # fmt: skip
def test_one_account(guesses: int, failures: int, cause: Cause) -> None:
    assert of(1, guesses, failures) is cause


def test_phones_repeat_what_they_have() -> None:
    """Three times each, one or two passwords, of accounts that are mostly there."""
    assert of(4, 8, 24) is Cause.OLD_PHONES
    assert of(4, 8, 23) is Cause.ATTACK, "not often enough"
    assert of(4, 9, 27) is Cause.ATTACK, "too many for what phones keep"
    assert of(4, 8, 24, unknown=1) is Cause.OLD_PHONES
    assert of(4, 8, 24, unknown=2) is Cause.ATTACK, "half of the names are nobody's"
    assert of(3, 6, 18, unknown=1) is Cause.OLD_PHONES


def test_who_sprays_tries_one_for_each_or_the_same_for_all() -> None:
    assert of(4, 4, 4) is Cause.SPRAYING
    assert of(4, 5, 5) is Cause.ATTACK
    assert of(8, 9, 9, passwords=2) is Cause.SPRAYING
    assert of(8, 9, 9, passwords=3) is Cause.ATTACK


def test_a_few_people_mistype_a_few_times() -> None:
    assert of(3, 3, 3) is Cause.TYPING
    assert of(3, 9, 9) is Cause.TYPING
    assert of(3, 10, 10) is Cause.ATTACK
    assert of(4, 9, 9) is Cause.ATTACK


@pytest.mark.django_db
def test_what_led_to_a_ban_is_of_its_time_its_place_and_its_account() -> None:
    now = timezone.now()

    def ago(seconds: int) -> datetime:
        return now - timedelta(seconds=seconds)

    def failed(seconds: int, network: str = "192.0.2.1", account: str = "one") -> int:
        row = Failure.objects.create(
            network=network, account=account, first=addresses.first(network), channel="imap", at=ago(seconds),
            password_digest="x",
        )  # fmt: skip
        return int(row.pk)

    def led_to(network: str, account: str = "") -> list[int]:
        ban = Ban(network=network, account=account, first_at=ago(60), last_at=ago(10))
        return sorted(failure.pk for failure in causes.failures(ban))

    early, first, other, last, late = failed(61), failed(60), failed(30, account="two"), failed(10), failed(9)
    here, near, far = (failed(30, f"2001:db8:{part}::/64") for part in ("1:2", "1:3", "2:2"))
    assert led_to("192.0.2.1") == [first, other, last]
    assert led_to("192.0.2.1", "one") == [first, last]
    assert led_to("2001:db8:1:2::/64") == [here]
    assert led_to("2001:db8:1::/48") == [here, near]
    assert not {early, late, far} & {*led_to("192.0.2.1"), *led_to("2001:db8:1::/48")}
    for times in ({}, {"first_at": now}, {"last_at": now}):
        assert not causes.failures(Ban(network="192.0.2.1", **times)).exists(), "there is nothing to tell from"
