"""Other sites sign people in through the portal: the way there and back, and out."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
import time_machine
from django.core.management import call_command
from jwcrypto import jwk, jwt
from pytest_django import Settings

from accounts.sessions.models import Authorization
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.apps import STEP, add_app, shows
from tests.kit.passkeys import SecurityKey, add_passkey
from tests.kit.people import NUMBER, Person, code_from_phone
from tests.kit.sites import BACK, MailServer, Site, code_in, query

pytestmark = pytest.mark.django_db

MFA = "https://refeds.org/profile/mfa"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


# --- There and back --------------------------------------------------------------------------------------------------


def test_whoever_is_in_comes_back_with_a_code(wangwu: Person, webmail: Site) -> None:
    wangwu.arrive()
    answer = query(webmail.open(wangwu))
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("s-1", "http://localhost:8000")


def test_from_webmail_through_the_whole_sign_in_and_back(zhangsan: Person, webmail: Site) -> None:
    """No phone yet: password, binding, back. Then with a code, then by the trusted browser."""
    led = webmail.open(zhangsan)
    assert led.headers["Location"].startswith("/sign-in/?next=")
    there = unquote(led.headers["Location"].partition("next=")[2])
    assert zhangsan.enter_password(next=there).headers["Location"] == "/sign-in/phone/"
    assert zhangsan.bind().headers["Location"] == there
    code_in(zhangsan.get(there))
    zhangsan.post("/sign-out/")
    zhangsan.enter_password(next=there)
    assert zhangsan.enter_code(trust_browser="on").headers["Location"] == there
    zhangsan.post("/sign-out/")
    assert zhangsan.enter_password(next=there).headers["Location"] == there
    code_in(zhangsan.get(there))


def test_who_is_half_way_comes_back_too(wangwu: Person, webmail: Site) -> None:
    wangwu.enter_password()
    assert webmail.open(wangwu).headers["Location"] == "/sign-in/code/"
    assert wangwu.enter_code().headers["Location"].startswith("/openid/authorize/?")


@pytest.mark.bypass("row 15: a session from before two-step was switched on")
def test_a_session_from_before_two_step_gets_no_token(make_user: MakeUser, webmail: Site) -> None:
    lisi = Person(make_user("lisi", two_step=False, phone=NUMBER))
    lisi.arrive()
    User.objects.update(two_step_from="2026-01-01T00:00Z")
    assert webmail.open(lisi).headers["Location"] == "/sign-in/code/"
    lisi.post("/sign-in/code/", {"send": "1"})
    assert lisi.enter_code().headers["Location"].startswith("/openid/authorize/?")


def test_who_must_choose_a_new_password_does_that_first(wangwu: Person, webmail: Site) -> None:
    wangwu.arrive()
    User.objects.update(must_change_password=True)
    assert webmail.open(wangwu).headers["Location"] == "/security/password/"


def test_the_form_may_end_at_webmail(wangwu: Person, webmail: Site) -> None:
    """Browsers hold the policy for forms against redirects after them."""
    policy = wangwu.get("/sign-in/").headers["Content-Security-Policy"]
    assert "form-action 'self' https://webmail.example.edu;" in policy + ";"
    wangwu.arrive()
    assert "webmail" not in wangwu.get("/").headers["Content-Security-Policy"]


def test_an_application_that_is_not_trusted_asks(wangwu: Person, tmp_path: Path) -> None:
    cloud = Site(tmp_path, "cloud", "--without-pkce", "--name", "校园云盘", "--scopes", "openid email")
    wangwu.arrive()
    page = cloud.open(wangwu, scope="openid email")
    assert "校园云盘" in page.content.decode()
    fields = page.context["form"].initial
    sent = {name: value for name, value in fields.items() if value}
    refused = wangwu.post("/openid/authorize/", sent)
    assert query(refused)["error"] == "access_denied"
    assert not Authorization.objects.exists()
    assert cloud.exchange(code_in(wangwu.post("/openid/authorize/", {**sent, "allow": "on"}))).status_code == 200


@pytest.mark.parametrize("trusted", [True, False])
def test_an_answer_without_any_page(wangwu: Person, webmail: Site, tmp_path: Path, *, trusted: bool) -> None:
    site = webmail if trusted else Site(tmp_path, "cloud", "--without-pkce", "--scopes", "openid email mail")
    assert query(site.open(wangwu, prompt="none"))["error"] == ("login_required" if trusted else "consent_required")
    wangwu.enter_password()
    assert "error" in query(site.open(wangwu, prompt="none")), "half-way"
    wangwu.enter_code()
    answer = query(site.open(wangwu, prompt="none"))
    assert ("code" in answer) if trusted else (answer["error"] == "consent_required")


def test_a_fresh_sign_in_can_be_asked_for(wangwu: Person, webmail: Site, clock: time_machine.Traveller) -> None:
    wangwu.arrive()
    clock.shift(60)
    code_in(webmail.open(wangwu, max_age="3600"))
    for asked in ({"prompt": "login"}, {"max_age": "30"}):
        led = webmail.open(wangwu, **asked).headers["Location"]
        assert led.startswith("/sign-in/?next=")
        assert wangwu.get(led).status_code == 200
        wangwu.enter_password(next=unquote(led.partition("next=")[2]))
        clock.shift(60)
        wangwu.post("/sign-in/code/", {"send": "1"})
        code_in(wangwu.get(wangwu.enter_code().headers["Location"]))
        clock.shift(60)


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}], ids=str)
def test_nothing_ends_before_the_fresh_sign_in_is_done(
    wangwu: Person, webmail: Site, asked: dict[str, str], settings: Settings
) -> None:
    """Any page of the web can lead here: a link, a picture."""
    settings.SMS_RESEND_AFTER = timedelta()
    wangwu.arrive()
    tokens = webmail.tokens(wangwu)
    led = webmail.open(wangwu, **asked).headers["Location"]
    steps: list[Callable[[], object]] = [
        lambda: wangwu.get(led),
        lambda: wangwu.post(led, {"username": "wangwu", "password": "wrong"}),
        lambda: wangwu.enter_password(next=unquote(led.partition("next=")[2])),
        lambda: wangwu.get("/sign-in/code/"),
        lambda: wangwu.post("/sign-in/code/", {"code": "no code"}),
    ]
    for step in steps:
        step()
        assert wangwu.is_in()
        assert webmail.who(tokens["access_token"]).status_code == 200
    key = wangwu.cookies["session"].value
    code_in(wangwu.get(wangwu.enter_code().headers["Location"]))
    assert wangwu.cookies["session"].value != key
    assert webmail.who(tokens["access_token"]).status_code == 401


def test_only_who_is_asked_to_sign_in_again_sees_the_form(wangwu: Person, webmail: Site) -> None:
    wangwu.arrive()
    led = webmail.open(wangwu, prompt="login").headers["Location"]
    assert wangwu.get("/sign-in/").headers["Location"] == "/"
    assert wangwu.get(led.replace("state", "else")).status_code == 302
    wangwu.enter_password(name="nobody@example.edu", next=unquote(led.partition("next=")[2]))
    assert wangwu.is_in()


def test_only_an_application_can_ask_for_a_fresh_sign_in(wangwu: Person, webmail: Site) -> None:
    wangwu.arrive()
    assert webmail.open(wangwu, prompt="login", client_id="nobody").status_code == 400
    assert wangwu.is_in()


# --- What is said about the person -----------------------------------------------------------------------------------


def test_who_somebody_is(wangwu: Person, webmail: Site) -> None:
    wangwu.arrive()
    tokens = webmail.tokens(wangwu, scope="openid email profile mail", nonce="n-1")
    assert wangwu.user
    said = {"sub": str(wangwu.user.pk), "email": "wangwu@example.edu", "email_verified": True, "name": "王五",
            "amr": ["pwd", "sms", "mfa"], "acr": MFA,
            "preferred_username": "wangwu@example.edu"}  # fmt: skip
    assert webmail.who(tokens["access_token"]).json() == said
    keys = jwk.JWKSet.from_json(webmail.server.get("/openid/jwks/").content.decode())
    claims = json.loads(jwt.JWT(key=keys, jwt=tokens["id_token"], algs=["RS256"]).claims)
    assert claims | said == claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == ("http://localhost:8000", "webmail", "n-1")


def test_what_was_not_asked_for_is_not_said(wangwu: Person, webmail: Site) -> None:
    wangwu.arrive()
    assert webmail.who(webmail.tokens(wangwu, scope="openid")["access_token"]).json().keys() == {"sub", "amr", "acr"}


def test_how_somebody_signed_in_is_said_as_it_was(
    wangwu: Person, lisi: Person, webmail: Site, clock: time_machine.Traveller
) -> None:
    def said(person: Person) -> tuple[list[str], str]:
        who = webmail.who(webmail.tokens(person, scope="openid")["access_token"]).json()
        return who["amr"], who["acr"]

    wangwu.sign_in(trust_browser="on")
    key = add_app(wangwu)
    assert said(wangwu) == (["pwd", "otp", "mfa"], MFA)
    wangwu.post("/sign-out/")
    clock.shift(STEP * 2)
    wangwu.enter_password()
    wangwu.post("/sign-in/app/", {"code": shows(key), "trust_browser": "on"})
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    assert wangwu.is_in()
    assert said(wangwu) == (["pwd"], PASSWORD), "a trusted browser has shown nothing new"
    lisi.arrive()
    assert said(lisi) == (["pwd"], PASSWORD)


def test_a_passkey_is_said_as_what_it_is(wangwu: Person, webmail: Site) -> None:
    wangwu.arrive()
    for synced, method in ((False, "hwk"), (True, "swk")):
        add_passkey(wangwu, SecurityKey(synced))
        who = webmail.who(webmail.tokens(wangwu, scope="openid")["access_token"]).json()
        assert (who["amr"], who["acr"]) == (["pwd", method, "mfa"], MFA)


# --- Out -------------------------------------------------------------------------------------------------------------


def test_signing_out_of_webmail_signs_out_here(wangwu: Person, tmp_path: Path, dovecot: MailServer) -> None:
    site = Site(tmp_path, "webmail", "--trusted", "--without-pkce")
    call_command(
        "addclient",
        "webmail",
        "--trusted",
        "--without-pkce",
        redirect_uri=[BACK],
        sign_out_uri=["https://webmail.example.edu/"],
        secret_file=str(tmp_path / "webmail.secret"),
    )
    wangwu.arrive()
    tokens = site.tokens(wangwu, scope="openid")
    asked = {"client_id": "webmail", "post_logout_redirect_uri": "https://webmail.example.edu/", "state": "x"}
    page = wangwu.get("/openid/logout/", asked)
    assert page.status_code == 200, "without proof that it comes from the application, the person is asked"
    assert wangwu.is_in()
    out = wangwu.get("/openid/logout/", {**asked, "id_token_hint": tokens["id_token"]})
    assert out.headers["Location"] == "https://webmail.example.edu/?state=x"
    assert not wangwu.is_in()
    assert dovecot.says(tokens["access_token"]) == {"active": False}


@pytest.mark.bypass("row 39")
def test_nobody_is_led_anywhere_after_signing_out(wangwu: Person, webmail: Site) -> None:
    wangwu.arrive()
    asked = {"client_id": "webmail", "post_logout_redirect_uri": "https://evil.example/"}
    assert wangwu.get("/openid/logout/", asked).status_code == 400
    assert wangwu.is_in()


def test_the_code_is_in_the_sms(zhangsan: Person, webmail: Site) -> None:
    """The way through webmail sends what the way through the portal sends."""
    webmail.open(zhangsan)
    zhangsan.enter_password()
    zhangsan.bind()
    assert len(code_from_phone(NUMBER)) == 6
