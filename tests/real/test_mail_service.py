"""The mail login service over HTTP, as mail servers meet it, on PostgreSQL and on SQLite."""

import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import quote, urlencode

import pytest

from tests.kit.people import PASSWORD
from tests.kit.servers.logins import TOKEN, LoginService, login_service, login_service_on
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
BODY = urlencode({"user": "off@example.edu", "password": PASSWORD, "protocol": "imap", "address": "192.0.2.1"})


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginService]:
    with login_service_on(request.param, tmp_path_factory.mktemp("service")) as started:
        yield started


def ban(service: LoginService, address: str) -> None:
    for _ in range(10):
        assert service.wrong(address).status == 401


# --- Who may ask, and how ---------------------------------------------------------------------------------------------


@pytest.mark.bypass("row 30: CVE-2026-55106, CVE-2021-32637 endpoint open to the world")
@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"bearer {TOKEN}", TOKEN, f"Basic {TOKEN}",
     f"Bearer {TOKEN}, Bearer {TOKEN}", "Bearer \xfc\xff"],
)  # fmt: skip
def test_only_mail_servers_may_ask(service: LoginService, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    for method, path in (("POST", "/login"), ("GET", "/login/nginx"), ("GET", "/login/basic")):
        assert service.ask(method, path, BODY if method == "POST" else "", headers).status == 403


@pytest.mark.bypass("row 8: CVE-2026-94379 other methods")
@pytest.mark.parametrize("method", METHODS)
def test_every_method(service: LoginService, method: str) -> None:
    for path, allowed in (("/login", "POST"), ("/login/nginx", "GET"), ("/login/basic", "GET")):
        if method != allowed:
            reply = service.ask(method, path, "" if method == "TRACE" else BODY)
            assert (reply.status, reply.headers.get("allow")) == (405, allowed)
    assert service.ask(method, "/login/", BODY).status == 404
    assert service.ask(method, "/admin/", BODY).status == 404
    headers = {"Authorization": f"Bearer {TOKEN}", "X-HTTP-Method-Override": "POST"}
    if method != "POST":
        assert service.ask(method, "/login", "" if method == "TRACE" else BODY, headers).status == 405


@pytest.mark.parametrize(
    "body",
    ["", "x", "user=a", BODY + "&user=b", BODY.replace("imap", "http"), BODY.replace("192.0.2.1", "here"),
     BODY + "x" * 20_000, "{}"],
)  # fmt: skip
def test_malformed(service: LoginService, body: str) -> None:
    reply = service.ask("POST", "/login", body)
    assert reply.status == 400
    assert PASSWORD not in reply.text


def test_health(service: LoginService) -> None:
    assert service.ask("GET", "/health/live", headers={}).status == 200


def test_the_truth_over_http(service: LoginService) -> None:
    secret = service.database.secret
    expected = {
        ("on@example.edu", secret): 200, ("ON@EXAMPLE.EDU", f"{secret[:4]} {secret[4:]}".upper()): 200,
        ("on@example.edu", PASSWORD): 401, ("off@example.edu", PASSWORD): 200, ("off@example.edu", secret): 401,
        ("on", secret): 401, ("nobody@example.edu", "x"): 401, ("on@example.edu", ""): 401,
        ("o'n\\'; --@example.edu", "'; DROP TABLE accounts_user; --"): 401,
    }  # fmt: skip
    for number, ((user, password), status) in enumerate(expected.items()):
        for protocol in ("imap", "pop3", "submission", "sieve"):
            assert service.login(user, password, f"192.0.2.{number + 10}", protocol).status == status, (user, password)


@pytest.mark.parametrize(
    ("limit", "protocol", "status"),
    [
        ("scope = 'read'", "imap", 200),
        ("scope = 'read'", "smtp", 401),
        ("networks = '198.51.100.0/24 192.0.2.0/24'", "imap", 200),
        ("networks = '198.51.100.0/24'", "imap", 401),
        ("ends_at = '2030-01-01 00:00:00'", "imap", 200),
        ("ends_at = '2020-01-01 00:00:00'", "imap", 401),
        ("idle_days = 90", "imap", 200),
    ],
)
def test_each_limit_is_read_from_the_database(service: LoginService, limit: str, protocol: str, status: int) -> None:
    database, row = service.database, "apppasswords_apppassword"
    database.run(f"UPDATE {row} SET {limit} WHERE name = 'Limited'")
    try:
        assert service.login("on@example.edu", database.limited, "192.0.2.77", protocol).status == status
        assert database.failures("192.0.2.77") == 0
    finally:
        free = "scope = 'read send filters', networks = '', ends_at = NULL, idle_days = NULL"
        database.run(f"UPDATE {row} SET {free} WHERE name = 'Limited'")


def test_one_that_was_made_long_ago_and_never_used_is_idle(service: LoginService) -> None:
    """One of its own: a use that was noted late would count."""
    long_ago = "idle_days = 90, created_at = '2020-01-01 00:00:00'"
    service.database.run(f"UPDATE apppasswords_apppassword SET {long_ago} WHERE name = 'Idle'")
    assert service.login("on@example.edu", service.database.idle, "192.0.2.78").status == 401
    assert service.database.failures("192.0.2.78") == 0


def test_a_name_with_a_quote_is_a_name(service: LoginService) -> None:
    for _ in range(3):
        assert service.login("O'Neil@example.edu", "it's \\ wrong", "192.0.2.60").status == 401
    found = "SELECT COUNT(*) FROM bans_failure WHERE network = '192.0.2.60' AND account = 'o''neil@example.edu'"
    assert service.database.value(found) == 3


# --- HTTP as servers speak it -----------------------------------------------------------------------------------------


def test_one_connection_for_many(service: LoginService) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-www-form-urlencoded"}
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=10)) as connection:
        lines = set()
        for _ in range(5):
            connection.request("POST", "/login", BODY, headers)
            assert connection.sock
            lines.add(connection.sock.getsockname())
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"ok\n")
        assert len(lines) == 1


