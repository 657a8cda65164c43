"""What attackers do to a sign-in by OpenID Connect."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.openid.models import AccessToken, Application, Grant, RefreshToken
from accounts.sessions.models import Authorization
from tests.conftest import MakeUser
from tests.kit.people import PASSWORD, Person
from tests.kit.sites import BACK, SECRET, VERIFIER, MailServer, Site, challenge, code_in, query
from tests.kit.snapshots import everything

pytestmark = pytest.mark.django_db


@pytest.fixture
def webmail(tmp_path: Path) -> Site:
    return Site(tmp_path, "webmail", "--trusted", "--without-pkce", "--scopes", "openid email mail")


@pytest.fixture
def cloud(tmp_path: Path) -> Site:
    """It must use PKCE, and may not read mail."""
    return Site(tmp_path, "cloud", "--trusted", "--scopes", "openid email")


# --- Where people are led --------------------------------------------------------------------------------------------

ELSEWHERE = [
    "https://evil.example/", "https://webmail.example.edu.evil.example/index.php/login/oauth", f"{BACK}/../../evil",
    f"{BACK}?next=//evil.example", f"{BACK}#x", "https://evil@webmail.example.edu/index.php/login/oauth",
    "http://webmail.example.edu/index.php/login/oauth", "https://webmail.example.edu:444/index.php/login/oauth",
    "//evil.example", "javascript:alert(1)", "data:text/html,x", "", BACK.upper(), f"{BACK} https://evil.example/",
    "https://webmail.example.edu\\@evil.example/index.php/login/oauth", f"\t{BACK}", f"{BACK}%0d%0aX: y",
]  # fmt: skip


@pytest.mark.bypass("row 39: an open redirect through redirect_uri")
@pytest.mark.parametrize("uri", ELSEWHERE)
@pytest.mark.parametrize("more", [{}, {"prompt": "none"}, {"scope": "nonsense"}, {"response_type": "token"}], ids=str)
def test_nobody_is_led_elsewhere(wangwu: Person, webmail: Site, uri: str, more: dict[str, str]) -> None:
    """Nor with an error in the address: not before the sign-in, not after it."""
    stranger = webmail.open(Person(), redirect_uri=uri, **more)
    assert stranger.status_code == 400 or stranger.headers["Location"].startswith("/sign-in/?next=/openid/authorize/")
    if uri:  # without one, the only registered address is meant
        wangwu.arrive()
        answer = webmail.open(wangwu, redirect_uri=uri, **more)
        assert answer.status_code == 400
        assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "response_type", ["token", "id_token", "id_token token", "code token", "code id_token", "none", "", "code code"]
)
def test_only_codes_are_handed_out(wangwu: Person, webmail: Site, response_type: str) -> None:
    wangwu.arrive()
    answer = webmail.open(wangwu, response_type=response_type)
    assert answer.status_code == 400 or "error" in query(answer)
    assert not Grant.objects.exists()


@pytest.mark.bypass("row 38: a page of somebody else sends the consent")
def test_consent_is_given_on_our_page_only(wangwu: Person, tmp_path: Path) -> None:
    site = Site(tmp_path, "shop", "--without-pkce", "--scopes", "openid email mail")
    wangwu.arrive()
    wangwu.handler.enforce_csrf_checks = True
    assert wangwu.post("/openid/authorize/", {**site.asked(), "allow": "on"}).status_code == 403
    assert not Authorization.objects.exists()


@pytest.mark.bypass("missing state, without PKCE: somebody else's answer is slipped in")
def test_who_has_no_pkce_sends_a_state(wangwu: Person, webmail: Site, cloud: Site) -> None:
    wangwu.arrive()
    assert query(webmail.open(wangwu, state=None))["error"] == "invalid_request"
    with_pkce = {"state": None, "scope": "openid", "code_challenge": challenge(), "code_challenge_method": "S256"}
    assert code_in(cloud.open(wangwu, **with_pkce))


# --- Codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.bypass("code replay")
def test_a_code_that_comes_twice_ends_what_it_opened(wangwu: Person, webmail: Site, dovecot: MailServer) -> None:
    wangwu.arrive()
    code = code_in(webmail.open(wangwu))
    tokens = webmail.exchange(code).json()
    assert dovecot.says(tokens["access_token"])["active"]
    assert webmail.exchange(code).json() == {"error": "invalid_grant"}
    assert not dovecot.says(tokens["access_token"])["active"]
    assert webmail.refresh(tokens["refresh_token"]).json() == {"error": "invalid_grant"}


@pytest.mark.bypass("code of another application")
def test_a_code_is_for_one_application(wangwu: Person, webmail: Site, cloud: Site, tmp_path: Path) -> None:
    other = Site(tmp_path, "other", "--trusted", "--without-pkce", "--scopes", "openid email mail")
    wangwu.arrive()
    code = code_in(webmail.open(wangwu))
    for site in (other, cloud):
        assert site.exchange(code).json() == {"error": "invalid_grant"}
    assert webmail.exchange(code).status_code == 200, "and is not used up by it"


@pytest.mark.parametrize(
    "changed",
    [{"client_secret": "wrong"}, {"client_secret": ""}, {"redirect_uri": "https://evil.example/"}, {"code": "guessed"},
     {"code": "%00"}, {"code": "\0"}, {"client_id": "\0"}, {"grant_type": "password", "username": "wangwu@example.edu",
     "password": PASSWORD}, {"grant_type": "client_credentials"}, {"grant_type": "nonsense"}, {"grant_type": ""},
     {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}],
    ids=str,
)  # fmt: skip
def test_no_token_for_less(wangwu: Person, webmail: Site, changed: dict[str, str]) -> None:
    wangwu.arrive()
    asked = {"grant_type": "authorization_code", "code": code_in(webmail.open(wangwu)), "redirect_uri": BACK}
    response = webmail.post("token", **asked | changed)
    assert response.status_code in (400, 401)
    assert not AccessToken.objects.exists()


# --- PKCE ------------------------------------------------------------------------------------------------------------


@pytest.mark.bypass("PKCE downgrade")
def test_pkce_is_not_left_out(wangwu: Person, cloud: Site, webmail: Site) -> None:
    wangwu.arrive()
    scope = {"scope": "openid"}
    assert query(cloud.open(wangwu, **scope))["error"] == "invalid_request"
    plain = {"code_challenge": VERIFIER, "code_challenge_method": "plain"}
    assert query(cloud.open(wangwu, **scope, **plain))["error"] == "invalid_request"
    assert query(cloud.open(wangwu, **scope, code_challenge=VERIFIER))["error"] == "invalid_request"
    hashed = {"code_challenge": challenge(), "code_challenge_method": "S256"}
    for sent in ({}, {"code_verifier": "w" * 50}, {"code_verifier": challenge()}):
        answer = cloud.exchange(code_in(cloud.open(wangwu, **scope, **hashed)), **sent)
        assert answer.status_code == 400, sent
    assert cloud.exchange(code_in(cloud.open(wangwu, **scope, **hashed)), code_verifier=VERIFIER).status_code == 200
    # The challenge was taken out on the way there; the application, which sent one, comes with its verifier.
    assert webmail.exchange(code_in(webmail.open(wangwu)), code_verifier=VERIFIER).status_code == 400


# --- Scopes and other people -----------------------------------------------------------------------------------------


@pytest.mark.bypass("scope widening")
def test_nobody_gets_more_than_was_listed_or_allowed(
    wangwu: Person, webmail: Site, cloud: Site, dovecot: MailServer
) -> None:
    wangwu.arrive()
    hashed = {"code_challenge": challenge(), "code_challenge_method": "S256"}
    assert query(cloud.open(wangwu, scope="openid mail", **hashed))["error"] == "invalid_scope"
    tokens = webmail.exchange(code_in(webmail.open(wangwu, scope="openid email")), scope="openid email mail").json()
    assert dovecot.says(tokens["access_token"])["scope"] == "openid email"
    assert webmail.refresh(tokens["refresh_token"], scope="openid email mail").json() == {"error": "invalid_scope"}
    again = webmail.refresh(tokens["refresh_token"]).json()
    assert dovecot.says(again["access_token"])["scope"] == "openid email"


def test_what_is_no_longer_listed_is_not_refreshed_for_another(wangwu: Person, webmail: Site, cloud: Site) -> None:
    """A refresh token is the application's own, too."""
    wangwu.arrive()
    tokens = webmail.tokens(wangwu)
    assert cloud.refresh(tokens["refresh_token"]).json() == {"error": "invalid_grant"}
    assert webmail.server.post(
        "/openid/revoke/", {"client_id": "cloud", "client_secret": SECRET, "token": tokens["access_token"]}
    ).status_code == 200  # fmt: skip
    assert webmail.who(tokens["access_token"]).status_code == 200, "another application cannot revoke it"


