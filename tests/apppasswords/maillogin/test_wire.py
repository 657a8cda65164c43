"""The two wire formats: what arrives is what was typed, and what is answered is one line that every program takes."""

import logging
import re
from contextlib import suppress
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from apppasswords.maillogin import wire
from apppasswords.maillogin.decision import CANNOT_TELL, Login, Outcome, Reason, Verdict
from apppasswords.maillogin.wire import MalformedError

ANY = st.text(max_size=60)
CANARY = "canary-battery-staple"


def form(**fields: str | bytes) -> bytes:
    return urlencode(
        {"user": "a@example.edu", "password": "x", "protocol": "imap", "address": "192.0.2.1", **fields}
    ).encode()


def by_form(body: bytes) -> Login:
    return wire.read_form(body)


def nginx_escapes(text: bytes) -> str:
    """As ngx_mail_auth_http_module writes a header: `%`, space and controls encoded; the rest is raw, and WSGI hands
    raw bytes over as latin-1."""
    return "".join(f"%{byte:02X}" if byte <= 32 or byte in (37, 127) else chr(byte) for byte in text)


def headers(**others: str) -> dict[str, str]:
    usual = {
        "Auth-Method": "plain",
        "Auth-User": "a@example.edu",
        "Auth-Pass": "x",
        "Auth-Protocol": "imap",
        "Client-IP": "192.0.2.1",
        "Auth-Login-Attempt": "1",
    }
    return usual | {name.replace("_", "-"): value for name, value in others.items()}


# --- What arrives -----------------------------------------------------------------------------------------------------


@given(user=ANY, password=ANY)
def test_any_text_arrives_through_a_form(user: str, password: str) -> None:
    login = by_form(form(user=user, password=password))
    assert (login.user, login.password) == (user, password)


@given(user=ANY, password=ANY)
def test_any_text_arrives_when_every_byte_is_encoded(user: str, password: str) -> None:
    """As Dovecot's Lua sends it."""

    def every(text: str) -> str:
        return "".join(f"%{byte:02x}" for byte in text.encode())

    body = f"user={every(user)}&password={every(password)}&protocol=imap&address=192.0.2.1"
    login = by_form(body.encode())
    assert (login.user, login.password) == (user, password)


@pytest.mark.bypass("row 32: nginx's encoding of headers")
@given(user=ANY, password=ANY)
def test_any_text_arrives_through_nginx(user: str, password: str) -> None:
    sent = headers(Auth_User=nginx_escapes(user.encode()), Auth_Pass=nginx_escapes(password.encode()))
    login = wire.read_nginx(sent)
    assert (login.user, login.password) == (user, password)


@pytest.mark.parametrize("password", ["a b", "a+b", "a%b", "a&b=c", "%41", "%zz", "100%", "pässword", "密码", "+", " "])
def test_passwords_that_others_get_wrong(password: str) -> None:
    assert by_form(form(password=password)).password == password
    assert wire.read_nginx(headers(Auth_Pass=nginx_escapes(password.encode()))).password == password


@pytest.mark.bypass("row 32: undecodable bytes are a plain refusal")
@given(junk=st.binary(max_size=60))
def test_bytes_that_are_no_text_are_nobodys_password(junk: bytes) -> None:
    try:
        expected: str | None = junk.decode()
    except UnicodeDecodeError:
        expected = None
    assert by_form(form(password=junk)).password == expected
    assert wire.read_nginx(headers(Auth_Pass=nginx_escapes(junk))).password == expected
    assert by_form(form(user=junk)).user == ("\ufffd" if expected is None else expected)


@given(body=st.binary(max_size=200))
def test_no_body_breaks_it(body: bytes) -> None:
    with suppress(MalformedError):
        wire.read_form(body)


@given(
    st.dictionaries(
        st.sampled_from(["Auth-Method", "Auth-User", "Auth-Pass", "Auth-Protocol", "Client-IP"]),
        st.text(st.characters(max_codepoint=255), max_size=30),
    )
)
def test_no_headers_break_it(some: dict[str, str]) -> None:
    for sent in (some, headers() | some):
        with suppress(MalformedError):
            wire.read_nginx(sent)


# --- What is malformed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["user", "password", "protocol", "address"])
def test_a_missing_field(missing: str) -> None:
    pairs = [pair for pair in form().decode().split("&") if not pair.startswith(f"{missing}=")]
    with pytest.raises(MalformedError):
        by_form("&".join(pairs).encode())


