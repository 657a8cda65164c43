"""Thunderbird without an app password: the add-on, and what its tokens are worth."""

import json
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from lxml import etree
from pytest_django import Settings

from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from accounts.sessions.models import SignIn
from apppasswords.setup import addon
from tests.kit import upkeep
from tests.kit.people import Person
from tests.kit.sites import VERIFIER, MailServer, challenge, query

XPI = "/thunderbird.xpi"
BASE = "https://security.mail.example.edu"


@pytest.fixture
def client_id(settings: Settings, db: None) -> str:
    """As docs/mail-programs.md has it."""
    settings.PUBLIC_URL = BASE
    settings.THUNDERBIRD_CLIENT = "thunderbird"
    back = settings.PUBLIC_URL + reverse("thunderbird_back")
    options: dict[str, Any] = {"name": "Thunderbird", "public": True, "trusted": True, "scopes": "mail"}
    call_command("addclient", "thunderbird", redirect_uri=[back], stdout=StringIO(), **options)
    return "thunderbird"


@pytest.fixture
def dovecot(tmp_path: Any) -> MailServer:
    return MailServer(tmp_path, "dovecot", "--introspection")


def provider() -> dict[str, Any]:
    with ZipFile(BytesIO(addon.build())) as archive:
        assert archive.namelist() == ["manifest.json"], "nothing in it runs"
        found: dict[str, Any] = json.loads(archive.read("manifest.json"))["oauth_provider"]
    return found


def asked() -> dict[str, str]:
    about = provider()
    return {"response_type": "code", "client_id": about["clientId"], "scope": about["scopes"], "state": "s" * 43,
            "redirect_uri": about["redirectionEndpoint"], "code_challenge_method": "S256",
            "code_challenge": challenge()}  # fmt: skip


def window_opens(person: Person, **more: str) -> Any:
    return person.get(provider()["authorizationEndpoint"].removeprefix(BASE), asked() | more)


def exchange(code: str) -> Any:
    about = provider()
    return Person().post(about["tokenEndpoint"].removeprefix(BASE), {
        "grant_type": "authorization_code", "client_id": about["clientId"], "code": code,
        "redirect_uri": about["redirectionEndpoint"], "code_verifier": VERIFIER,
    })  # fmt: skip


def sign_in(person: Person) -> dict[str, Any]:
    """As Thunderbird does it, from what the add-on says."""
    about, came_back = provider(), window_opens(person)
    assert came_back.headers["Location"].startswith(about["redirectionEndpoint"] + "?")
    answer = exchange(query(came_back)["code"])
    assert answer.status_code == 200, answer.content
    tokens: dict[str, Any] = answer.json()
    return tokens


