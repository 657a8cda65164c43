"""Mail programs that register themselves (RFC 7591): what they get, how many may, and what people are asked."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.log.models import SecurityEvent
from accounts.openid import registration
from accounts.openid.models import AccessToken, Application
from accounts.users.models import User
from portal.settings import SCOPES_OF_THE_DRAFT
from tests.kit import upkeep
from tests.kit.people import Person
from tests.kit.sites import VERIFIER, MailServer, challenge, query

pytestmark = pytest.mark.django_db

PATH = "/openid/register/"
BACK = "http://127.0.0.1/back"
URN = "urn:ietf:params:oauth:scope:mail"
ASKED: dict[str, Any] = {
    "client_name": "Mulberry", "redirect_uris": [BACK], "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
    "scope": f"{URN} offline_access", "software_id": "of no interest",
}  # fmt: skip


@pytest.fixture(autouse=True)
def is_on(settings: Settings) -> None:
    scopes = settings.OAUTH2_PROVIDER["SCOPES"] | SCOPES_OF_THE_DRAFT
    settings.MAIL_PROGRAM_REGISTRATION = True
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"SCOPES": scopes, "DCR_ENABLED": True}


def ask(said: object = None, address: str = "192.0.2.1", kind: str = "application/json", **more: Any) -> Any:
    body = json.dumps(ASKED | more if said is None else said)
    return Person().post(PATH, body, content_type=kind, REMOTE_ADDR=address)


def register(address: str = "192.0.2.1", **more: Any) -> str:
    answer = ask(address=address, **more)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["client_id"])


def window(person: Person, client_id: str, **more: str) -> Any:
    asked = {"response_type": "code", "client_id": client_id, "redirect_uri": "http://127.0.0.1:51234/back",
             "scope": f"{URN} offline_access", "state": "s" * 43, "code_challenge_method": "S256",
             "code_challenge": challenge()} | more  # fmt: skip
    sent = {name: value for name, value in asked.items() if value}
    return person.get("/openid/authorize/", sent, HTTP_ACCEPT_LANGUAGE="en")


def allow(person: Person, page: Any, answer: str = "allow") -> Any:
    sent = {name: value for name, value in page.context["form"].initial.items() if value}
    return person.post("/openid/authorize/", {**sent, answer: "on"})


def sign_in(person: Person, client_id: str) -> dict[str, Any]:
    back = allow(person, window(person, client_id))
    assert back.headers["Location"].startswith("http://127.0.0.1:51234/back?"), "its port of today"
    answer = Person().post("/openid/token/", {
        "grant_type": "authorization_code", "client_id": client_id, "code": query(back)["code"],
        "redirect_uri": "http://127.0.0.1:51234/back", "code_verifier": VERIFIER,
    })  # fmt: skip
    assert answer.status_code == 200, answer.content
    tokens: dict[str, Any] = answer.json()
    return tokens


@pytest.fixture
def dovecot(tmp_path: Any) -> MailServer:
    return MailServer(tmp_path, "dovecot", "--introspection")


# --- What it gets


def test_it_finds_the_address_registers_and_reads_mail(wangwu: Person, dovecot: MailServer) -> None:
    told = Person().get("/.well-known/oauth-authorization-server").json()
    assert told["registration_endpoint"].endswith(PATH)
    assert URN in told["scopes_supported"]
    made = ask()
    assert made.headers["Cache-Control"] == "no-store"
    client_id = made.json()["client_id"]
    assert made.json()["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in made.json()
    wangwu.arrive()
    tokens = sign_in(wangwu, client_id)
    said = dovecot.says(tokens["access_token"])
    assert said["username"] == "wangwu@example.edu"
    assert "mail" in said["scope"].split(), "mail servers look for that word"
    page = wangwu.get("/app-passwords/").content.decode()
    assert "Mulberry" in page
    row = page.partition('name="sign_out"')[2].partition('value="')[2].partition('"')[0]
    assert wangwu.post("/app-passwords/", {"sign_out": row}).status_code == 302
    assert dovecot.says(tokens["access_token"]) == {"active": False}


def test_people_are_asked_each_time_and_told_that_nobody_knows_it(wangwu: Person) -> None:
    client_id = register(client_name="IT Office")
    wangwu.arrive()
    for more in ({}, {"approval_prompt": "auto"}):
        page = window(wangwu, client_id, **more)
        assert "The IT office does not know this program" in page.content.decode()
        assert "wangwu@example.edu" in page.content.decode(), "who has two mailboxes sees which it is"
        policy = page.headers["Content-Security-Policy"]
        assert "form-action 'self' http://127.0.0.1:51234;" in f"{policy};", "or the browser stops after the form"
        assert query(allow(wangwu, page, "refuse"))["error"] == "access_denied"
        sign_in(wangwu, client_id)
        wangwu.arrive()
    assert "127.0.0.1" not in Person().get("/sign-in/").headers["Content-Security-Policy"]
    assert query(window(wangwu, client_id, prompt="none", scope="openid"))["error"] == "consent_required"


def test_a_program_on_a_phone_has_a_scheme_of_its_own(wangwu: Person) -> None:
    client_id, back = register(redirect_uris=["edu.example.mulberry:/back"]), "edu.example.mulberry:/back"
    wangwu.arrive()
    page = window(wangwu, client_id, redirect_uri=back)
    assert "form-action 'self' edu.example.mulberry:;" in page.headers["Content-Security-Policy"] + ";"
    assert allow(wangwu, page).headers["Location"].startswith(f"{back}?")


def test_it_needs_pkce(wangwu: Person) -> None:
    client_id = register()
    wangwu.arrive()
    assert query(window(wangwu, client_id, code_challenge="", code_challenge_method=""))["error"] == "invalid_request"
    assert not AccessToken.objects.exists()


def test_it_is_off_at_first(settings: Settings) -> None:
    settings.MAIL_PROGRAM_REGISTRATION = False
    assert ask().status_code == 404
    assert not Application.objects.exists()


# --- What it does not

NO_PROGRAM = [
    "https://evil.example/back", "http://evil.example/", "http://localhost/back", "http://127.0.0.1.evil.example/",
    "http://x@127.0.0.1/", "http://127.0.0.1:99999/", "http://127.0.0.1/#x", "http://127.0.0.1/ http://evil.example/",
    "javascript:alert(1)", "data:text/html,x", "mailto:/x", "edu.example:x", "edu.example://evil.example/back",
    "EDU.example:/back", " http://127.0.0.1/", "http://127.0.0.1/\u200b", "", "/back", "http://[::1", "x" * 201, 5,
    None,
]  # fmt: skip


@pytest.mark.bypass("a client that anybody may register leads codes to a site of his own")
@pytest.mark.parametrize("uri", NO_PROGRAM, ids=str)
def test_no_code_is_led_to_a_site(uri: object) -> None:
    for uris in ([uri], [BACK, uri]):
        answer = ask(redirect_uris=uris)
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_redirect_uri"}), uri
    assert not Application.objects.exists()


@pytest.mark.parametrize("uris", [[], None, BACK, {}, [BACK] * 6], ids=str)
def test_it_says_where_codes_go(uris: object) -> None:
    assert ask(redirect_uris=uris).json() == {"error": "invalid_redirect_uri"}


@pytest.mark.parametrize(
    "more",
    [
        {"token_endpoint_auth_method": "client_secret_basic"}, {"grant_types": ["password"]}, {"grant_types": "x"},
        {"grant_types": ["authorization_code", "client_credentials"]}, {"response_types": ["token"]},
        {"response_types": None}, {"client_name": ""}, {"client_name": None}, {"client_name": "\u200b"},
        {"client_name": "x" * 61}, {"client_name": ["x"]}, {"client_name": "a\x00b"},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_given_is_refused(more: dict[str, Any]) -> None:
    answer = ask(**more)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client_metadata"})
    assert not Application.objects.exists()


@pytest.mark.parametrize("said", [[], "x", 5, [ASKED]], ids=str)
def test_what_is_no_registration_is_refused(said: object) -> None:
    assert ask(said).status_code == 400


def test_no_page_of_the_web_registers_one() -> None:
    """A form or a script of another site sends this kind without asking the browser's leave."""
    assert ask(kind="text/plain").status_code == 400
    assert ask(client_name="x" * registration.UNUSED * 20).status_code == 400, "too long"
    assert not Application.objects.exists()


