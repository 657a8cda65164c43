"""What every page has in common: nobody keeps it, nothing foreign runs in it. And the pages that belong to no app."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.http.response import HttpResponseBase
from django.test import Client
from pytest_django import Settings

from accounts.phones.models import Phone
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, PASSWORD, Person, code_from_phone
from tests.kit.sitemap import Addresses, places
from tests.kit.snapshots import changed, everything


def faults(response: HttpResponseBase) -> list[str]:
    """What is missing in the headers of an answer. (For a foreign host the policy alone forbids frames.)"""
    headers = response.headers
    policy = headers.get("Content-Security-Policy", "")
    found = []
    if "no-store" not in headers.get("Cache-Control", ""):
        found.append("it may be kept")
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy or "base-uri 'none'" not in policy:
        found.append(f"policy: {policy}")
    if re.search(r"unsafe|nonce-|https?:|\*", policy):
        found.append(f"policy: {policy}")
    for header, value in (
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
    ):
        if headers.get(header) != value and (header, response.status_code) != ("X-Frame-Options", 400):
            found.append(f"{header}: {headers.get(header)}")
    return found


INLINE = re.compile(
    r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:|(src|action|srcset)=\"(https?:)?//", re.IGNORECASE
)


# Answers with nothing of anybody in them, for programs to keep for a while: public keys, the servers' names.
FOR_ALL = ("openid/jwks/", "mail/config-v1.1.xml", ".well-known/autoconfig/mail/config-v1.1.xml")
# What an address that holds a token answers is kept even from the next page's referrer.
STRICTER = {"profile/<slug:token>/": ["Referrer-Policy: no-referrer"]}


@pytest.mark.bypass("row 41: Drupal key_auth CVE-2026-87940 (CWE-525): what is shown stays in a cache")
def test_no_page_is_kept_and_none_runs_foreign_code(clerk: Person, make_user: MakeUser) -> None:
    clerk.arrive()
    owner = make_user("owner", phone=NUMBER)
    addresses = Addresses(owner, Phone.objects.get(user=owner))
    found = {}
    for place in places():
        if place.route in FOR_ALL:
            continue
        response = clerk.get(addresses.of(place))
        if wrong := faults(response):
            found[place.route] = wrong
        if not place.route.startswith("admin/") and (inline := INLINE.search(response.content.decode())):
            found[place.route] = [inline[0]]
    assert found == STRICTER


@pytest.mark.bypass("row 41")
@pytest.mark.parametrize(
    "visit",
    [
        lambda person: person.get("/sign-in/"),
        lambda person: person.post("/sign-in/", {"username": "x", "password": "wrong"}),
        lambda person: person.get("/nowhere/"),
        lambda person: person.get("/nowhere"),
        lambda person: person.get("/", headers={"host": "evil.example"}),
        lambda person: [person.enter_password("wrong") for _ in range(11)][-1],
        lambda person: (person.enter_password(), person.get("/sign-in/code/"))[-1],
        lambda person: (person.enter_password(), person.post("/sign-in/code/", {"code": "1"}))[-1],
        lambda person: Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "x", "password": "x"}),
        lambda person: (person.arrive(), person.post("/security/browsers/", {"browser": "1"}))[-1],
        lambda person: (person.arrive(), person.get("/admin/login/"))[-1],
    ],
)
def test_so_with_every_kind_of_answer(wangwu: Person, visit: Callable[[Person], Any]) -> None:
    response = visit(wangwu)
    assert not faults(response)
    assert not INLINE.search(response.content.decode())


def test_an_error_page_too(lisi: Person) -> None:
    lisi.arrive()
    lisi.raise_request_exception = False

    def away(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if "securityevent" in sql:
            raise OperationalError("the database is away")
        return execute(sql, *args)

    with connection.execute_wrapper(away):
        response = lisi.get("/")
    assert response.status_code == 503, "a fault of ours, and it passes"
    assert not faults(response)
    assert "securityevent" not in response.content.decode()


def test_what_we_ask_wrongly_is_no_database_that_is_away(lisi: Person) -> None:
    """SQLite raises one exception for both: a table that was never made must reach the administrators."""
    lisi.arrive()
    lisi.raise_request_exception = False

    def never_migrated(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        return execute(sql.replace("log_securityevent", "log_never_made"), *args)

    with connection.execute_wrapper(never_migrated):
        assert lisi.get("/").status_code == 500


def test_no_page_of_the_owner_shows_the_whole_number(wangwu: Person) -> None:
    wangwu.enter_password()
    pages = [wangwu.get("/sign-in/code/")]
    wangwu.enter_code()
    paths = ["/", "confirm", "phone", "phone/change", "phone/unbind", "browsers", "password"]
    pages += [wangwu.get(path if path == "/" else f"/security/{path}/") for path in paths]
    for page in pages:
        assert page.status_code == 200
        assert NUMBER not in re.sub(r"[ -]", "", page.content.decode())


# --- Language --------------------------------------------------------------------------------------------------------


def test_chinese_first_and_english_by_choice(db: None) -> None:
    person = Person()
    assert '<html lang="zh-hans">' in person.get("/sign-in/").content.decode()
    person.post("/language/", {"language": "en", "next": "/sign-in/"})
    assert '<html lang="en">' in person.get("/sign-in/").content.decode()
    person.post("/language/", {"language": "../../xx", "next": "/sign-in/"})
    assert '<html lang="en">' in person.get("/sign-in/").content.decode()


def test_a_language_that_is_only_looked_at_changes_nothing(db: None) -> None:
    person = Person()
    person.get("/language/", {"language": "en"})
    assert '<html lang="zh-hans">' in person.get("/sign-in/").content.decode()


# --- Health ----------------------------------------------------------------------------------------------------------


def test_alive_and_ready(db: None, client: Client) -> None:
    assert client.get("/health/live").content == b"ok\n"
    assert client.get("/health/ready").content == b"ok\n"


def test_not_ready_without_the_database(db: None, client: Client) -> None:
    def away(*_: Any) -> Any:
        raise OperationalError("connection refused: postgres://mailkey:secret@db")

    with connection.execute_wrapper(away):
        ready = client.get("/health/ready")
        assert client.get("/health/live").status_code == 200
    assert ready.status_code == 503
    assert ready.content == b"the database does not answer\n"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("path", "halfway"),
    [("/sign-in/", False), *((path, True) for path in ("/sign-in/", "/sign-in/code/", "/openid/authorize/", "/"))],
)
def test_whoever_is_the_first_to_notice_is_told_that_it_is_our_fault(
    wangwu: Person, path: str, method: str, *, halfway: bool
) -> None:
    """Nobody knows yet that the database is away, and nothing that stands around a page may ask it for more."""
    if halfway:
        wangwu.enter_password()

    def away(*_: Any) -> Any:
        raise OperationalError("connection refused")

    with connection.execute_wrapper(away):
        answer = getattr(wangwu, method)(path, {"username": wangwu.user, "password": PASSWORD})
    assert answer.status_code == 503, answer.headers
    assert "系统出错了" in answer.content.decode()


def test_health_leaves_no_traces(db: None, client: Client) -> None:
    before = everything()
    client.get("/health/ready")
    assert not client.cookies
    assert not changed(before)


# --- Outbox ----------------------------------------------------------------------------------------------------------


def test_the_outbox_shows_what_would_have_been_sent(wangwu: Person, settings: Settings, tmp_path: Path) -> None:
    settings.SMS_GATEWAY, settings.SMS_OUTBOX = "outbox", tmp_path / "var" / "outbox.jsonl"
    assert wangwu.get("/outbox/").status_code == 200
    wangwu.enter_password()
    (line,) = [json.loads(line) for line in settings.SMS_OUTBOX.read_text(encoding="utf-8").splitlines()]
    assert set(line) == {"to", "text", "code", "sent_at"}
    assert line["to"] == f"+86{NUMBER}"
    assert line["code"] in line["text"]
    assert line["code"] in wangwu.get("/outbox/").content.decode()
    wangwu.post("/sign-in/code/", {"code": line["code"]})
    assert wangwu.is_in()


@pytest.mark.parametrize("gateway", ["memory", "twilio"])
def test_elsewhere_there_is_no_outbox(wangwu: Person, settings: Settings, tmp_path: Path, gateway: str) -> None:
    settings.SMS_OUTBOX = tmp_path / "outbox.jsonl"
    settings.SMS_OUTBOX.write_text('{"to": "x", "text": "left over", "code": "123456", "sent_at": ""}\n')
    wangwu.sign_in()
    assert code_from_phone()
    settings.SMS_GATEWAY = gateway
    response = wangwu.get("/outbox/")
    assert response.status_code == 404
    assert "left over" not in response.content.decode()
