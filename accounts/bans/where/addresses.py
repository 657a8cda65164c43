"""Networks that an address is counted for, and what the office knows of it."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from django.conf import settings

from accounts.bans.models import KnownNetwork
from accounts.lib import prepared
from accounts.lib.origins import NOWHERE, parse

Kind = KnownNetwork.Kind


def network(address: str) -> str:
    """What failures are counted for: an IPv4 address, or the /64 that one IPv6 client has for itself."""
    return networks(address)[0]


@lru_cache(maxsize=4096)
def networks(address: str) -> tuple[str, ...]:
    """That, and for IPv6 the wider ones that one customer of a provider may have to himself: /56 and /48."""
    parsed = parse(address) or NOWHERE
    if isinstance(parsed, IPv6Address):
        return tuple(str(ip_network((parsed, bits), strict=False)) for bits in (64, 56, 48))
    return (str(parsed),)


@lru_cache(maxsize=4096)
def surroundings(address: str) -> str:
    """What a person stays within who gets another address from the same provider: the /24, for IPv6 the /56."""
    parsed = parse(address) or NOWHERE
    return str(ip_network((parsed, 56 if isinstance(parsed, IPv6Address) else 24), strict=False))


def first(network: str) -> str:
    """Where an IPv6 network begins (see `sortable`); nothing for IPv4, of which no wider network is counted."""
    return ends(network)[0] if ":" in network else ""


def ends(network: str) -> tuple[str, str]:
    whole = ip_network(network)
    return sortable(whole.network_address), sortable(whole.broadcast_address)


HOLDING = f"""SELECT cidr, kind FROM {KnownNetwork._meta.db_table}
    WHERE first <= %s AND last >= %s ORDER BY first DESC, last LIMIT 1"""  # noqa: S608 (our own table)
NARROWEST = prepared.Statement("mailkey_kind", HOLDING)


def place_of(address: str) -> str:
    """What HOLDING is asked for, twice."""
    return sortable(parse(address) or NOWHERE)


def sortable(address: IPv4Address | IPv6Address) -> str:
    """Where it stands among all addresses, as a text that sorts so: an IPv4 address is ::ffff:1.2.3.4."""
    number = int(address) + (0xFFFF << 32 if isinstance(address, IPv4Address) else 0)
    return f"{number:039}"


def kind(address: str) -> Kind | None:
    """What the office knows of it: the narrowest network says so, of the database or of SHARED_NETWORKS.

    Asked of the database each time: what is edited there counts at once, in every process.
    """
    here = place_of(address)
    cidr, stored = NARROWEST.row(here, here) or (None, None)
    return known(address, cidr, stored)[1]


def known(address: str, cidr: str | None, stored: str | None) -> tuple[str, Kind | None]:
    """The network that decides about an address and what it says: of the database the narrowest is given."""
    shared = configured(address)
    if cidr and stored and (shared is None or int(cidr.partition("/")[2]) >= shared.prefixlen):
        return cidr, Kind(stored)
    return (str(shared), Kind.SHARED) if shared else ("", None)


def configured(address: str) -> IPv4Network | IPv6Network | None:
    """The narrowest of SHARED_NETWORKS that it is in."""
    parsed = parse(address) or NOWHERE
    holding = (shared for shared in settings.SHARED_NETWORKS if parsed in shared)
    return max(holding, key=lambda shared: shared.prefixlen, default=None)


def is_shared(address: str) -> bool:
    return kind(address) is Kind.SHARED


def shared_among(texts: Iterable[str]) -> set[str]:
    """Those of many addresses that are in a shared network, asked of the database once."""
    known = [(ip_network(cidr), Kind(kind)) for cidr, kind in KnownNetwork.objects.values_list("cidr", "kind")]
    known += [(network, Kind.SHARED) for network in settings.SHARED_NETWORKS]
    found = set()
    for text in texts:
        parsed = parse(text) or NOWHERE
        # The narrowest decides; of two that are alike, the one that is edited.
        holding = [one for one in known if parsed in one[0]]
        if max(holding, key=lambda one: one[0].prefixlen, default=(None, None))[1] is Kind.SHARED:
            found.add(text)
    return found


def is_never_banned(address: str) -> bool:
    return kind(address) is Kind.NEVER_BANNED


def is_asker(address: str) -> bool:
    """A mail server's own, which stands for all of its clients."""
    parsed = parse(address)
    return any(parsed in network for network in settings.ASKERS_NETWORKS)
