"""Messages of LDAP: no bytes are mistaken for others, and what is none is refused as such."""

from ipaddress import ip_network

import pytest
from django.utils import timezone
from pytest_django import Settings

from apppasswords.limits import USES
from apppasswords.maillogin.decision import Login, Outcome, Reason, Verdict
from apppasswords.maillogin.ldap import ber, messages
from apppasswords.maillogin.ldap.ber import INTEGER, OCTETS, SEQUENCE
from apppasswords.maillogin.ldap.messages import AND, BIND, DEEPEST, EQUAL, OR, SEARCH, SIMPLE, Refusal
from apppasswords.maillogin.wire import Answer
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


@pytest.mark.parametrize(
    ("name", "password", "status"),
    [
        ("uid=on@example.edu,ou=cyrus,dc=mailkey", b"", 53),  # RFC 4513, 5.1.2: it would be a yes elsewhere
        ("", b"secret", 34),
        ("cn=on@example.edu,ou=cyrus,dc=mailkey", b"secret", 34),
        ("uid=on@example.edu,ou=cyrus,dc=example", b"secret", 34),
        ("ou=cyrus,dc=mailkey", b"secret", 34),  # the server itself
        ("uid=on@example.edu,ou=nobody,dc=mailkey", b"secret", 52),
        ("uid=on@example.edu,ou=exim,dc=mailkey", b"secret", 34),  # without the address that it tells
        ("uid=on@example.edu,host=192.0.2.1,ou=cyrus,dc=mailkey", b"secret", 34),  # with one that it does not tell
        ("uid=on@example.edu,host=somewhere,ou=exim,dc=mailkey", b"secret", 34),
    ],
)
def test_what_binds_nobody(name: str, password: bytes, status: int) -> None:
    with pytest.raises(Refusal) as refusal:
        login(name, password)
    assert refusal.value.answer.status == status


@pytest.mark.parametrize("change", [(0, 0x31), (2, OCTETS)], ids=["no sequence", "no number"])
def test_what_only_looks_like_a_message_is_none(change: tuple[int, int]) -> None:
    at, other = change
    damaged = bytearray(bind("uid=on@example.edu,ou=cyrus,dc=mailkey"))
    assert damaged[at] != other
    damaged[at] = other
    with pytest.raises(ber.MalformedError):
        messages.read(bytes(damaged))


def test_who_says_nothing_is_nobody_in_particular() -> None:
    assert login("", b"") is None


def test_a_server_asks_from_its_own_address(caplog: pytest.LogCaptureFixture) -> None:
    """To find somebody, too."""
    message = messages.read(bind("uid=on@example.edu,ou=cyrus,dc=mailkey"))
    assert messages.read_bind(message, "127.0.0.1")
    for ask in (lambda: messages.read_bind(message, "127.0.0.2"), lambda: found(MAIL, peer="127.0.0.2")):
        with pytest.raises(Refusal) as refusal:
            ask()
        assert refusal.value.answer.status == 52
        assert "cyrus asks by LDAP from 127.0.0.2" in caplog.messages.pop()
        caplog.clear()


def test_no_password_is_taken_but_by_a_simple_bind() -> None:
    whole = bind("uid=on@example.edu,ou=cyrus,dc=mailkey")
    by_sasl = whole.replace(b"\x80\x06secret", b"\xa3\x06secret")
    assert by_sasl != whole
    with pytest.raises(Refusal) as refusal:
        messages.read_bind(messages.read(by_sasl), "127.0.0.1")
    assert refusal.value.answer.status == 7


