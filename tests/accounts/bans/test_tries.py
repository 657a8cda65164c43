"""How many wrong passwords are left before a ban; and which of them count, for whom, where many share a network."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.bans import bans, failures
from accounts.bans.failures import Noted, Tries
from accounts.bans.models import Ban, Failure, KnownNetwork, Place
from accounts.bans.where import places
from accounts.lib import prepared
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.neighbourhoods import know

pytestmark = pytest.mark.django_db

ADDRESS, ACCOUNT = "198.51.100.7", "lisi@example.edu"


def fail(password: str, address: str = ADDRESS, account: str = ACCOUNT) -> Noted:
    return failures.note_failure(address, account, password, "imap")


def test_what_comes_after_a_ban_is_not_counted() -> None:
    until = bans.ban(ADDRESS)
    assert fail("wrong") == Noted(counted=False, banned_until=until)
    assert not Failure.objects.exists()


def test_where_nobody_is_ever_banned_none_is_left_and_none_is_a_guess() -> None:
    know("198.51.100.0/24", KnownNetwork.Kind.NEVER_BANNED)
    for password in ("one", "two"):
        assert fail(password) == Noted(counted=True, banned_until=None)
    assert failures.tries(ADDRESS, ACCOUNT) == Tries(made=2, left=None)
    assert not Failure.objects.filter(is_guess=True).exists()


def test_none_is_left_where_fewer_are_allowed_by_now(settings: Settings) -> None:
    for number in range(9):
        fail(f"guess {number}")
    assert failures.tries(ADDRESS, ACCOUNT).left == 1
    settings.BAN_AFTER_FAILURES = 5
    assert failures.tries(ADDRESS, ACCOUNT).left == 0


def test_neighbours_take_from_what_is_left_of_their_network(settings: Settings) -> None:
    """Each guess of theirs, once."""
    settings.BAN_AFTER_FAILURES_56 = 5
    for password in ("one", "two", "one"):
        fail(password, "2001:db8:0:1::1")
    assert failures.tries("2001:db8:0:2::1", ACCOUNT) == Tries(made=0, left=3)
    assert failures.tries("2001:db8:0:100::1", ACCOUNT) == Tries(made=0, left=5), "another /56"


def test_in_a_shared_network_the_address_has_what_is_left_of_many(settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network("198.51.100.0/24")]
    settings.SHARED_NETWORK_FAILURES = 6
    for password in ("one", "two", "one"):
        fail(password, account="zhaoliu@example.edu")
    assert failures.tries(ADDRESS, ACCOUNT) == Tries(made=0, left=4)


@pytest.fixture
def gateway(make_user: MakeUser, settings: Settings) -> str:
    """An IPv6 address from which several accounts got in lately."""
    settings.GATEWAY_ACCOUNTS = 2
    for name in ("zhaoliu", "sunqi"):
        places.note([(make_user(name).pk, "2001:db8:0:1::1")])
    return "2001:db8:0:1::1"


def test_what_many_share_is_not_counted_for_the_wider_network(gateway: str, settings: Settings) -> None:
    settings.BAN_AFTER_FAILURES_56 = 2
    assert [fail("wrong", gateway, f"user{number}@example.edu").banned_until for number in range(4)] == [None] * 4
    assert not Ban.objects.exists()


def test_what_many_share_is_no_wider_than_where_they_got_in(
    gateway: str, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.BAN_AFTER_FAILURES_56 = settings.BAN_AFTER_FAILURES_48 = 3
    left = [failures.tries(address, ACCOUNT).left for address in (gateway, "2001:db8:0:2::1", "2001:db8:1:1::1")]
    assert left == [settings.BAN_AFTER_FAILURES, settings.BAN_AFTER_FAILURES, 3]
    clock.shift(places.GATEWAY_WITHIN)
    assert failures.tries(gateway, ACCOUNT).left == 3, "a week later nobody knows who is there"


@pytest.mark.parametrize(
    ("limit", "tried"),
    [
        ("BAN_AFTER_FAILURES", [(ADDRESS, ACCOUNT)] * 3),
        ("SHARED_NETWORK_FAILURES", [("192.0.2.1", f"user{n}@example.edu") for n in range(3)]),
        ("BAN_AFTER_FAILURES_56", [(f"2001:db8:0:{n}::1", ACCOUNT) for n in range(3)]),
        ("BAN_AFTER_FAILURES_48", [(f"2001:db8:0:{n}00::1", ACCOUNT) for n in range(3)]),
    ],
)
def test_what_is_far_from_a_ban_is_counted_at_once(
    settings: Settings, limit: str, tried: list[tuple[str, str]]
) -> None:
    """And the last one before it is left to the whole rules."""
    settings.SHARED_NETWORKS = [ip_network("192.0.2.0/24")]
    setattr(settings, limit, 3)

    def early(address: str, account: str, password: str) -> bool:
        standing = places.standing(address)
        return prepared.together(*failures.early(address, account, password, "imap", standing)) is not None

    counted = [early(address, account, f"guess {n}") for n, (address, account) in enumerate(tried)]
    assert counted == [True, True, False]
    rows = Failure.objects.order_by("pk").values_list("account", "is_guess")
    assert list(rows) == [(account, True) for _address, account in tried[:2]]


def test_what_is_forgiven_old_or_behind_a_ban_takes_from_nobody(
    clock: time_machine.Traveller, settings: Settings
) -> None:
    settings.BAN_AFTER_FAILURES, settings.BAN_AFTER_FAILURES_56 = 3, 4
    near = "2001:db8:0:2::1"

    def left() -> list[Tries]:
        return [failures.tries(address, ACCOUNT) for address in ("2001:db8:0:1::1", near)]

    def guess(times: int = 2) -> None:
        for number in range(times):
            fail(f"guess {number}", "2001:db8:0:1::1")

    guess()
    assert left() == [Tries(2, 1), Tries(0, 2)]
    failures.note_success("2001:db8:0:1::1", ACCOUNT)
    assert left() == [Tries(0, 3), Tries(0, 3)]
    guess()
    clock.shift(settings.FAILURE_LIFETIME)
    assert left() == [Tries(0, 3), Tries(0, 3)]
    guess(3)
    assert left() == [Tries(3, 1), Tries(0, 1)], "what banned a narrower network belongs to the wider one"
    bans.lift(Ban.objects.get(), None)
    assert left() == [Tries(3, 3), Tries(0, 3)]


def test_a_success_forgives_its_own_account_at_its_own_address() -> None:
    fail("guess")
    fail("guess", "203.0.113.9")
    fail("guess", account="other@example.edu")
    failures.note_success(ADDRESS, ACCOUNT)
    left = Failure.objects.filter(cleared_at=None).values_list("network", "account")
    assert set(left) == {("203.0.113.9", ACCOUNT), (ADDRESS, "other@example.edu")}


def test_what_a_ban_is_made_of_is_not_forgiven(clock: time_machine.Traveller, settings: Settings) -> None:
    """Who gets in after it has ended forgives his building nothing of it."""
    settings.SHARED_NETWORKS = [ip_network("192.0.2.0/24")]
    settings.BAN_AFTER_FAILURES, settings.SHARED_NETWORK_FAILURES = 3, 5
    for number in range(3):
        fail(f"guess {number}", "192.0.2.1")
    clock.shift(settings.BAN_LIFETIME)
    failures.note_success("192.0.2.1", ACCOUNT)
    assert failures.tries("192.0.2.1", "other@example.edu") == Tries(0, 2)


def test_when_something_was_forgiven_is_kept(clock: time_machine.Traveller) -> None:
    fail("guess")
    failures.note_success(ADDRESS, ACCOUNT)
    forgiven = Failure.objects.get().cleared_at
    clock.shift(timedelta(minutes=1))
    failures.note_success(ADDRESS, ACCOUNT)
    assert Failure.objects.get().cleared_at == forgiven


def test_only_the_account_that_got_in_is_noted_and_only_there(make_user: MakeUser) -> None:
    first, second = make_user("zhaoliu"), make_user("sunqi")
    places.note([(first.pk, ADDRESS)])
    Place.objects.update(last_at=timezone.now() - timedelta(days=2))
    places.note([(second.pk, ADDRESS)])
    noted = dict(Place.objects.filter(network=ADDRESS).values_list("user", "last_at"))
    assert noted[first.pk] < timezone.now() - timedelta(days=1) < noted[second.pk]
    places.note_if_new(second.pk, ADDRESS)
    assert Place.objects.get(network=ADDRESS, user=second).last_at == noted[second.pk], "lately enough"
    assert User.objects.count() == len(noted)