def test_only_mail_servers_ask_about_tokens(wangwu: Person, webmail: Site, dovecot: MailServer) -> None:
    wangwu.arrive()
    token = webmail.tokens(wangwu)["access_token"]
    ask = webmail.server.post
    assert ask("/openid/introspect/", {"token": token}).status_code == 403
    assert ask("/openid/introspect/", {"token": token}, headers={"authorization": f"Bearer {token}"}).status_code == 403
    assert webmail.post("introspect", token=token).status_code == 403
    wrong = {"client_id": "dovecot", "client_secret": "wrong", "token": token}
    assert ask("/openid/introspect/", wrong).status_code == 403
    assert dovecot.says(token)["username"] == "wangwu@example.edu"
    assert dovecot.says("guessed") == {"active": False}


def _as_password(person: Person, token: str) -> bool:
    return bool(person.enter_password(token).status_code == 302)


def _as_bearer(person: Person, token: str) -> bool:
    return bool(person.get("/", headers={"authorization": f"Bearer {token}"}).status_code == 200)


@pytest.mark.bypass("row 24: a token opens the portal")
@pytest.mark.parametrize("use", [_as_password, _as_bearer], ids=lambda use: use.__name__.strip("_"))
@pytest.mark.parametrize("kind", ["access_token", "refresh_token", "id_token"])
def test_a_token_opens_no_page_here(
    use: Callable[[Person, str], bool], kind: str, make_user: MakeUser, webmail: Site
) -> None:
    owner = Person(make_user("zhaoliu", phone="13600136000"))
    owner.arrive()
    token = webmail.tokens(owner)[kind]
    assert not use(Person(owner.user), token)
    if kind != "access_token":
        assert webmail.who(token).status_code == 401