def test_servers_of_the_settings() -> None:
    assert set(askers.PROTOCOLS) == set(USES)
    found = askers.servers(" a: imap, 10.0.0.0/8, 2001:db8::/32 ;b: dav, 10.1.2.3, tells addresses")
    assert found["a"] == ("imap", (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")), False)
    assert found["b"] == ("dav", (ip_network("10.1.2.3"),), True)


def test_only_a_yes_is_a_success() -> None:
    """Whatever else is decided opens nothing, and what cannot be told is no wrong password."""
    codes = {Outcome.YES: 0, Outcome.NO: 49, Outcome.BANNED: 49, Outcome.CANNOT_TELL: 52}
    until = timezone.now()
    for outcome, code in codes.items():
        said = messages.write_bind(Verdict(outcome, Reason.WRONG, until))
        assert said.status == code
        assert (said.text == "") is (outcome is Outcome.YES)


def test_an_answer_names_its_question() -> None:
    message = messages.read(bind("uid=on@example.edu,ou=cyrus,dc=mailkey"))
    answer = messages.write(message, Answer(49, "no"))
    assert answer == bytes.fromhex("300e 020107 6109 0a0131 0400 0402") + b"no"


# --- A search --------------------------------------------------------------------------------------------------------


def equal(attribute: str, value: str) -> bytes:
    return ber.written(EQUAL, ber.written(OCTETS, attribute.encode()), ber.written(OCTETS, value.encode()))


MAIL = equal("mail", "a@example.edu")


def search(wanted: bytes, *attributes: str, base: str = "ou=cyrus,dc=mailkey") -> messages.Message:
    limits = ber.number(0x0A, 2), ber.number(0x0A, 0), ber.number(INTEGER, 0), ber.number(INTEGER, 0), b"\x01\x01\x00"
    listed = ber.written(SEQUENCE, *(ber.written(OCTETS, one.encode()) for one in attributes))
    question = ber.written(SEARCH, ber.written(OCTETS, base.encode()), *limits, wanted, listed)
    return messages.read(ber.written(SEQUENCE, ber.number(INTEGER, 9), question))


def found(
    wanted: bytes, *attributes: str, base: str = "ou=cyrus,dc=mailkey", peer: str = "127.0.0.1"
) -> dict[str, str]:
    """What is answered to a filter: the entry's name as "", and its attributes."""
    answer = messages.find(search(wanted, *attributes, base=base), peer)
    if not answer:
        return {}
    number, (operation, entry) = ber.values(next(ber.values(answer))[1])
    assert (number, operation) == ((INTEGER, b"\x09"), 0x64)
    (_, name), (_, listed) = ber.values(entry)
    pairs = [[value for _, value in ber.values(one)] for _, one in ber.values(listed)]
    return {"": name.decode(), **{key.decode(): next(ber.values(values))[1].decode() for key, values in pairs}}


def test_everybody_is_found_by_his_address() -> None:
    someone = "nobody@example.edu"
    own = f"uid={someone},ou=cyrus,dc=mailkey"
    for attribute in ("uid", "mail", "MAIL"):
        assert found(equal(attribute, someone), "uid") == {"": own, "uid": someone}
    whole = found(equal("mail", someone))
    assert whole == {"": own, "objectClass": "inetOrgPerson", **dict.fromkeys(("uid", "mail", "cn", "sn"), someone)}
    assert found(equal("mail", someone), "*", "+") == whole
    assert found(equal("mail", someone), "CN", "*", "other") == {"": own, "cn": someone}


def test_a_filter_asks_for_one_address_or_finds_nobody() -> None:
    one, other = equal("mail", "a@example.edu"), equal("uid", "b@example.edu")
    person = equal("objectClass", "person")
    for kind in (AND, OR):
        assert found(ber.written(kind, person, one), "uid")["uid"] == "a@example.edu"
        assert found(ber.written(kind, one, other)) == {}
    assert found(person) == {}
    assert found(ber.written(0xA2, one)) == {}, "a filter that says not"
    assert found(person, "uid", base="uid=c@example.edu,ou=cyrus,dc=mailkey")["uid"] == "c@example.edu"


def test_filters_within_filters_end_somewhere() -> None:
    within = equal("mail", "a@example.edu")
    for _depth in range(DEEPEST):
        within = ber.written(AND, within)
    assert found(within, "uid")["uid"] == "a@example.edu"
    assert found(ber.written(AND, within)) == {}


def test_the_directory_says_which_ldap_it_speaks_and_no_more() -> None:
    everything = ber.written(0x87, b"objectClass")
    assert found(everything, base="") == {"": "", "supportedLDAPVersion": "3"}
    assert found(everything, "uid", "mail", base="") == {"": ""}
    assert messages.is_of_directory(search(everything, base=""))
    assert not messages.is_of_directory(search(everything))