def refresh(tokens: dict[str, Any]) -> Any:
    kept = {"client_id": "thunderbird", "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    return Person().post("/openid/token/", kept)


def test_without_the_setting_there_is_none(client: Client) -> None:
    assert client.get(XPI).status_code == 404
    assert b"OAuth2" not in client.get("/mail/config-v1.1.xml").content
    assert XPI not in client.get("/guides/thunderbird/").content.decode()


def test_it_is_made_for_this_institution(client: Client, client_id: str) -> None:
    answer = client.get(XPI)
    assert answer.headers["Content-Type"] == "application/x-xpinstall"
    assert answer.content == addon.build() == client.get(XPI).content, "a policy compares it"
    about = provider()
    assert about["hostnames"] == ["imap.example.edu", "pop.example.edu", "smtp.example.edu"]
    assert (about["usePKCE"], "clientSecret" in about) == (True, False)
    assert XPI in client.get("/guides/thunderbird/").content.decode()
    assert XPI not in client.get("/guides/foxmail/").content.decode()
    assert client.get("/thunderbird/?code=x&state=y").status_code == 200, "no redirect: Thunderbird would miss it"


def test_autoconfig_names_the_token_first_and_the_password_after_it(client: Client, client_id: str) -> None:
    root = etree.fromstring(client.get("/mail/config-v1.1.xml").content)
    for server in root.iterfind(".//incomingServer"), root.iterfind(".//outgoingServer"):
        for one in server:
            assert [way.text for way in one.iterfind("authentication")] == ["OAuth2", "password-cleartext"]


@pytest.fixture
def window(wangwu: Person) -> Person:
    """The one that Thunderbird opens: a browser of its own, in which wangwu has just signed in."""
    window = Person(wangwu.user)
    window.arrive()
    return window


def sign_out_in_the_list(person: Person) -> int:
    """The first program that is listed."""
    page = person.get("/app-passwords/").content.decode()
    row = page.partition('name="sign_out"')[2].partition('value="')[2].partition('"')[0]
    return int(person.post("/app-passwords/", {"sign_out": row}).status_code)


def test_it_is_listed_and_only_its_owner_ends_it(
    client_id: str, wangwu: Person, zhangsan: Person, window: Person, dovecot: MailServer, settings: Settings
) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    wangwu.arrive()
    zhangsan.arrive()
    tokens, others = sign_in(window), sign_in(zhangsan)
    assert dovecot.says(tokens["access_token"])["scope"] == "mail"
    tokens = refresh(tokens).json()
    page = wangwu.get("/app-passwords/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert page.count('name="sign_out"') == 1
    assert "Thunderbird" in page
    row = page.partition('name="sign_out"')[2].partition('value="')[2].partition('"')[0]
    assert zhangsan.post("/app-passwords/", {"sign_out": row}).status_code == 302, "as if it were gone"
    assert dovecot.says(tokens["access_token"])["active"], "nobody else ends it"
    assert sign_out_in_the_list(wangwu) == 302
    assert dovecot.says(tokens["access_token"]) == {"active": False}
    assert refresh(tokens).status_code == 400
    assert dovecot.says(others["access_token"])["active"]
    assert Ending.objects.get().people == {"wangwu@example.edu": 0}, "what is connected ends"
    assert SecurityEvent.objects.get(kind="program_removed").detail == {"names": ["Thunderbird"]}
    assert wangwu.is_in(), "the browser in which it was pressed stays"


def asked_again(person: Person) -> bool:
    """Thunderbird opens its window once more: is it the page to sign in, or an answer to Thunderbird?"""
    return str(window_opens(person).headers["Location"]).startswith("/sign-in/?next=")


@pytest.mark.bypass("a program that was ended comes back by the session of its window")
def test_what_was_ended_comes_back_by_a_new_sign_in_alone(client_id: str, wangwu: Person, window: Person) -> None:
    wangwu.arrive()
    sign_in(window)
    assert asked_again(window), "each sign-in lets one in"
    assert sign_out_in_the_list(wangwu) == 302
    assert asked_again(window)
    assert "error=login_required" in window_opens(window, prompt="none").headers["Location"]
    window.arrive()
    sign_in(window)
    assert wangwu.get("/app-passwords/").content.count(b'name="sign_out"') == 1


@pytest.mark.bypass("somebody else at a computer on which its owner is signed in")
def test_who_signed_in_long_ago_signs_in_anew(clock: time_machine.Traveller, client_id: str, window: Person) -> None:
    clock.shift(timedelta(minutes=11))
    assert asked_again(window)
    form = asked() | {"allow": "yes"}
    assert window.post("/openid/authorize/", form).headers["Location"].startswith("/sign-in/")


def test_it_stays_when_its_window_is_signed_out_or_another_mailbox_signs_in_there(
    clock: time_machine.Traveller, client_id: str, window: Person, lisi: Person, dovecot: MailServer
) -> None:
    mine = sign_in(window)
    led = window_opens(window).headers["Location"]
    window.enter_password(name="lisi", next=unquote(led.partition("next=")[2]))
    others = sign_in(window)
    window.post("/sign-out/")
    clock.shift(timedelta(days=89))
    upkeep.delete_expired()
    for tokens, name in ((mine, "wangwu"), (others, "lisi")):
        fresh = refresh(tokens).json()
        assert dovecot.says(fresh["access_token"])["username"] == f"{name}@example.edu"


def test_after_ninety_days_it_is_out_and_what_it_has_open_ends(
    clock: time_machine.Traveller, client_id: str, window: Person, settings: Settings
) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    tokens = sign_in(window)
    clock.shift(timedelta(days=90, seconds=1))
    assert refresh(tokens).status_code == 400
    upkeep.delete_expired()
    assert Ending.objects.get().people == {"wangwu@example.edu": 0}


def test_by_a_trusted_browser_it_stays_as_long_as_that(
    clock: time_machine.Traveller, client_id: str, wangwu: Person
) -> None:
    wangwu.enter_password()
    wangwu.enter_code(trust_browser="on")
    clock.shift(timedelta(days=20))
    wangwu.enter_password()
    tokens = sign_in(wangwu)
    clock.shift(timedelta(days=9))
    tokens = refresh(tokens).json()
    clock.shift(timedelta(days=2))
    assert refresh(tokens).status_code == 400


def test_a_temporary_sign_in_leaves_none_behind(clock: time_machine.Traveller, client_id: str, wangwu: Person) -> None:
    wangwu.enter_password(temporary="on")
    wangwu.enter_code()
    tokens = sign_in(wangwu)
    clock.shift(timedelta(minutes=31))
    assert refresh(tokens).status_code == 400


@pytest.mark.parametrize("way", ["all", "sign-in", "password"])
def test_other_ends(client_id: str, wangwu: Person, window: Person, dovecot: MailServer, way: str) -> None:
    wangwu.arrive()
    token = sign_in(window)["access_token"]
    if way == "all":
        wangwu.post("/app-passwords/remove-all/")
    elif way == "sign-in":
        wangwu.post(
            "/security/activity/sign-out/", {"browser": SignIn.objects.get(session=window.session["sign_in"]).pk}
        )
    else:
        assert wangwu.user
        wangwu.user.set_password("correct-horse-2027")
        wangwu.user.save()
    assert dovecot.says(token) == {"active": False}


def test_a_window_that_is_signed_out_meanwhile_lets_none_in(client_id: str, wangwu: Person, window: Person) -> None:
    wangwu.arrive()
    code = query(window_opens(window))["code"]
    row = SignIn.objects.get(session=window.session["sign_in"])
    wangwu.post("/security/activity/sign-out/", {"browser": row.pk})
    assert exchange(code).status_code == 400


def test_a_stolen_code_is_worth_nothing_without_what_thunderbird_knows(client_id: str, wangwu: Person) -> None:
    """The page that a code comes back to is the portal's own, and there is no secret: PKCE is what protects it."""
    wangwu.arrive()
    without = {name: text for name, text in asked().items() if not name.startswith("code_challenge")}
    assert query(wangwu.get("/openid/authorize/", without))["error"] == "invalid_request"
    code = query(window_opens(wangwu))["code"]
    for verifier in ({}, {"code_verifier": "w" * 50}):
        answer = Person().post("/openid/token/", {
            "grant_type": "authorization_code", "client_id": client_id, "code": code,
            "redirect_uri": provider()["redirectionEndpoint"], **verifier,
        })  # fmt: skip
        assert answer.status_code == 400
