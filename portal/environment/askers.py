"""Servers that ask by LDAP, as one line says them: what each is called, which protocol it stands for, and from where it
asks.

LDAP_FRONT_SERVERS=cyrus: imap, 10.3.0.5; exim: smtp, 10.3.0.6, tells addresses
"""

import re
from typing import NamedTuple

from portal.environment import hosts, kinds
from portal.environment.hosts import Network
from portal.environment.kinds import Hint

PROTOCOLS = ("imap", "pop3", "smtp", "sieve", "dav", "eas")
TELLS = "tells addresses"
SERVERS = (
    "for each server a protocol and the networks that it asks from, as in "
    f'"cyrus: imap, 10.3.0.5; exim: smtp, 10.3.0.6, {TELLS}", the latter if it says where its clients come from'
)


class Server(NamedTuple):
    protocol: str
    networks: tuple[Network, ...]
    tells_addresses: bool  # of its clients; else all of them come from its own


def servers(value: str) -> dict[str, Server]:
    found: dict[str, Server] = {}
    for part in filter(None, map(str.strip, value.split(";"))):
        name, colon, after = part.partition(":")
        name = name.strip()
        if not colon or not re.fullmatch("[a-z0-9-]+", name):
            raise Hint(f'"{part}" does not begin with a name of a-z, 0-9 and -, and a colon.')
        if name in found:
            raise Hint(f'"{name}" stands there twice.')
        found[name] = _server(name, kinds.words(after))
    return found


def _server(name: str, said: list[str]) -> Server:
    protocols = [word for word in said if word in PROTOCOLS]
    networks = [word for word in said if word not in (*PROTOCOLS, TELLS)]
    if len(protocols) != 1 or not networks:
        raise Hint(f'"{name}" needs one protocol ({", ".join(PROTOCOLS)}) and a network.')
    return Server(protocols[0], tuple(hosts.networks(",".join(networks))), TELLS in said)
