"""Where a request comes from: never from what a client can write."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

NOWHERE = IPv4Address(0)  # what is no address


@lru_cache(maxsize=4096)  # asked several times about each mail login
def parse(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it, with or without a port or a zone. `::ffff:1.2.3.4` is 1.2.3.4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def client(connection: str, forwarded_for: str, proxies: int) -> str:
    """The client's address: each of our proxies appended the one it saw, so it stands `proxies` places from the right.

    Whatever stands further left was written by the client. A request that came past the proxies, or through one that
    writes nonsense, is counted for the connection's own address.
    """
    own = parse(connection) or NOWHERE
    hops = [hop for hop in forwarded_for.split(",") if hop.strip()]
    if proxies and len(hops) >= proxies:
        return str(parse(hops[-proxies]) or own)
    return str(own)