@pytest.mark.parametrize("twice", ["user", "password", "protocol", "address"])
def test_a_field_given_twice(twice: str) -> None:
    with pytest.raises(MalformedError):
        by_form(form() + f"&{twice}=x".encode())


@pytest.mark.parametrize("missing", ["Auth-Method", "Auth-User", "Auth-Pass", "Auth-Protocol", "Client-IP"])
def test_a_missing_header(missing: str) -> None:
    with pytest.raises(MalformedError):
        wire.read_nginx({name: value for name, value in headers().items() if name != missing})


@pytest.mark.parametrize("method", ["cram-md5", "apop", "external", "none", "", "PLAIN\n"])
def test_nginx_methods_that_carry_no_password(method: str) -> None:
    with pytest.raises(MalformedError):
        wire.read_nginx(headers(Auth_Method=method))


def test_nginx_speaks_no_sieve() -> None:
    with pytest.raises(MalformedError):
        wire.read_nginx(headers(Auth_Protocol="sieve"))


def test_a_body_is_bounded() -> None:
    room = wire.LARGEST_BODY - len(form(password=""))
    assert by_form(form(password="x" * room)).password == "x" * room
    with pytest.raises(MalformedError):
        by_form(form(password="x" * (room + 1)))


@pytest.mark.parametrize(
    ("said", "meant"),
    [("imap", "imap"), ("pop3", "pop3"), ("pop", "pop3"), ("smtp", "smtp"), ("submission", "smtp"), ("sieve", "sieve"),
     ("managesieve", "sieve")],
)  # fmt: skip
def test_what_servers_call_protocols(said: str, meant: str) -> None:
    assert by_form(form(protocol=said)).protocol == meant


@pytest.mark.parametrize("protocol", ["", "IMAP", "http", "imap\0", "imap "])
def test_an_unknown_protocol(protocol: str) -> None:
    with pytest.raises(MalformedError):
        by_form(form(protocol=protocol))


@pytest.mark.bypass("row 34: ::ffff:1.2.3.4 is 1.2.3.4; CVE-2021-33571 leading zeros")
@pytest.mark.parametrize(
    ("written", "meant"),
    [("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:DB8::1", "2001:db8::1"),
     ("192.0.2.1:5143", "192.0.2.1"), ("[2001:db8::1]:5143", "2001:db8::1")],
)  # fmt: skip
def test_addresses(written: str, meant: str) -> None:
    assert by_form(form(address=written)).address == meant


@pytest.mark.parametrize("address", ["", "here", "010.0.0.1", "1.2.3", "1.2.3.4, 5.6.7.8", "unix:/run/x", "1.2.3.4\0"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(MalformedError):
        by_form(form(address=address))


@pytest.mark.bypass("row 42: secrets in errors and logs")
def test_no_error_and_no_log_holds_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    plain = form(user=CANARY, password=CANARY)
    bodies = [
        form(password=CANARY, protocol=CANARY), form(password=CANARY, address=CANARY), plain + b"&" + CANARY.encode(),
        plain + f"&{CANARY}=1&{CANARY}=2".encode(), plain.replace(b"password", b"passwort"), CANARY.encode() * 2000,
    ]  # fmt: skip
    for body in bodies:
        with pytest.raises(MalformedError) as caught:
            by_form(body)
        assert CANARY not in str(caught.value)
        assert caught.value.__cause__ is None
    for sent in (headers(Auth_Pass=CANARY, Auth_Method=CANARY), headers(Auth_Pass=CANARY, Client_IP=CANARY)):
        with pytest.raises(MalformedError) as caught:
            wire.read_nginx(sent)
        assert CANARY not in str(caught.value)
    assert CANARY not in caplog.text


# --- What is answered -------------------------------------------------------------------------------------------------


NAME = "zhangsan@example.edu"


def asked(protocol: str = "imap", typed: str = NAME) -> Login:
    return Login(typed, "secret", protocol, "192.0.2.1")


def verdicts() -> list[Verdict]:
    until = timezone.now() + timedelta(hours=1)
    refused = [Verdict(Outcome.NO, reason, end) for reason in Reason for end in (None, until)]
    return [
        *refused,
        Verdict(Outcome.YES, Reason.APP_PASSWORD),
        Verdict(Outcome.BANNED, Reason.BANNED, until),
        CANNOT_TELL,
    ]


def test_every_text_is_one_ascii_line_that_no_program_misreads() -> None:
    for verdict in verdicts():
        for answer in (wire.write_form(verdict, asked("smtp")), wire.write_nginx(verdict, asked("smtp"))):
            for text in (answer.text, *answer.headers.values()):
                assert re.fullmatch(r"[ -~]+", text)
                assert not re.search(r"lock|block", text, re.IGNORECASE)  # fetchmail: somebody else has the mailbox


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(Outcome.YES, 200), (Outcome.NO, 401), (Outcome.BANNED, 429), (Outcome.CANNOT_TELL, 503)],
)
def test_codes(outcome: Outcome, status: int) -> None:
    assert wire.write_form(Verdict(outcome, Reason.WRONG, timezone.now()), asked()).status == status


