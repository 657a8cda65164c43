"""Where a request comes from: nothing that a client can write changes it."""

from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
import time_machine
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.bans.models import Ban, Failure
from accounts.bans.where import addresses, places
from accounts.lib import origins
from accounts.sessions import clients
from tests.conftest import MakeUser
from tests.kit.neighbourhoods import know
from tests.kit.people import Person

DEAN = "203.0.113.80"  # whom an attacker would like to see banned
CLIENT = "198.51.100.7"
PROXY, OUTER_PROXY = "10.0.0.1", "10.0.0.2"
SPOOFED = {
    "X-Real-IP": DEAN, "Forwarded": f"for={DEAN}", "Client-IP": DEAN, "True-Client-IP": DEAN, "CF-Connecting-IP": DEAN,
    "X-Client-IP": DEAN, "X-Forwarded": DEAN, "Via": DEAN, "X-Original-Forwarded-For": DEAN,
}  # fmt: skip


@pytest.mark.bypass(
    "row 33: authentik CVE-2024-47070, pretix CVE-2023-44463, Nextcloud CVE-2023-49792, allauth 65.14.2"
)
@pytest.mark.parametrize(
    ("proxies", "connection", "forwarded_for", "counted"),
    [
        # nobody in front: the header is the client's own
        (0, CLIENT, "", CLIENT),
        (0, CLIENT, DEAN, CLIENT),
        (0, CLIENT, f"{DEAN}, {DEAN}", CLIENT),
        # one proxy, which appends whom it saw
        (1, PROXY, CLIENT, CLIENT),
        (1, PROXY, f"{DEAN}, {CLIENT}", CLIENT),
        (1, PROXY, f"{DEAN},{DEAN},,{DEAN} , {CLIENT}", CLIENT),
        (1, PROXY, f"{DEAN}, {CLIENT}:51234", CLIENT),
        (1, PROXY, f"{DEAN}, [2001:db8::7]:51234", "2001:db8::7"),
        (1, PROXY, f"{DEAN}, 2001:db8::7", "2001:db8::7"),
        (1, PROXY, f"{DEAN}, ::ffff:{CLIENT}", CLIENT),
        (1, PROXY, "", PROXY),  # past the proxy
        (1, PROXY, f"{DEAN}, unknown", PROXY),
        (1, PROXY, f"{DEAN}, <script>", PROXY),
        # Django CVE-2021-33571: leading zeros are no address
        (1, PROXY, f"{DEAN}, 198.051.100.07", PROXY),
        # two proxies
        (2, PROXY, f"{CLIENT}, {OUTER_PROXY}", CLIENT),
        (2, PROXY, f"{DEAN}, {CLIENT}, {OUTER_PROXY}", CLIENT),
        (2, PROXY, DEAN, PROXY),  # past the outer one
        # a proxy of its own kind: a socket without an address
        (0, "", DEAN, "0.0.0.0"),
        (1, "", f"{DEAN}, {CLIENT}", CLIENT),
    ],
)
def test_the_counted_address(
    settings: Settings, proxies: int, connection: str, forwarded_for: str, counted: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={**SPOOFED, "X-Forwarded-For": forwarded_for}, REMOTE_ADDR=connection)
    assert clients.address(request) == counted


@pytest.mark.bypass("row 33: banning the Dean by writing his address")
@pytest.mark.parametrize(
    ("proxies", "connection", "chain"),
    [(0, CLIENT, DEAN), (1, PROXY, f"{DEAN}, {CLIENT}"), (2, PROXY, f"{DEAN}, {CLIENT}, {OUTER_PROXY}")],
)
def test_a_ban_hits_who_guessed(
    settings: Settings, make_user: MakeUser, proxies: int, connection: str, chain: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    person = Person(make_user("dean"), REMOTE_ADDR=connection, headers={**SPOOFED, "X-Forwarded-For": chain})
    for n in range(10):
        # Another invented address in front each time does not help either.
        person.post(
            "/sign-in/",
            {"username": "dean", "password": f"wrong {n}"},
            headers={"X-Forwarded-For": f"192.0.2.{n}, {chain}" if proxies else f"192.0.2.{n}"},
        )
    assert [ban.network for ban in Ban.objects.all()] == [CLIENT]
    assert {failure.network for failure in Failure.objects.all()} == {CLIENT}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("nonsense", "0.0.0.0"),
        ("", "0.0.0.0"),
    ],
)
def test_what_failures_are_counted_for(address: str, network: str) -> None:
    assert addresses.network(address) == network


@given(text=st.one_of(st.text(max_size=80), st.ip_addresses().map(str), st.from_regex(r"[0-9a-f:.%\[\]]{1,60}")))
@example("fe80::1%" + "z" * 60)
def test_any_text_is_some_client_and_fits_its_column(text: str) -> None:
    client = origins.client(text, f"{text}, {text}", 1)
    assert len(client) <= 39
    assert len(addresses.network(text)) <= 43
    assert addresses.network(client) == addresses.network(origins.client(client, "", 0))


@pytest.mark.parametrize(
    ("address", "around"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("198.51.100.200", "198.51.100.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/56"),
        ("2001:db8:1:ff::3", "2001:db8:1::/56"),
    ],
)
def test_what_a_person_stays_within_whose_address_changes(address: str, around: str) -> None:
    assert addresses.surroundings(address) == around


def test_an_address_stands_where_rows_of_earlier_releases_have_it() -> None:
    assert addresses.sortable(IPv6Address("::1")) == f"{1:039}"
    assert addresses.sortable(IPv4Address("1.2.3.4")) == addresses.sortable(IPv6Address("::ffff:1.2.3.4"))
    assert addresses.first("2001:db8:1:2::/64") == addresses.sortable(IPv6Address("2001:db8:1:2::"))
    assert addresses.first("1.2.3.4") == ""


@pytest.mark.django_db
def test_of_two_networks_that_are_alike_the_one_that_is_edited_decides(settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/16")]
    know("10.0.0.0/16", addresses.Kind.NEVER_BANNED)
    know("10.1.0.0/17", addresses.Kind.NEVER_BANNED)
    settings.SHARED_NETWORKS.append(ip_network("10.1.64.0/18"))
    found = [addresses.kind(address) for address in ("10.0.0.1", "10.1.0.1", "10.1.64.1", "10.2.0.1")]
    never, shared = addresses.Kind.NEVER_BANNED, addresses.Kind.SHARED
    assert found == [never, never, shared, None]


@pytest.mark.parametrize(("hours", "again"), [(23.99, False), (24, True)])
def test_a_place_is_noted_once_a_day(clock: time_machine.Traveller, hours: float, *, again: bool) -> None:
    noted = timezone.now()
    clock.shift(timedelta(hours=hours))
    assert places.is_noted(noted) is (not again)
    assert not places.is_noted(None)