@pytest.mark.bypass("row 42: secrets in the database")
def test_nothing_is_kept_in_clear(wangwu: Person, webmail: Site) -> None:
    wangwu.arrive()
    unused = code_in(webmail.open(wangwu))
    tokens = webmail.tokens(wangwu)
    tokens |= webmail.refresh(tokens["refresh_token"]).json()
    kept = str(everything())
    for secret in (unused, tokens["access_token"], tokens["refresh_token"], tokens["id_token"], SECRET):
        assert secret not in kept
    assert {*AccessToken.objects.values_list("token"), *RefreshToken.objects.values_list("token")} == {("",)}


def test_a_secret_is_shown_once_in_the_administration(clerk: Person) -> None:
    clerk.arrive()
    new = {"name": "Nextcloud", "client_id": "nextcloud", "client_type": "confidential", "scopes": ["openid", "email"],
           "redirect_uris": "https://cloud.example.edu/back", "requires_pkce": "on"}  # fmt: skip
    page = clerk.post("/admin/openid/application/add/", new)
    secret = page.context["secret"]
    assert secret in page.content.decode()
    application = Application.objects.get(client_id="nextcloud")
    assert application.scopes == "openid email"
    change = f"/admin/openid/application/{application.pk}/change/"
    assert secret not in clerk.get(change).content.decode()
    assert application.client_secret not in clerk.get(change).content.decode()
    assert secret not in str(everything())
    kept = application.client_secret
    assert clerk.post(change, {**new, "name": "Cloud"}).status_code == 302
    application.refresh_from_db()
    assert (application.name, application.client_secret) == ("Cloud", kept)
    assert clerk.post(change, {**new, "new_secret": "on"}).context["secret"] != secret


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "ftp://cloud.example.edu/", "https://*.example.edu/", "cloud"])
def test_no_application_with_a_wrong_address(clerk: Person, uri: str) -> None:
    clerk.arrive()
    new = {"name": "X", "client_id": "x", "client_type": "confidential", "scopes": ["openid"], "redirect_uris": uri}
    assert clerk.post("/admin/openid/application/add/", new).status_code == 200
    assert not Application.objects.exists()


# --- What stands in an address stands in logs ------------------------------------------------------------------------


def test_no_secret_is_taken_from_an_address(wangwu: Person, webmail: Site) -> None:
    wangwu.arrive()
    token = webmail.tokens(wangwu)["access_token"]
    ask = webmail.server.get
    assert webmail.who(token).status_code == 200
    assert ask(f"/openid/userinfo/?access_token={token}").status_code == 400
    assert (
        ask(f"/openid/userinfo/?access_token={token}", headers={"authorization": f"Bearer {token}"}).status_code == 400
    )
    assert webmail.server.post("/openid/userinfo/", {"access_token": token}).status_code == 400
    for page, name in (("token", "code"), ("token", "client_secret"), ("revoke", "token"), ("introspect", "token")):
        assert webmail.post(f"{page}/?{name}={token}&x=").json() == {"error": "invalid_request"}, (page, name)
    assert webmail.who(token).status_code == 200, "nothing of it ended anything"


def _hint(claims: object, head: object = {"alg": "RS256"}, signature: bytes = b"x") -> str:
    parts = (json.dumps(head).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


HINTS = [
    "x", "a.b.c", "a.b.c.d.e", "...", "\0", "{}", '{"payload": "e30", "signature": "..", "protected": ""}', "中.文.字",
    _hint({}), _hint([]), _hint(7), _hint({"aud": "webmail", "jti": "x"}), _hint({"aud": "nobody"}), _hint({"aud": 7}),
    _hint({"aud": [["webmail"]]}), _hint({"aud": "\0"}), _hint({"aud": "webmail"}, {"alg": "none"}, b""),
    _hint({"aud": "webmail"}, {"alg": "HS256", "kid": [1]}), _hint({}, 7), _hint({}, {"alg": "RS256", "crit": ["x"]}),
]  # fmt: skip


@pytest.mark.parametrize("hint", HINTS)
def test_a_made_up_hint_signs_nobody_out(wangwu: Person, webmail: Site, hint: str) -> None:
    """It would, without asking, if it were ours."""
    wangwu.arrive()
    assert wangwu.get("/openid/logout/", {"client_id": "webmail", "id_token_hint": hint}).status_code in {200, 400}
    assert wangwu.is_in()


def test_signing_out_for_a_client_that_is_none(wangwu: Person) -> None:
    for how in (wangwu.get, wangwu.post):
        assert how("/openid/logout/", {"client_id": "nobody"}).status_code == 400
