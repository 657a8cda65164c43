"""What the mail login service is asked, before anything is decided: which address, by which method, by whom."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from apppasswords.maillogin import wire
from apppasswords.maillogin.decision import Login, Outcome, Reason, Verdict
from apppasswords.maillogin.wire import Answer, Asked

TOKEN = f"Bearer {settings.MAIL_AUTH_TOKEN}"
FORM = b"user=a@example.edu&password=x&protocol=imap&address=192.0.2.1"
NGINX = {
    "Auth-Method": "plain",
    "Auth-User": "a@example.edu",
    "Auth-Pass": "x",
    "Auth-Protocol": "imap",
    "Client-IP": "192.0.2.1",
}
BASIC = {
    "Client-Authorization": f"Basic {b64encode(b'a@example.edu:x').decode()}",
    "Auth-Protocol": "dav",
    "Client-IP": "192.0.2.1",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")


def read(
    method: str, path: str, token: str = TOKEN, headers: Mapping[str, str] = NGINX, body: bytes = b""
) -> Answer | Asked | None:
    return wire.read(method, path, token, lambda: headers, body)


def status(answer: object) -> int | None:
    return answer.status if isinstance(answer, Answer) else None


def test_each_address_has_one_method() -> None:
    for path, right in {"/login": "POST", "/login/nginx": "GET", "/login/basic": "GET"}.items():
        for method in METHODS:
            answer = read(method, path, headers=BASIC if path == "/login/basic" else NGINX, body=FORM)
            assert isinstance(answer, Asked) is (method == right)
            if method != right:
                assert isinstance(answer, Answer)
                assert (answer.status, answer.headers) == (405, {"Allow": right})


@pytest.mark.bypass("row 30: authentik CVE-2026-55106: an endpoint that is open to the world")
@pytest.mark.parametrize(
    "token", ["", "Bearer ", TOKEN[:-1], f"{TOKEN}x", TOKEN.lower(), TOKEN.removeprefix("Bearer "), "中"]
)
def test_nobody_asks_without_the_token(token: str) -> None:
    for method, path in (("POST", "/login"), ("GET", "/login/nginx"), ("GET", "/login/basic")):
        assert status(read(method, path, token, body=FORM)) == 403


def test_what_is_asked_is_read_as_its_address_says() -> None:
    for method, path, headers, body, protocol in (
        ("POST", "/login", {}, FORM, "imap"),
        ("GET", "/login/nginx", NGINX, b"", "imap"),
        ("GET", "/login/basic", BASIC, b"", "dav"),
    ):
        asked = read(method, path, headers=headers, body=body)
        assert isinstance(asked, Asked)
        assert asked.login == Login("a@example.edu", "x", protocol, "192.0.2.1")


def test_a_header_that_is_not_ascii_comes_in_the_body() -> None:
    repeated = "Auth-Pass: pä:ss: word\nno header\n".encode()
    asked = read("GET", "/login/nginx", headers={**NGINX, "Auth-Pass": ""}, body=repeated)
    assert isinstance(asked, Asked)
    assert asked.login.password == "pä:ss: word"
    assert wire.title("client-ip") == "Client-IP"
    assert wire.title("auth-user") == "Auth-User"


def test_who_has_not_said_who_it_is_is_asked() -> None:
    answer = read("GET", "/login/basic", headers={**BASIC, "Client-Authorization": "Basic !"})
    assert status(answer) == 401
    assert answer == wire.ask_who()


def test_what_is_malformed_is_said() -> None:
    assert status(read("POST", "/login", body=b"user=a@example.edu")) == 400
    assert status(read("GET", "/login/nginx", headers={})) == 400
    assert status(read("GET", "/login/basic", headers={**BASIC, "Auth-Protocol": "imap"})) == 400


def test_a_form_may_be_as_large_as_it_may_be() -> None:
    room = wire.LARGEST_BODY - len(FORM)
    asked = read("POST", "/login", body=FORM + b"&session=" + b"s" * (room - 9))
    assert isinstance(asked, Asked)
    assert asked.login.session == "s" * (room - 9)
    assert status(read("POST", "/login", body=FORM + b"&session=" + b"s" * (room - 8))) == 400


@pytest.mark.parametrize(("left", "seconds"), [(timedelta(minutes=1), "61"), (timedelta(0), "1"), (None, "1")])
def test_who_is_banned_is_told_when_to_come_back(left: timedelta | None, seconds: str) -> None:
    """A second later than its end, never before it."""
    with time_machine.travel(timezone.now(), tick=False):
        until = timezone.now() + left if left is not None else None
        answer = wire.write_form(Verdict(Outcome.BANNED, Reason.BANNED, until), Login("a", "x", "imap", "192.0.2.1"))
    assert (answer.status, answer.headers) == (429, {"Retry-After": seconds})


@pytest.mark.parametrize("reason", [Reason.WRONG, Reason.BARE_NAME])
def test_who_is_banned_with_this_password_is_told_so(reason: Reason) -> None:
    until = timezone.now() + timedelta(hours=1)
    told = [wire.words(Verdict(Outcome.NO, reason, banned_until)) for banned_until in (None, until)]
    assert ["too many" in text.lower() for text in told] == [False, True]


def test_health_is_asked_without_a_token() -> None:
    for method in METHODS:
        known = method in ("GET", "HEAD")
        assert status(read(method, "/health/live", token="")) == (200 if known else 404)
        ready = read(method, "/health/ready", token="")
        assert ready is None if known else status(ready) == 404
    for path in ("/", "/health", "/health/", "/login/", "/login/ldap", "/admin/"):
        assert status(read("GET", path)) == 404
