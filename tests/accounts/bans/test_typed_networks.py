"""What is a network, as somebody types it."""

from ipaddress import ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.bans import networks

Refusal = networks.Refusal


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("10.20.0.0/16", "10.20.0.0/16"),
        (" 10.20.0.0/16 ", "10.20.0.0/16"),
        ("１０．２０．０．０／１６", "10.20.0.0/16"),  # as a Chinese keyboard types it
        ("10。20。0。0/16", "10.20.0.0/16"),
        ("10.20.0.0/255.255.0.0", "10.20.0.0/16"),
        ("10.20.30.40", "10.20.30.40/32"),
        ("127.0.0.0/8", "127.0.0.0/8"),
        ("::ffff:10.20.0.0/112", "10.20.0.0/16"),
        ("::ffff:10.20.30.40", "10.20.30.40/32"),
        ("2001:DB8:20::/48", "2001:db8:20::/48"),
        ("2001:db8:20:1::/64", "2001:db8:20:1::/64"),
    ],
)
def test_a_network_in_its_one_form(typed: str, read: str) -> None:
    assert networks.read(typed) == (ip_network(read), None)


@pytest.mark.parametrize(
    ("typed", "refusal", "meant"),
    [
        ("", Refusal.NOT_A_NETWORK, None),
        ("the campus", Refusal.NOT_A_NETWORK, None),
        ("10.20.0.0/33", Refusal.NOT_A_NETWORK, None),
        ("10.20.0", Refusal.NOT_A_NETWORK, None),
        ("010.020.0.0/16", Refusal.NOT_A_NETWORK, None),  # leading zeros: Django CVE-2021-33571
        ("10.20.0.0/16, 10.30.0.0/16", Refusal.NOT_A_NETWORK, None),
        ("fe80::%eth0/64", Refusal.NOT_A_NETWORK, None),
        ("10.20.30.40/16", Refusal.HOST_BITS, "10.20.0.0/16"),
        ("2001:db8:20::1/48", Refusal.HOST_BITS, "2001:db8:20::/48"),
        ("0.0.0.0/0", Refusal.EVERYBODY, "0.0.0.0/0"),
        ("::/0", Refusal.EVERYBODY, "::/0"),
        ("1.2.3.4/0", Refusal.EVERYBODY, "0.0.0.0/0"),
        ("128.0.0.0/1", Refusal.EVERYBODY, "128.0.0.0/1"),
        ("2000::/3", Refusal.EVERYBODY, "2000::/3"),
        ("::ffff:0:0/96", Refusal.EVERYBODY, "0.0.0.0/0"),
        ("0.0.0.0", Refusal.NOBODY, "0.0.0.0/32"),  # who has no address at all
        ("224.0.0.0/8", Refusal.NOBODY, "224.0.0.0/8"),
        ("ff02::/16", Refusal.NOBODY, "ff02::/16"),
        ("2001:db8:20::1", Refusal.TOO_SMALL, "2001:db8:20::/64"),
        ("2001:db8:20::/65", Refusal.TOO_SMALL, "2001:db8:20::/64"),
    ],
)
def test_what_is_refused_and_what_was_perhaps_meant(typed: str, refusal: Refusal, meant: str | None) -> None:
    assert networks.read(typed) == (ip_network(meant) if meant else None, refusal)


@given(text=st.one_of(st.text(max_size=50), st.from_regex(r"[0-9a-f:./]{1,45}")))
@example("\0")
@example("::ffff:255.255.255.255/97")
def test_any_text_is_a_network_or_refused(text: str) -> None:
    network, refusal = networks.read(text)
    assert (network is not None) or (refusal is not None)
    if refusal is None:
        assert networks.read(str(network)) == (network, None)
