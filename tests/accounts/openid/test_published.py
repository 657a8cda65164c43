"""What the portal publishes of itself as OpenID provider: where its addresses are, what it takes, its keys."""

from pathlib import Path

import pytest
from jwcrypto import jwk, jwt
from pytest_django import Settings

from portal.settings import development_key
from tests.kit.people import Person
from tests.kit.sites import Site

pytestmark = pytest.mark.django_db


def test_discovery(webmail: Site) -> None:
    found = webmail.server.get("/.well-known/openid-configuration").json()
    assert found["issuer"] == "http://localhost:8000"
    assert found["response_types_supported"] == ["code"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert set(found["scopes_supported"]) == {"openid", "email", "profile", "mail"}
    for name in ("authorization", "token", "userinfo", "end_session"):
        assert found[f"{name}_endpoint"].startswith("http://localhost:8000/openid/")


def test_programs_are_told_the_same(webmail: Site) -> None:
    """RFC 8414, and nothing there that would be refused."""
    of_openid = webmail.server.get("/.well-known/openid-configuration").json()
    answer = webmail.server.get("/.well-known/oauth-authorization-server")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    told = answer.json()
    both = told.keys() & of_openid.keys()
    assert {"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "scopes_supported"} <= both
    for name in both - {"scopes_supported"}:
        assert told[name] == of_openid[name], name
    assert set(told["scopes_supported"]) == set(of_openid["scopes_supported"])
    assert "none" in told["token_endpoint_auth_methods_supported"], "programs have no secret"
    assert told["authorization_response_iss_parameter_supported"] is True
    assert {name for name in told if name.endswith("_endpoint")} == {
        "authorization_endpoint", "token_endpoint", "revocation_endpoint",
    }  # fmt: skip
    assert sorted(told["grant_types_supported"]) == ["authorization_code", "refresh_token"]
    for grant_type in ("password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:device_code"):
        assert webmail.post("token", grant_type=grant_type).json() == {"error": "unsupported_grant_type"}


def test_an_old_key_still_verifies(wangwu: Person, webmail: Site, settings: Settings, tmp_path: Path) -> None:
    """A new signing key signs nobody out, and the old ID token is still good for signing out."""
    wangwu.arrive()
    old = webmail.tokens(wangwu)
    keys = [development_key(tmp_path), *settings.OIDC_SIGNING_KEYS]
    settings.OIDC_SIGNING_KEYS = keys
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {
        "OIDC_RSA_PRIVATE_KEY": keys[0], "OIDC_RSA_PRIVATE_KEYS_INACTIVE": keys[1:],
    }  # fmt: skip
    published = jwk.JWKSet.from_json(webmail.server.get("/openid/jwks/").content.decode())
    new = webmail.tokens(wangwu)
    for tokens in (old, new):
        assert webmail.who(tokens["access_token"]).status_code == 200
        jwt.JWT(key=published, jwt=tokens["id_token"], algs=["RS256"])
    assert wangwu.get("/openid/logout/", {"id_token_hint": old["id_token"]}).headers["Location"] == "/sign-in/"
    assert not wangwu.is_in()