def test_a_ban_says_until_when(settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    until = timezone.now() + timedelta(seconds=90)
    answer = wire.write_form(Verdict(Outcome.BANNED, Reason.BANNED, until), asked())
    assert 89 <= int(answer.headers["Retry-After"]) <= 91
    assert f"{timezone.localtime(until):%Y-%m-%d %H:%M}" in answer.text


def test_wrong_and_unknown_and_disabled_are_answered_alike() -> None:
    reasons = [Reason.WRONG, Reason.UNKNOWN, Reason.DISABLED, Reason.NEEDS_APP_PASSWORD]
    assert len({wire.words(Verdict(Outcome.NO, reason)) for reason in reasons}) == 1


def test_nginx_is_always_answered_200(settings: Settings) -> None:
    settings.NGINX_BACKENDS = {"imap": "127.0.0.1:10143", "smtp": "[::1]:10025"}
    for verdict in verdicts():
        assert wire.write_nginx(verdict, asked()).status == 200
    yes = wire.write_nginx(Verdict(Outcome.YES, Reason.APP_PASSWORD), asked()).headers
    assert yes == {"Auth-Status": "OK", "Auth-Server": "127.0.0.1", "Auth-Port": "10143", "Auth-User": NAME}
    no = wire.write_nginx(Verdict(Outcome.NO, Reason.WRONG), asked("smtp")).headers
    assert no["Auth-Status"] not in ("OK", "")
    assert (no["Auth-Wait"], no["Auth-Error-Code"]) == ("2", "535 5.7.8")
    assert wire.write_nginx(CANNOT_TELL, asked("smtp")).headers["Auth-Error-Code"].startswith("4")


@pytest.mark.parametrize("typed", ["ZhangSan@example.edu ", "zhangsan＠example.edu", "zhang\u200bsan@example.edu"])
def test_servers_are_told_whose_mailbox_it_is(typed: str) -> None:
    yes = Verdict(Outcome.YES, Reason.APP_PASSWORD)
    for answer in (wire.write_form(yes, asked(typed=typed)), wire.write_nginx(yes, asked(typed=typed))):
        assert answer.headers["Auth-User"] == NAME


def test_only_a_plain_refusal_asks_for_another_password() -> None:
    """K-9, Evolution and Geary take an alert for our fault and go on with the old password."""
    later = timezone.now() + timedelta(hours=1)
    for verdict in verdicts():
        is_plain = verdict.outcome is Outcome.NO and verdict.reason is not Reason.BARE_NAME and not verdict.banned_until
        assert (wire.write_form(verdict, asked()).headers.get("Mailkey-Refusal") == "password") is is_plain
        status = wire.write_nginx(verdict, asked()).headers["Auth-Status"]
        assert status.startswith("[AUTHENTICATIONFAILED] Wrong address or password.") is is_plain
    for verdict in (Verdict(Outcome.NO, Reason.BARE_NAME), Verdict(Outcome.BANNED, Reason.BANNED, later)):
        assert wire.write_nginx(verdict, asked()).headers["Auth-Status"].startswith("[ALERT] ")
    assert wire.write_nginx(verdicts()[0], asked("pop3")).headers["Auth-Status"].startswith("[AUTH] ")
    smtp = wire.write_nginx(Verdict(Outcome.NO, Reason.WRONG), asked("smtp")).headers
    assert smtp["Auth-Status"].startswith("Wrong "), "SMTP has its codes in a field of their own"


def test_what_cannot_be_told_is_said_as_each_protocol_says_it() -> None:
    said = {protocol: wire.write_nginx(CANNOT_TELL, asked(protocol)).headers for protocol in ("imap", "pop3", "smtp")}
    assert [said[protocol]["Auth-Error-Code"] for protocol in said] == ["454 4.7.0"] * 3
    assert said["imap"]["Auth-Status"].startswith("[UNAVAILABLE] ")
    assert said["pop3"]["Auth-Status"].startswith("[SYS/TEMP] ")
    assert not said["smtp"]["Auth-Status"].startswith("[")
