"""LDAP (RFC 4511), as far as a server needs it that can only bind, and which servers may ask.

A name is uid=zhangsan@example.edu,ou=SERVER,dc=mailkey, and SERVER one of LDAP_FRONT_SERVERS; of one that tells
addresses it is uid=zhangsan@example.edu,host=192.0.2.1,ou=SERVER,dc=mailkey.
"""

import logging
import re
from ipaddress import ip_address
from typing import Any, NamedTuple

from django.conf import settings

from accounts.lib import origins
from apppasswords.maillogin import wire
from apppasswords.maillogin.decision import Login, Outcome, Verdict
from apppasswords.maillogin.ldap import ber
from apppasswords.maillogin.ldap.ber import ENUMERATED, INTEGER, OCTETS, SEQUENCE, SET, MalformedError
from apppasswords.maillogin.wire import Answer

logger = logging.getLogger(__name__)

LARGEST = 16 * 1024  # bytes of a message
BIND, UNBIND, SEARCH, ABANDON = 0x60, 0x42, 0x63, 0x50
ANSWERED = {BIND: 0x61, SEARCH: 0x65, 0x66: 0x67, 0x68: 0x69, 0x4A: 0x6B, 0x6C: 0x6D, 0x6E: 0x6F, 0x77: 0x78}
ENTRY = 0x64
SIMPLE = 0x80  # how a bind shows a password
AND, OR, EQUAL = 0xA0, 0xA1, 0xA3  # of a filter
DEEPEST = 8  # filters within filters
SUCCESS, OTHER_METHOD, INVALID_NAME, WRONG, UNAVAILABLE, UNWILLING = 0, 7, 34, 49, 52, 53

_VALUE = r"(?:[^,\\]|\\[0-9A-Fa-f]{2}|\\[^0-9A-Fa-f])+"
_NAME = re.compile(
    rf"(?:uid=(?P<user>{_VALUE}), ?(?:host=(?P<client>{_VALUE}), ?)?)?ou=(?P<server>[a-z0-9-]+), ?dc=mailkey",
    re.IGNORECASE,
)
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2})|\\(.)")
_SPECIAL = re.compile(r'[",+;<=>\\\x00-\x1f]|^[ #]| $')


class Refusal(Exception):
    def __init__(self, code: int, text: str) -> None:
        self.answer = Answer(code, text)


class Message(NamedTuple):
    number: bytes  # as it came; the answer has it again
    operation: int
    body: bytes


class Name(NamedTuple):
    user: bytes  # nothing: the server itself is named
    client: str  # as a server says it that tells addresses
    server: str


def read(data: bytes) -> Message:
    [(tag, body)] = ber.values(data)
    (kind, number), (operation, rest), *_controls = ber.values(body)
    if tag != SEQUENCE or kind != INTEGER:
        raise MalformedError
    return Message(number, operation, rest)


def write(message: Message, said: Answer) -> bytes:
    result = (ber.number(ENUMERATED, said.status), ber.written(OCTETS), ber.written(OCTETS, said.text.encode()))
    return _message(message, ANSWERED[message.operation], *result)


def _message(message: Message, operation: int, *parts: bytes) -> bytes:
    return ber.written(SEQUENCE, ber.written(INTEGER, message.number), ber.written(operation, *parts))


# --- A bind ----------------------------------------------------------------------------------------------------------


def read_bind(message: Message, peer: str) -> Login | None:
    """None: nobody in particular, who may search."""
    (_version, _), (_octets, said), (method, password) = ber.values(message.body)
    if method != SIMPLE:
        raise Refusal(OTHER_METHOD, "A password is shown by a simple bind.")
    if not said and not password:
        return None
    name = _name(said)
    server = _registered(name, peer)
    if bool(name.client) is not server.tells_addresses or not name.user:
        raise Refusal(INVALID_NAME, "A name is uid=ADDRESS,ou=SERVER, with host= where the server tells addresses.")
    client = origins.parse(name.client or peer)
    if client is None:
        raise Refusal(INVALID_NAME, "host= is no address.")
    if not password:
        raise Refusal(UNWILLING, "A bind without a password proves nothing.")
    return Login(wire.decoded(name.user) or wire.NOBODY, wire.decoded(password), server.protocol, str(client))


def write_bind(verdict: Verdict) -> Answer:
    if verdict.outcome is Outcome.YES:
        return Answer(SUCCESS, "")
    return Answer(UNAVAILABLE if verdict.outcome is Outcome.CANNOT_TELL else WRONG, wire.words(verdict))


def _name(said: bytes) -> Name:
    found = _NAME.fullmatch(wire.decoded(said) or "")
    if found is None:
        raise Refusal(INVALID_NAME, "A name is uid=ADDRESS,ou=SERVER,dc=mailkey.")
    client = _unescaped(found["client"] or "").decode("utf-8", "replace")
    return Name(_unescaped(found["user"] or ""), client, found["server"].lower())


def _unescaped(value: str) -> bytes:
    return _ESCAPED.sub(lambda one: bytes.fromhex(one[1].decode()) if one[1] else one[2], value.encode())


def _registered(name: Name, peer: str) -> Any:
    """The server that asks, if it may."""
    server = settings.LDAP_FRONT_SERVERS.get(name.server)
    if server is None or not any(ip_address(peer) in network for network in server.networks):
        logger.warning("%s asks by LDAP from %s, which LDAP_FRONT_SERVERS does not say", name.server, peer)
        raise Refusal(UNAVAILABLE, "This server is not registered.")
    return server


# --- A search --------------------------------------------------------------------------------------------------------


def is_of_directory(message: Message) -> bool:
    """A search for what it says of itself."""
    (_octets, base), *_rest = ber.values(message.body)
    return not base


def find(message: Message, peer: str) -> bytes:
    """What a server needs to bind: the name of whoever it asks for. There is one for everybody, whether known or not,
    and nothing in it that was not in the question: nobody learns who has a mailbox."""
    (_octets, said), *_limits, (kind, body), (_sequence, attributes) = ber.values(message.body)
    wanted = {name.decode("latin-1").lower() for _, name in ber.values(attributes)}
    if not said:
        return _entry(message, "", {"supportedLDAPVersion": "3"}, wanted)
    base = _name(said)
    _registered(base, peer)
    asked = set(_equal(kind, body)) or {base.user}
    user = wire.decoded(asked.pop()) if len(asked) == 1 else None
    if not user:
        return b""
    escaped = _SPECIAL.sub(lambda one: f"\\{ord(one[0]):02x}", user)
    values = {"objectClass": "inetOrgPerson", "uid": user, "mail": user, "cn": user, "sn": user}
    return _entry(message, f"uid={escaped},ou={base.server},dc=mailkey", values, wanted)


def _equal(kind: int, body: bytes, depth: int = 0) -> list[bytes]:
    """Addresses that a filter wants."""
    if kind in (AND, OR) and depth < DEEPEST:
        return [found for part in ber.values(body) for found in _equal(*part, depth + 1)]
    if kind != EQUAL:
        return []
    (_, name), (_, value) = ber.values(body)
    return [value] if name.lower() in (b"uid", b"mail") else []


def _entry(message: Message, name: str, values: dict[str, str], wanted: set[str]) -> bytes:
    attributes = [
        ber.written(SEQUENCE, ber.written(OCTETS, key.encode()), ber.written(SET, ber.written(OCTETS, value.encode())))
        for key, value in values.items()
        if not wanted - {"*", "+"} or key.lower() in wanted
    ]
    return _message(message, ENTRY, ber.written(OCTETS, name.encode()), ber.written(SEQUENCE, *attributes))