def nginx(service: LoginService, user: str, password: str, protocol: str = "imap") -> bytes:
    """As nginx 1.22 asks: HTTP/1.0, a new connection."""
    lines = [
        "GET /login/nginx HTTP/1.0", "Host: 127.0.0.1", "Auth-Method: plain", f"Auth-User: {quote(user, safe='@')}",
        f"Auth-Pass: {quote(password, safe='')}", f"Auth-Protocol: {protocol}", "Auth-Login-Attempt: 1",
        "Client-IP: 192.0.2.1", "Client-Host: [UNAVAILABLE]", f"Authorization: Bearer {TOKEN}", "", "",
    ]  # fmt: skip
    return service.raw("\r\n".join(lines).encode())


def test_nginx(service: LoginService) -> None:
    yes = nginx(service, "on@example.edu", service.database.secret).lower()
    assert yes.startswith(b"http/1.0 200")
    assert b"auth-status: ok\r\n" in yes
    assert b"auth-server: 127.0.0.1\r\n" in yes
    no = nginx(service, "on@example.edu", PASSWORD, "smtp").lower()
    assert no.startswith(b"http/1.0 200")
    assert b"auth-status: wrong address or password" in no
    assert b"auth-error-code: 535 5.7.8\r\n" in no
    assert nginx(service, "on@example.edu", "x", "sieve").startswith(b"HTTP/1.0 400")


@pytest.mark.bypass("row 32: bytes that are no text")
def test_bytes_that_are_no_text(service: LoginService) -> None:
    head = (
        f"GET /login/nginx HTTP/1.0\r\nAuth-Method: plain\r\nAuthorization: Bearer {TOKEN}\r\nAuth-Protocol: imap\r\n"
    )
    raw = head.encode() + b"Client-IP: 192.0.2.1\r\nAuth-User: on@example.edu\r\nAuth-Pass: \xff\xfe%FF\r\n\r\n"
    assert b"wrong address or password" in service.raw(raw).lower()
    reply = service.ask("POST", "/login", BODY.replace(PASSWORD, "%FF%FE").replace("off%40", "%FF%40"))
    assert reply.status == 401


