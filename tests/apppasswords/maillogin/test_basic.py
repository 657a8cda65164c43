"""Basic, as nginx's auth_request passes it on: calendars, contacts, ActiveSync."""

from base64 import b64encode
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apppasswords.maillogin import wire
from apppasswords.maillogin.decision import CANNOT_TELL, Login, Outcome, Reason, Verdict
from apppasswords.maillogin.wire import MalformedError

ANY = st.text(max_size=60)
CHALLENGE = {"WWW-Authenticate": 'Basic realm="Mail", charset="UTF-8"'}


def basic(user: str | bytes, password: str | bytes = "") -> str:
    parts = [part.encode() if isinstance(part, str) else part for part in (user, password)]
    return "Basic " + b64encode(b":".join(parts)).decode()


def headers(said: str, protocol: str = "dav", address: str = "192.0.2.1") -> dict[str, str]:
    return {"Client-Authorization": said, "Auth-Protocol": protocol, "Client-IP": address}


@given(user=ANY.filter(lambda user: ":" not in user), password=ANY)
def test_any_text_arrives(user: str, password: str) -> None:
    login = wire.read_basic(headers(basic(user, password)))
    assert login
    assert (login.user, login.password, login.protocol, login.address) == (user, password, "dav", "192.0.2.1")


@pytest.mark.parametrize(
    "said", ["", "Basic", "Basic ", "Basic ???", "Bearer abc", "Basic " + b64encode(b"x").decode(), "Basic !dTpw"]
)
def test_who_says_nothing_is_asked_and_not_counted(said: str) -> None:
    assert wire.read_basic(headers(said)) is None
    assert (wire.ask_who().status, wire.ask_who().headers) == (401, CHALLENGE)


def test_what_is_no_text_is_nobody() -> None:
    login = wire.read_basic(headers(basic(b"\xff", b"\xff")))
    assert login
    assert (login.user, login.password) == ("\ufffd", None)


@pytest.mark.parametrize(("protocol", "address"), [("imap", "192.0.2.1"), ("", "192.0.2.1"), ("dav", "nowhere")])
def test_what_means_nothing(protocol: str, address: str) -> None:
    with pytest.raises(MalformedError):
        wire.read_basic(headers(basic("a@example.edu", "x"), protocol, address))


@pytest.mark.parametrize(
    ("verdict", "status", "headers"),
    [
        (Verdict(Outcome.YES, Reason.APP_PASSWORD), 200, {"Auth-User": "a@example.edu"}),
        (Verdict(Outcome.NO, Reason.WRONG), 401, CHALLENGE),
        (Verdict(Outcome.NO, Reason.OTHER_USE), 401, CHALLENGE),
        (Verdict(Outcome.BANNED, Reason.BANNED, timezone.now() + timedelta(hours=1)), 403, {}),
        (CANNOT_TELL, 503, {}),
    ],
)
def test_what_nginx_is_told(verdict: Verdict, status: int, headers: dict[str, str]) -> None:
    answer = wire.write_basic(verdict, Login("A@Example.edu", "x", "dav", "192.0.2.1"))
    assert (answer.status, answer.headers) == (status, headers)
