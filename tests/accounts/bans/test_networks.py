"""Shared networks and never-banned ones, edited by the office: checked, and what they mean."""

from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.bans import bans, failures, networks
from accounts.bans.models import Ban, Failure, KnownNetwork
from accounts.bans.where import addresses
from accounts.delivery.models import Sms
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.maillogin import decision
from apppasswords.maillogin.decision import Login, Outcome
from tests.conftest import MakeUser
from tests.kit.neighbourhoods import fail, know
from tests.kit.people import Person

Kind = KnownNetwork.Kind
ADD, LIST = "/admin/bans/knownnetwork/add/", "/admin/bans/knownnetwork/"
BUILDING, WEBMAIL, HOME = "10.20.0.1", "192.0.2.25", "198.51.100.7"


# --- Which one decides -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("10.0.0.0", Kind.SHARED),
        ("10.255.255.255", Kind.SHARED),
        ("9.255.255.255", None),
        ("11.0.0.0", None),
        ("::ffff:10.0.0.1", Kind.SHARED),
        ("10.20.0.1", Kind.NEVER_BANNED),
        ("10.20.30.1", Kind.SHARED),
        ("10.20.30.40", Kind.NEVER_BANNED),
        ("2001:db8::1", Kind.SHARED),
        ("2001:db8:20:1:2:3:4:5", Kind.NEVER_BANNED),
        ("2001:db9::1", None),
        ("::a00:1", None),  # 10.0.0.1 among the IPv6 addresses is another one
        ("172.16.0.1", Kind.SHARED),
        ("172.16.5.1", Kind.NEVER_BANNED),
        ("172.17.0.1", Kind.SHARED),
        ("nonsense", None),
    ],
)
def test_the_narrowest_network_decides(db: None, settings: Settings, address: str, kind: Kind | None) -> None:
    settings.SHARED_NETWORKS = [ip_network("172.16.0.0/16"), ip_network("172.17.0.0/16")]
    know("10.0.0.0/8", Kind.SHARED)
    know("10.20.0.0/16", Kind.NEVER_BANNED)
    know("10.20.30.0/24", Kind.SHARED)
    know("10.20.30.40/32", Kind.NEVER_BANNED)
    know("2001:db8::/32", Kind.SHARED)
    know("2001:db8:20::/48", Kind.NEVER_BANNED)
    know("172.16.5.0/24", Kind.NEVER_BANNED)
    know("172.16.0.0/15", Kind.NEVER_BANNED)  # wider than those of the settings
    assert addresses.kind(address) is kind


