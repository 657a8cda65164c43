"""An address in a list: as much of it as is compared, the whole on pointing at it, and never any markup of its own."""

import pytest
from django.template import Context, Template


def shown(address: str) -> str:
    return Template("{{ address|short_address }}").render(Context({"address": address}))


@pytest.mark.parametrize("address", ["", "192.0.2.7", "2001:db8::1", "::1", "2001:db8:1:2:3", "::ffff:192.0.2.7"])
def test_what_is_short_stays_whole(address: str) -> None:
    assert shown(address) == address


def test_a_long_one_says_its_network() -> None:
    whole = "2001:db8:1234:5678:9abc:def0:1234:5678"
    assert shown(whole) == f'<span title="{whole}">2001:db8:1234:5678:…</span>'


@pytest.mark.parametrize("address", ["<b>", "<b>:1:2:3:4:5:6:7", '1:2:3:4:5:6:7:"><b>'])
def test_it_is_text(address: str) -> None:
    assert "<b>" not in shown(address)
