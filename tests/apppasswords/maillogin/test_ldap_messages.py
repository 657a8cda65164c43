"""Messages of LDAP: no bytes are mistaken for others, and what is none is refused as such."""

from ipaddress import ip_network

import pytest
from pytest_django import Settings

from apppasswords.limits import USES
from apppasswords.maillogin.decision import Login
from apppasswords.maillogin.ldap import ber, messages
from apppasswords.maillogin.ldap.ber import INTEGER, OCTETS, SEQUENCE
from apppasswords.maillogin.ldap.messages import BIND, SIMPLE, Refusal
from portal.environment import askers


@pytest.fixture(autouse=True)
def servers(settings: Settings) -> None:
    settings.LDAP_FRONT_SERVERS = askers.servers("cyrus: imap, 127.0.0.1; exim: smtp, 127.0.0.1, tells addresses")


def bind(name: str, password: bytes = b"secret") -> bytes:
    parts = ber.number(INTEGER, 3), ber.written(OCTETS, name.encode()), ber.written(SIMPLE, password)
    return ber.written(SEQUENCE, ber.number(INTEGER, 7), ber.written(BIND, *parts))


def login(name: str, password: bytes = b"secret") -> Login | None:
    return messages.read_bind(messages.read(bind(name, password)), "127.0.0.1")


def test_what_is_asked() -> None:
    own = "ou=cyrus,dc=mailkey"
    assert login(f"uid=on@example.edu,{own}") == Login("on@example.edu", "secret", "imap", "127.0.0.1")
    assert login(f"uid=on+tag@example.edu,{own}") == Login("on+tag@example.edu", "secret", "imap", "127.0.0.1")
    assert login(rf"uid=o\2bn\,x@example.edu,{own}") == Login("o+n,x@example.edu", "secret", "imap", "127.0.0.1")
    told = Login("on@example.edu", None, "smtp", "2001:db8::1")
    assert login("uid=on@example.edu,host=2001:db8::1,ou=exim,dc=mailkey", b"\xff") == told
    assert login(rf"uid=on@example.edu\,host\=192.0.2.1,{own}") == Login(
        "on@example.edu,host=192.0.2.1", "secret", "imap", "127.0.0.1"
    ), "what a person typed stays within the name"


def test_damage_is_refused_as_such() -> None:
    """A byte that is missing, or another one: the front knows these errors and no others."""
    whole = bind("uid=on@example.edu,ou=cyrus,dc=mailkey")
    damaged = [whole[:end] for end in range(len(whole))]
    damaged += [whole[:at] + bytes((byte,)) + whole[at + 1 :] for at in range(len(whole)) for byte in range(256)]
    understood = 0
    for message in damaged:
        try:
            read = messages.read(message)
            messages.find(read, "127.0.0.1") if read.operation == messages.SEARCH else messages.read_bind(
                read, "127.0.0.1"
            )
            understood += 1
        except (ValueError, ber.MalformedError, Refusal):
            pass
    assert understood > len(whole), "most letters of a name or password may be others"


def test_servers_of_the_settings() -> None:
    assert set(askers.PROTOCOLS) == set(USES)
    found = askers.servers(" a: imap, 10.0.0.0/8, 2001:db8::/32 ;b: dav, 10.1.2.3, tells addresses")
    assert found["a"] == ("imap", (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")), False)
    assert found["b"] == ("dav", (ip_network("10.1.2.3"),), True)
