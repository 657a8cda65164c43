"""Settings that name hosts, domains and networks: each function reads one, or raises ValueError."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from portal.environment.kinds import Hint, number, words

Network = IPv4Network | IPv6Network

LABEL = r"(?!-)[\w-]{1,63}(?<!-)"
HOST = re.compile(rf"{LABEL}(?:\.{LABEL})*\.?|\[[0-9A-Fa-f:.]+\]")
ALLOWED_HOST = re.compile(rf"\*|\.?(?:{HOST.pattern})")  # also any, and with everything below


def networks(value: str) -> list[Network]:
    return [_network(word) for word in words(value)]


def _network(word: str) -> Network:
    try:
        return ip_network(word)
    except ValueError:
        pass
    try:
        whole = ip_network(word, strict=False)
    except ValueError:
        raise Hint(f'"{word}" is none.') from None
    raise Hint(f"{word} is an address within a network; {whole} is the whole.")


def host(value: str) -> str:
    value = value.strip()
    if not HOST.fullmatch(value):
        raise ValueError
    return value


def hosts(value: str, at_least: int) -> list[str]:
    found = words(value)
    for word in found:
        if not ALLOWED_HOST.fullmatch(word):
            raise Hint(f'"{word}" is none.')
    if len(found) < at_least:
        raise ValueError
    return found


def endpoint(value: str) -> str:
    value = value.strip()
    address, _, port = value.rpartition(":")
    ip_address(address.strip("[]"))
    number(port, "1 to 65535")
    return value


def domains(value: str) -> list[str]:
    found = [word.lower() for word in words(value)]
    if wrong := [word for word in found if not re.fullmatch(r"([a-z0-9-]+\.)+[a-z0-9-]+", word)]:
        raise Hint(f'"{wrong[0]}" is no domain.')
    return found