# --- How many, and for how long


def test_one_network_registers_so_many_an_hour(clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "HOURLY", 3)
    for number in range(3):
        register(f"2001:db8:1:{number}::1")
    answer = ask(address="2001:db8:1:9::1")
    assert (answer.status_code, answer.json()) == (429, {"error": "temporarily_unavailable"})
    register("2001:db8:2::1")
    register("192.0.2.1")
    clock.shift(timedelta(hours=1, seconds=1))
    register("2001:db8:1:9::1")


def test_what_nobody_lets_in_is_gone_after_an_hour(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch, wangwu: Person
) -> None:
    """And so many may wait at a time, from wherever they come."""
    monkeypatch.setattr(registration, "UNUSED", 2)
    wangwu.arrive()
    sign_in(wangwu, register("192.0.2.1"))
    register("192.0.2.2")
    register("192.0.2.3")
    assert ask(address="192.0.2.4").status_code == 429
    clock.shift(timedelta(hours=1, seconds=1))
    register("192.0.2.4")
    assert Application.objects.count() == 2
    clock.shift(timedelta(hours=2))
    upkeep.delete_expired()
    assert [row.used_at is not None for row in Application.objects.all()] == [True]


def test_one_that_was_let_in_is_kept_while_it_may_hold_something(clock: time_machine.Traveller, wangwu: Person) -> None:
    client_id = register()
    made = Application.objects.create(client_id="roundcube", name="made by the office")
    wangwu.arrive()
    sign_in(wangwu, client_id)
    clock.shift(timedelta(days=399))
    upkeep.delete_expired()
    assert Application.objects.filter(client_id=client_id).exists()
    clock.shift(timedelta(days=2))
    upkeep.delete_expired()
    assert list(Application.objects.all()) == [made]


# --- What the office sees


def test_the_office_sees_and_deletes_it(office: Person, wangwu: Person, dovecot: MailServer) -> None:
    client_id = register("198.51.100.7", client_name="Free Storage")
    register("198.51.100.8", client_name="Never used")
    wangwu.arrive()
    tokens = sign_in(wangwu, client_id)
    page = office.get("/admin/openid/application/?registered=yes", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "from 198.51.100.7<" in page
    assert "from 198.51.100.8, unused" in page
    assert ">dovecot<" not in page
    assert "Free Storage" not in office.get("/admin/openid/application/?registered=no").content.decode()
    [event, _other] = SecurityEvent.objects.filter(kind="application_registered").order_by("pk")
    assert (event.detail["application"], event.address, event.user) == ("Free Storage", "198.51.100.7", None)
    Application.objects.get(client_id=client_id).delete()
    assert dovecot.says(tokens["access_token"]) == {"active": False}


def test_who_is_disabled_is_out_there_too(wangwu: Person, dovecot: MailServer) -> None:
    wangwu.arrive()
    tokens = sign_in(wangwu, register())
    assert Application.objects.filter(used_at__lte=timezone.now()).count() == 1
    User.objects.filter(pk=wangwu.user.pk).update(is_active=False)  # type: ignore[union-attr]
    assert dovecot.says(tokens["access_token"]) == {"active": False}