def test_what_is_edited_counts_beside_the_same_network_of_the_settings(db: None, settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/8")]
    assert addresses.kind(BUILDING) is Kind.SHARED
    know("10.0.0.0/8", Kind.NEVER_BANNED)
    assert addresses.kind(BUILDING) is Kind.NEVER_BANNED


ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@given(first=ADDRESSES, second=ADDRESSES)
def test_places_sort_as_addresses_do(first: Any, second: Any) -> None:
    as_six = [ip_address(f"::ffff:{address}") if address.version == 4 else address for address in (first, second)]
    assert (addresses.sortable(first) < addresses.sortable(second)) == (int(as_six[0]) < int(as_six[1]))
    assert len(addresses.sortable(first)) == 39


# --- What a kind means -----------------------------------------------------------------------------------------------


def test_in_a_shared_network_one_account_is_banned(make_user: MakeUser) -> None:
    make_user("wangwu")
    know("10.20.0.0/16", Kind.SHARED)
    assert fail(BUILDING, 10).banned_until
    assert [ban.account for ban in Ban.objects.all()] == ["wangwu@example.edu"]
    assert fail("10.21.0.1", 10).banned_until
    assert Ban.objects.get(network="10.21.0.1").account == ""


def test_where_nobody_is_banned_failures_are_counted_and_shown(make_user: MakeUser) -> None:
    make_user("wangwu")
    know(f"{WEBMAIL}/32", Kind.NEVER_BANNED)
    assert fail(WEBMAIL, 40) == failures.Noted(counted=True, banned_until=None)
    assert Failure.objects.filter(network=WEBMAIL).count() == 40
    assert not Ban.objects.exists()
    assert bans.banned_until(WEBMAIL, "wangwu@example.edu") is None


def test_such_a_network_ends_what_was_in_force(make_user: MakeUser, clerk: Person) -> None:
    make_user("wangwu")
    fail(BUILDING, 10)
    fail(HOME, 10)
    assert bans.banned_until(BUILDING, "")
    know("10.20.0.0/16", Kind.SHARED, clerk.user)
    lifted = Ban.objects.get(network=BUILDING)
    assert (lifted.lifted_by, lifted.lift_reason) == (clerk.user, "10.20.0.0/16: shared")
    assert bans.banned_until(HOME, ""), "what lies elsewhere stays"
    assert SecurityEvent.objects.get(kind="ban_lifted").actor == clerk.user


def test_a_ban_of_one_account_stays_in_a_shared_network(make_user: MakeUser, settings: Settings) -> None:
    make_user("wangwu")
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/8")]
    fail(BUILDING, 10)
    know("10.20.0.0/16", Kind.SHARED)
    assert bans.banned_until(BUILDING, "wangwu@example.edu")
    know("10.20.0.0/24", Kind.NEVER_BANNED)
    assert not bans.banned_until(BUILDING, "wangwu@example.edu")


def test_a_ban_of_one_account_stays_where_an_address_was_found_to_be_shared(make_user: MakeUser) -> None:
    """By who got in there; what the office says now is the same."""
    make_user("wangwu")
    bans.ban(BUILDING, "wangwu@example.edu")
    know("10.20.0.0/16", Kind.SHARED)
    assert bans.banned_until(BUILDING, "wangwu@example.edu")


def test_a_ban_of_the_building_stays_when_a_note_is_edited(make_user: MakeUser, settings: Settings) -> None:
    settings.SHARED_NETWORK_FAILURES = 15
    known = know("10.20.0.0/16", Kind.SHARED)
    for n in range(15):
        failures.note_failure(BUILDING, f"person{n}@example.edu", f"guess {n}", "imap")
    assert bans.banned_until(BUILDING, "")
    known.note = "Dormitories"
    networks.keep(known, by=User.objects.get(username="keeper@example.edu"))
    assert bans.banned_until(BUILDING, "")


def test_what_an_edited_network_says_now_is_no_neighbour(db: None) -> None:
    known, wider = know("10.20.0.0/16", Kind.SHARED), ip_network("10.20.0.0/15")
    assert not networks.consequences(wider, Kind.SHARED, edited=known.pk)
    assert networks.consequences(wider, Kind.SHARED)


def test_a_ban_within_a_narrower_network_stays(make_user: MakeUser) -> None:
    make_user("wangwu")
    know("10.20.0.0/24", Kind.SHARED)
    fail(BUILDING, 10)
    fail("10.20.1.1", 10)
    know("10.20.0.0/16", Kind.NEVER_BANNED)
    assert bans.banned_until(BUILDING, "wangwu@example.edu")
    assert not bans.banned_until("10.20.1.1", "")


def test_a_ban_that_came_at_the_same_moment_holds_nobody(make_user: MakeUser) -> None:
    """Its process had asked before the network was known."""
    user = make_user("wangwu")
    _row, secret = _app_password(user)
    know(f"{WEBMAIL}/32", Kind.NEVER_BANNED)
    Ban.objects.create(network=WEBMAIL, until=timezone.now() + timedelta(hours=1))
    assert bans.banned_until(WEBMAIL, "") is None
    assert decision.verify(Login(user.username, secret, "imap", WEBMAIL)).outcome is Outcome.YES
    assert Person(user, REMOTE_ADDR=WEBMAIL).enter_password().status_code == 302
    assert fail(WEBMAIL).banned_until is None


def test_a_network_that_is_dropped_counts_no_more(make_user: MakeUser, clerk: Person) -> None:
    assert clerk.user
    known = know("10.20.0.0/16", Kind.SHARED, clerk.user)
    networks.drop(known, by=clerk.user)
    assert addresses.kind(BUILDING) is None
    assert [event.detail["act"] for event in SecurityEvent.objects.filter(kind="network_edited").order_by("pk")] == [
        "added",
        "removed",
    ]


@pytest.mark.parametrize("kind", [None, *Kind])
def test_codes_for_one_address_are_limited_where_nothing_is_known(
    make_user: MakeUser, settings: Settings, kind: Kind | None
) -> None:
    settings.SMS_ADDRESS_LIMIT = 2
    if kind:
        know("10.20.0.0/16", kind)
    for n in range(4):
        Person(make_user(f"person{n}", phone=f"1380013800{n}"), REMOTE_ADDR=BUILDING).enter_password()
    assert Sms.objects.count() == (4 if kind else 2)


def _app_password(user: User) -> tuple[Any, str]:
    made = passwords.create(user, "Mail")
    assert isinstance(made, tuple)
    return made


@pytest.mark.parametrize("kind", [None, *Kind])
def test_the_way_to_yes_is_still_one_statement(make_user: MakeUser, kind: Kind | None) -> None:
    user = make_user("wangwu")
    _row, secret = _app_password(user)
    if kind:
        know("10.20.0.0/16", kind)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert decision.verify(Login(user.username, secret, "imap", BUILDING)).outcome is Outcome.YES
    assert len(queries) == 1


# --- Nobody outside learns of it -------------------------------------------------------------------------------------


def test_what_clients_are_told_is_the_same_everywhere(make_user: MakeUser, settings: Settings) -> None:
    make_user("wangwu")
    know("10.20.0.0/16", Kind.SHARED)
    know(f"{WEBMAIL}/32", Kind.NEVER_BANNED)
    pages = set()
    for address in (BUILDING, WEBMAIL, HOME):
        person = Person(User.objects.get(username="wangwu@example.edu"), REMOTE_ADDR=address)
        page = person.enter_password("wrong").content.decode()
        pages.add("".join(line for line in page.splitlines() if "csrf" not in line))
    assert len(pages) == 1


def test_of_many_addresses_the_same_are_shared_as_one_by_one(db: None, settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network("172.16.0.0/12"), ip_network("10.20.1.0/24")]
    know("10.20.0.0/16", Kind.SHARED)
    know("10.20.7.0/24", Kind.NEVER_BANNED)
    know("10.20.1.0/24", Kind.NEVER_BANNED)
    know("2001:db8::/32", Kind.SHARED)
    asked = ["10.20.0.1", "10.20.7.1", "10.20.1.1", "172.16.0.9", HOME, "2001:db8::7", "2001:db9::7", "", "nonsense"]
    shared = addresses.shared_among(asked)
    assert shared == {"10.20.0.1", "172.16.0.9", "2001:db8::7"}
    assert shared == {address for address in asked if addresses.is_shared(address)}
