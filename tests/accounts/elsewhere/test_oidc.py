"""OpenID Connect: a token of this provider, for this portal and this question, or none."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from jwcrypto import jwk
from pytest_django import Settings

from tests.kit.elsewhere import come, is_nowhere, leave
from tests.kit.people import Person
from tests.kit.servers.sources import CLIENT, SECRET, Provider


def unsigned(_: Provider, claims: dict[str, Any]) -> str:
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def by_the_public_key_as_a_secret(provider: Provider, claims: dict[str, Any]) -> str:
    secret = base64.urlsafe_b64encode(provider.key.export_to_pem()).rstrip(b"=").decode()
    return provider.signed(claims, "HS256", jwk.JWK(kty="oct", k=secret))


def by_the_clients_secret(provider: Provider, claims: dict[str, Any]) -> str:
    secret = base64.urlsafe_b64encode(SECRET.encode() * 4).rstrip(b"=").decode()
    return provider.signed(claims, "HS256", jwk.JWK(kty="oct", k=secret))


def by_another_key(provider: Provider, claims: dict[str, Any]) -> str:
    return provider.signed(claims, key=jwk.JWK.generate(kty="RSA", size=2048, kid="one"))


def flipped(provider: Provider, claims: dict[str, Any]) -> str:
    head, _body, signature = provider.signed({**claims, "email": "else@example.edu"}).split(".")
    return ".".join([head, provider.signed(claims).split(".")[1], signature])


@pytest.mark.bypass("row 19: alg none, unverified signature")
@pytest.mark.parametrize(
    "sign", [unsigned, by_the_public_key_as_a_secret, by_the_clients_secret, by_another_key, flipped, lambda *_: "x"]
)
def test_a_token_that_the_provider_did_not_sign_is_refused(provider: Provider, sign: Any, lisi: Person) -> None:
    provider.claims, provider.sign = {"email": "lisi@example.edu"}, sign
    assert come(lisi, "oidc").status_code == 403
    assert is_nowhere(lisi)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "library"},
        {"aud": [CLIENT, "library"]},
        {"azp": "library"},
        {"iss": "https://evil.example"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": ["lisi@example.edu"]},
    ],
    ids=str,
)
def test_a_token_of_something_else_is_refused(provider: Provider, claims: dict[str, Any], lisi: Person) -> None:
    provider.claims = {"email": "lisi@example.edu", **claims}
    assert come(lisi, "oidc").status_code == 403
    assert is_nowhere(lisi)


def test_claims_that_are_said_only_when_asked_for(provider: Provider, lisi: Person) -> None:
    provider.claims = {"email": None}
    provider.userinfo = {"sub": "8", "email": "lisi@example.edu", "email_verified": True}
    assert come(lisi, "oidc").status_code == 403
    provider.userinfo["sub"] = "7"
    assert come(lisi, "oidc").headers["Location"] == "/"


@pytest.mark.parametrize("issuer", ["https://evil.example", ""])
def test_a_return_by_another_issuer_is_refused(provider: Provider, issuer: str, lisi: Person) -> None:
    """RFC 9207: two providers mixed up."""
    provider.claims = {"email": "lisi@example.edu"}
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    back = leave(lisi, "oidc")
    assert lisi.get(back[: back.index("&iss=")] + f"&{urlencode({'iss': issuer})}").status_code == 403
    assert is_nowhere(lisi)


def test_a_description_of_another_issuer_is_none(provider: Provider, lisi: Person) -> None:
    provider.metadata = {"issuer": "https://evil.example"}
    assert lisi.get("/sign-in/elsewhere/oidc/").status_code == 503


def test_a_wrong_secret_is_the_offices_business(provider: Provider, lisi: Person, settings: Settings) -> None:
    back = leave(lisi, "oidc")
    settings.OIDC_UPSTREAM_CLIENT_SECRET = "another"
    assert lisi.get(back).status_code == 503
