"""The mail login service and the LDAP front as they run on PostgreSQL, asked what nobody means: no fault of ours, no
way in, and who is right is let in afterwards."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.fuzzing import EXAMPLES, TEXTS
from tests.kit.servers.ldap_front import SUFFIX, Front
from tests.kit.servers.logins import TOKEN, Database, LoginService, login_service
from tests.kit.servers.postgres import running

pytestmark = pytest.mark.slow

BYTES = st.one_of(TEXTS.map(str.encode), st.binary(max_size=40))
FIELDS = ("user", "password", "protocol", "address", "session", "x")
HEADERS = ("Auth-Method", "Auth-User", "Auth-Pass", "Auth-Protocol", "Client-IP", "Client-Authorization", "X")
FROM = st.ip_addresses().map(lambda address: str(address).encode())
MEANT = {"protocol": b"imap", "user": b"on@example.edu", "Auth-Method": b"plain",
         "Auth-Protocol": b"imap", "Auth-User": b"on%40example.edu"}  # fmt: skip
OURS = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY)
BIND, SUCCESS = 0x61, 0


@pytest.fixture(scope="module")
def logins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with running() as url:
        yield Database(url, tmp_path_factory.mktemp("fuzzed"))


@pytest.fixture(scope="module")
def service(logins: Database) -> Iterator[LoginService]:
    with login_service(logins) as service:
        yield service


def _pairs(names: tuple[str, ...]) -> st.SearchStrategy[list[tuple[str, bytes]]]:
    """Of what is meant or wrong; some of them missing, some twice."""
    return st.lists(
        st.sampled_from(names).flatmap(
            lambda name: st.tuples(
                st.just(name),
                st.one_of(FROM if name in ("address", "Client-IP") else st.just(MEANT.get(name, b"x")), BYTES),
            )
        ),
        max_size=len(names) + 1,
    )


def _http(method: str, path: str, headers: list[tuple[str, bytes]], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: a", f"Authorization: Bearer {TOKEN}".encode()]
    lines += [name.encode() + b": " + value.replace(b"\r", b"").replace(b"\n", b"") for name, value in headers]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"Connection: close", b"", body])


def _answered(port: int, said: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as line, suppress(ConnectionError):
        line.sendall(said)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65536), b""))
    return b""


def _statuses(answer: bytes) -> list[int]:
    lines = answer.split(b"\r\n")
    return [int(line.split()[1]) for line in lines if line.startswith(b"HTTP/1.") and line[9:12].isdigit()]


@pytest.mark.parametrize("way", ["/login", "/login/nginx", "/login/basic", "raw"])
def test_the_mail_login_service(service: LoginService, way: str) -> None:
    forms = _pairs(FIELDS).map(
        lambda pairs: b"&".join(name.encode() + b"=" + quote(value).encode() for name, value in pairs)
    )
    asked = {
        "/login": st.tuples(st.just("POST"), st.just([]), st.one_of(forms, st.binary(max_size=200))),
        "raw": st.tuples(st.just("POST"), st.just([]), st.just(b"")),
    }.get(way, st.tuples(st.just("GET"), _pairs(HEADERS), st.one_of(st.just(b""), BYTES)))

    @EXAMPLES
    @given(asked, st.binary(min_size=1, max_size=300), st.integers(0, 60))
    def hold(request: tuple[str, list[tuple[str, bytes]], bytes], noise: bytes, at: int) -> None:
        said = _http(request[0], way if way != "raw" else "/login", *request[1:])
        if way == "raw":
            said = said[:at] + noise + said[at + len(noise) // 2 :]
        answer = _answered(service.port, said)
        statuses = _statuses(answer)
        assert not set(statuses) & set(OURS), said
        assert way == "raw" or statuses, said
        assert 200 not in statuses or b"Auth-Status: OK".lower() not in answer.lower(), said
        assert 200 not in statuses or b"auth-user:" not in answer.lower(), said

    hold()
    right = "&".join(
        ["user=on%40example.edu", f"password={service.database.secret}", "protocol=imap", "address=192.0.2.9"]
    )
    answer = _answered(service.port, _http("POST", "/login", [], right.encode()))
    assert _statuses(answer) == [200]
    assert b"auth-user:" in answer, "which nobody else was told"
    assert "Traceback" not in service.database.log.read_text(errors="replace")


def _ber(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def test_the_ldap_front(logins: Database, tmp_path: Path) -> None:
    """Messages that are none, binds by names and passwords that are nobody's, and whatever follows them."""
    front = Front(logins, tmp_path)
    front.start()
    names = st.one_of(st.just(f"uid=off@example.edu,ou=cyrus,{SUFFIX}".encode()), BYTES)

    def bind(name: bytes, password: bytes) -> bytes:
        content = _ber(0x02, b"\x03") + _ber(0x04, name) + _ber(0x80, password)
        return _ber(0x30, _ber(0x02, b"\x01") + _ber(0x60, content))

    try:

        @EXAMPLES
        @given(names, BYTES.filter(bool), st.binary(max_size=200), st.integers(0, 40), st.booleans())
        def hold(name: bytes, password: bytes, noise: bytes, at: int, broken: bool) -> None:
            said = bind(name, password)
            answer = _answered(front.port, said[:at] + noise + said[at:] if broken else said + noise)
            assert _code_of_bind(answer) != SUCCESS, said

        hold()
        right = bind(f"uid=on@example.edu,ou=cyrus,{SUFFIX}".encode(), logins.secret.encode())
        assert _code_of_bind(_answered(front.port, right)) == SUCCESS
    finally:
        front.process.stop()


def _code_of_bind(answer: bytes) -> int | None:
    """Of the first answer to a bind, if there is one."""
    at = answer.find(bytes([BIND]))
    return answer[at + 4] if at >= 0 and len(answer) > at + 4 and answer[at + 2 : at + 4] == b"\x0a\x01" else None
