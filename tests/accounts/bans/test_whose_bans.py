"""A ban says whose it is, where and until when; no other one holds, and none is lifted with it."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.bans import attempts, bans
from accounts.bans.models import Ban
from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from accounts.signin import signin
from accounts.users.models import User

HOME, CAFE = "198.51.100.7", "203.0.113.9"


def test_each_wrong_one_is_in_the_log(owner: User) -> None:
    for name in ("wangwu", "nobody"):
        signin.start(name, "wrong", HOME, "")
    refused = SecurityEvent.objects.filter(kind="refused").order_by("pk")
    assert [(event.user, event.address, event.detail) for event in refused] == [
        (owner, HOME, {"channel": "web"}),
        (None, HOME, {"channel": "web"}),
    ]


@pytest.mark.parametrize("account", ["zhaoliu@example.edu", ""])
def test_a_ban_of_one_account_is_its_owners(owner: User, other: User, settings: Settings, account: str) -> None:
    """What it has open from there ends; a ban of everybody at an address says nothing of whose that is."""
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    bans.ban(HOME, account)
    ban = Ban.objects.get()
    whose = other if account else None
    event = SecurityEvent.objects.get(kind="banned")
    assert (event.user, event.address, event.detail["failures"]) == (whose, HOME, 0)
    assert [(list(ending.people), ending.network) for ending in Ending.objects.all()] == (
        [([account], HOME)] if account else []
    )
    lifted = bans.lift(ban, None, reason="a mistake")
    assert lifted
    assert (lifted.user, lifted.detail.get("account", "")) == (whose, account)
    assert bans.lift(ban, None) is None, "it was before"


def test_for_whose_sake_a_ban_is_lifted_is_said(owner: User, other: User) -> None:
    bans.ban(HOME)
    event = bans.lift(Ban.objects.get(), by=owner, owner=other, reason="a guest of his")
    assert event
    assert (event.user, event.actor, event.address) == (other, owner, HOME)
    bans.ban(CAFE, owner.username)
    event = bans.lift(Ban.objects.get(network=CAFE), by=None, owner=other)
    assert event
    assert event.user == other, "whoever's it is"


def test_a_ban_holds_where_and_whom_it_says_as_long_as_it_says(
    owner: User, other: User, clock: time_machine.Traveller
) -> None:
    """Asked alone, and within a query of accounts."""
    for network, account, hours in ((HOME, "wangwu@example.edu", 1), (HOME, "wangwu@example.edu", 2), (CAFE, "", 1)):
        until = timezone.now() + timedelta(hours=hours)
        Ban.objects.create(network=network, account=account, until=until)
    wide = Ban.objects.create(network="2001:db8:1::/48", account="", until=timezone.now() + timedelta(hours=3))
    places = [(HOME, "wangwu@example.edu", 2), (HOME, "zhaoliu@example.edu", 0), (CAFE, "zhaoliu@example.edu", 1),
              ("192.0.2.1", "wangwu@example.edu", 0), ("2001:db8:1:2::3", "wangwu@example.edu", 3),
              ("2001:db8:2:2::3", "wangwu@example.edu", 0)]  # fmt: skip
    for address, account, hours in places:
        holds = timezone.now() + timedelta(hours=hours) if hours else None
        assert bans.banned_until(address, account) == holds, (address, account)
        row = attempts._read(User.objects.get(username=account).pk, address)
        assert bans.holding(vars(row)["ban"], address) == holds, (address, account)
    clock.shift(timedelta(hours=2))
    assert bans.banned_until(HOME, "wangwu@example.edu") is None, "over at its end"
    bans.lift(wide, None)
    assert bans.banned_until("2001:db8:1:2::3", "wangwu@example.edu") is None
