"""Thunderbird without an app password: the add-on, and what its tokens are worth."""

import json
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from lxml import etree
from pytest_django import Settings

from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from apppasswords.setup import addon
from tests.kit.people import Person
from tests.kit.sites import VERIFIER, MailServer, challenge, query

XPI = "/thunderbird.xpi"


@pytest.fixture
def client_id(settings: Settings, db: None) -> str:
    """As docs/mail-programs.md has it."""
    settings.PUBLIC_URL = "https://security.mail.example.edu"
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


def sign_in(person: Person) -> dict[str, Any]:
    """As Thunderbird does it, from what the add-on says."""
    about, base = provider(), "https://security.mail.example.edu"
    asked = {"response_type": "code", "client_id": about["clientId"], "scope": about["scopes"], "state": "s" * 43,
             "redirect_uri": about["redirectionEndpoint"], "code_challenge_method": "S256",
             "code_challenge": challenge()}  # fmt: skip
    came_back = person.get(about["authorizationEndpoint"].removeprefix(base), asked)
    assert came_back.headers["Location"].startswith(about["redirectionEndpoint"] + "?")
    answer = Person().post(about["tokenEndpoint"].removeprefix(base), {
        "grant_type": "authorization_code", "client_id": about["clientId"], "code": query(came_back)["code"],
        "redirect_uri": about["redirectionEndpoint"], "code_verifier": VERIFIER,
    })  # fmt: skip
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


def test_a_token_lasts_as_its_sign_in_and_is_listed(
    client_id: str, wangwu: Person, zhangsan: Person, dovecot: MailServer, settings: Settings
) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    wangwu.arrive()
    zhangsan.arrive()
    tokens, others = sign_in(wangwu), sign_in(zhangsan)
    assert dovecot.says(tokens["access_token"])["scope"] == "mail"
    tokens = refresh(tokens).json()
    page = wangwu.get("/app-passwords/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert page.count('name="sign_out"') == 1
    assert "Thunderbird" in page
    row = page.partition('name="sign_out"')[2].partition('value="')[2].partition('"')[0]
    assert zhangsan.post("/app-passwords/", {"sign_out": row}).status_code == 404
    assert dovecot.says(tokens["access_token"])["active"], "nobody else ends it"
    assert wangwu.post("/app-passwords/", {"sign_out": row}).status_code == 302
    assert dovecot.says(tokens["access_token"]) == {"active": False}
    assert refresh(tokens).status_code == 400
    assert dovecot.says(others["access_token"])["active"]
    assert Ending.objects.get().people == {"wangwu@example.edu": 0}, "what is connected ends"
    assert SecurityEvent.objects.get(kind="program_removed").detail == {"names": ["Thunderbird"]}
    assert wangwu.is_in(), "the browser in which it was pressed stays"


@pytest.mark.parametrize("way", ["all", "sign out", "password"])
def test_other_ends(client_id: str, wangwu: Person, dovecot: MailServer, way: str) -> None:
    wangwu.arrive()
    token = sign_in(wangwu)["access_token"]
    if way == "all":
        wangwu.post("/app-passwords/remove-all/")
    elif way == "sign out":
        wangwu.post("/sign-out/")
    else:
        assert wangwu.user
        wangwu.user.set_password("correct-horse-2027")
        wangwu.user.save()
    assert dovecot.says(token) == {"active": False}


def test_a_stolen_code_is_worth_nothing_without_what_thunderbird_knows(client_id: str, wangwu: Person) -> None:
    """The page that a code comes back to is the portal's own, and there is no secret: PKCE is what protects it."""
    wangwu.arrive()
    asked = {"response_type": "code", "client_id": client_id, "scope": "mail", "state": "s",
             "redirect_uri": provider()["redirectionEndpoint"]}  # fmt: skip
    assert query(wangwu.get("/openid/authorize/", asked))["error"] == "invalid_request"
    asked |= {"code_challenge": challenge(), "code_challenge_method": "S256"}
    code = query(wangwu.get("/openid/authorize/", asked))["code"]
    for verifier in ({}, {"code_verifier": "w" * 50}):
        answer = Person().post("/openid/token/", {
            "grant_type": "authorization_code", "client_id": client_id, "code": code,
            "redirect_uri": provider()["redirectionEndpoint"], **verifier,
        })  # fmt: skip
        assert answer.status_code == 400