def test_expect_100_continue(service: LoginService) -> None:
    """Dovecot's client waits two seconds for it."""
    head = (
        f"POST /login HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nExpect: 100-continue\r\n"
        f"Connection: close\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port), 10) as line:
        line.sendall(head.encode())
        assert line.recv(65536).startswith(b"HTTP/1.1 100")
        line.sendall(BODY.encode())
        assert line.recv(65536).startswith(b"HTTP/1.1 200")


# --- Bans -------------------------------------------------------------------------------------------------------------


@pytest.mark.bypass("row 1: races on the counter")
def test_of_fifty_failures_at_once_ten_count(service: LoginService) -> None:
    for round_ in range(3):
        address = f"198.51.100.{round_}"
        service.count_ten_of(50, address)
        assert service.right(address).status == 429


@pytest.mark.bypass("row 33: headers that a client can write")
def test_only_the_address_that_the_mail_server_names_counts(service: LoginService) -> None:
    forged = {"Authorization": f"Bearer {TOKEN}"} | dict.fromkeys(
        ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP"), "198.51.100.42"
    )
    for _ in range(11):
        service.ask("POST", "/login", BODY.replace("192.0.2.1", "198.51.100.41").replace(PASSWORD, "wrong"), forged)
    assert service.right("198.51.100.41").status == 429
    assert service.right("198.51.100.42").status == 200


def test_a_ban_says_how_long_and_lifting_works_at_once(service: LoginService) -> None:
    address = "198.51.100.50"
    ban(service, address)
    for reply in service.at_once(12, service.right, address):  # in every process
        assert reply.status == 429
        assert 3500 < int(reply.headers["retry-after"]) <= 3601
    assert service.right("198.51.100.51").status == 200
    service.database.run(f"UPDATE bans_ban SET lifted_at = started_at WHERE network = '{address}'")
    assert {reply.status for reply in service.at_once(12, service.right, address)} == {200}
    ban(service, address)  # counted anew
    assert service.right(address).status == 429


def test_a_ban_ends_by_itself(service: LoginService) -> None:
    with login_service(service.database, BAN_LIFETIME="4") as brief:
        ban(brief, "198.51.100.60")
        assert brief.right("198.51.100.60").status == 429
        assert service.right("198.51.100.60").status == 429  # other processes see the same ban
        wait_until(lambda: brief.right("198.51.100.60").status == 200, 15)
        assert service.right("198.51.100.60").status == 200


def test_the_same_wrong_password_can_count_once(service: LoginService) -> None:
    with login_service(service.database, BAN_COUNTS_REPEATS="off") as patient:
        assert {patient.wrong("198.51.100.70").status for _ in range(25)} == {401}
        for number in range(9):
            assert patient.login("on@example.edu", f"guess {number}", "198.51.100.70").status == 401
        assert patient.right("198.51.100.70").status == 429


def test_in_a_shared_network_one_account_is_banned(service: LoginService) -> None:
    with login_service(service.database, SHARED_NETWORKS="10.0.0.0/8", SHARED_NETWORK_FAILURES="14") as campus:
        for _ in range(10):
            assert campus.wrong("10.1.1.1").status == 401
        assert campus.right("10.1.1.1").status == 429
        assert campus.login("off@example.edu", PASSWORD, "10.1.1.1").status == 200
        for number in range(15):
            campus.login(f"guess{number}@example.edu", f"guess {number}", "10.1.1.1")
        assert campus.login("off@example.edu", PASSWORD, "10.1.1.1").status == 429  # the address, for its ceiling
        assert campus.login("off@example.edu", PASSWORD, "10.1.1.2").status == 200


# --- Last use ---------------------------------------------------------------------------------------------------------


def test_last_use_is_written_after_the_answer_and_once_a_minute(service: LoginService) -> None:
    database = service.database
    found = "FROM apppasswords_apppassword WHERE name = 'Unused'"
    assert database.value(f"SELECT last_used_at {found}") is None
    assert service.login("on@example.edu", database.unused, "203.0.113.1", "pop3").status == 200
    first = wait_until(lambda: database.value(f"SELECT last_used_at {found}"))
    assert service.at_once(8, service.login, "on@example.edu", database.unused, "203.0.113.2")[0].status == 200
    assert database.value(f"SELECT last_used_at {found}") == first
    assert database.value(f"SELECT last_used_protocol || ' ' || last_used_address {found}") == "pop3 203.0.113.1"
