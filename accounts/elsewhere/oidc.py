"""OpenID Connect, as a client of another provider: authorization code, PKCE, and a signed ID token."""

import time
from typing import Any
from urllib.parse import quote_plus, urlencode

from django.conf import settings
from jwcrypto import jwk, jwt
from jwcrypto.common import JWException

from accounts.elsewhere import asking
from accounts.elsewhere.answers import Away, Over, Proof, Refusal
from accounts.elsewhere.departures import Departure

# Never by a shared secret, nor by none.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
SKEW = 60  # seconds, between the provider's clock and ours
BASIC = "client_secret_basic"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
NEWS = 300  # seconds


def way_out(departure: Departure, page: str) -> str:
    asked = {
        "response_type": "code",
        "client_id": settings.OIDC_UPSTREAM_CLIENT_ID,
        "redirect_uri": page,
        "scope": settings.OIDC_UPSTREAM_SCOPE,
        "state": departure.state,
        "nonce": departure.nonce,
        "code_challenge": departure.challenge,
        "code_challenge_method": "S256",
    }
    if departure.fresh:
        asked |= {"prompt": "login", "max_age": "0"}
    endpoint = _named(_metadata(asking.deadline()), "authorization_endpoint")
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def prove(departure: Departure, page: str, code: str, issuer: str) -> Proof | Refusal:
    """`issuer`: as the return says (RFC 9207), or empty."""
    until = asking.deadline()
    metadata = _metadata(until)
    says_who = issuer or metadata.get("authorization_response_iss_parameter_supported") is True
    if not code or (says_who and issuer != settings.OIDC_UPSTREAM_ISSUER):
        return Refusal.NOT_PROVEN
    tokens = _tokens(metadata, departure, page, code, until)
    if tokens is None:
        return Refusal.NOT_PROVEN
    claims = _claims(str(tokens.get("id_token", "")), _keys(metadata, until), departure)
    if claims is None:
        return Refusal.NOT_PROVEN
    signed = claims
    if settings.OIDC_UPSTREAM_MAILBOX not in claims and "userinfo_endpoint" in metadata:
        claims = _more(metadata, claims, str(tokens.get("access_token", "")), until)
    address = _mailbox(claims)
    if not address:
        return Refusal.NO_ADDRESS
    return Proof(address, code, _said(signed), _text(signed, "sid"), _text(signed, "sub"))


def way_out_of_there(page: str) -> str | None:
    """OpenID Connect RP-Initiated Logout 1.0. None: the provider has no such page. Raises Away."""
    metadata = _metadata(asking.deadline())
    if "end_session_endpoint" not in metadata:
        return None
    endpoint = _named(metadata, "end_session_endpoint")
    asked = {"client_id": settings.OIDC_UPSTREAM_CLIENT_ID, "post_logout_redirect_uri": page}
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def ended(token: str) -> Over | None:
    """OpenID Connect Back-Channel Logout 1.0, 2.6. One that was made long ago would end what began after it. Raises
    Away."""
    until = asking.deadline()
    expected = {"iss": settings.OIDC_UPSTREAM_ISSUER, "aud": settings.OIDC_UPSTREAM_CLIENT_ID, "iat": None, "exp": None}
    claims = _signed(token, _keys(_metadata(until), until), expected)
    if claims is None or "nonce" in claims or not isinstance(claims.get("events"), dict):
        return None
    made_at = claims["iat"]
    is_new = isinstance(made_at, int | float) and abs(time.time() - made_at) <= NEWS
    if not is_new or not isinstance(claims["events"].get(LOGOUT), dict):
        return None
    return Over(session=_text(claims, "sid"), subject=_text(claims, "sub"))


def _text(claims: dict[str, Any], name: str) -> str:
    found = claims.get(name)
    return found if isinstance(found, str) else ""


def _said(claims: dict[str, Any]) -> frozenset[tuple[str, str]]:
    lists = {name: value if isinstance(value, list) else [value] for name, value in claims.items()}
    return frozenset((name, one) for name, values in lists.items() for one in values if isinstance(one, str))


def _metadata(until: float) -> dict[str, Any]:
    """OpenID Connect Discovery 1.0."""
    url = f"{settings.OIDC_UPSTREAM_ISSUER.rstrip('/')}/.well-known/openid-configuration"
    status, metadata = asking.ask_json("GET", url, until)
    if status != 200 or metadata.get("issuer") != settings.OIDC_UPSTREAM_ISSUER:
        raise Away("no description of the issuer that the settings name")
    return metadata


def _named(metadata: dict[str, Any], name: str) -> str:
    """An address; over the network only with TLS."""
    found = metadata.get(name)
    scheme = settings.OIDC_UPSTREAM_ISSUER.partition("://")[0]
    if not isinstance(found, str) or not found.startswith(("https://", f"{scheme}://")):
        raise Away(f"no {name}")
    return found


def _tokens(
    metadata: dict[str, Any], departure: Departure, page: str, code: str, until: float
) -> dict[str, Any] | None:
    name, secret = settings.OIDC_UPSTREAM_CLIENT_ID, settings.OIDC_UPSTREAM_CLIENT_SECRET
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": page,
        "code_verifier": departure.verifier,
    }
    said: dict[str, Any] = {"data": form, "auth": (quote_plus(name), quote_plus(secret))}
    if BASIC not in metadata.get("token_endpoint_auth_methods_supported", [BASIC]):
        said = {"data": form | {"client_id": name, "client_secret": secret}}
    status, tokens = asking.ask_json("POST", _named(metadata, "token_endpoint"), until, **said)
    if status == 400 and tokens.get("error") == "invalid_grant":
        return None
    if status != 200:
        raise Away(f"status {status} for the code")
    return tokens


def _keys(metadata: dict[str, Any], until: float) -> jwk.JWKSet:
    status, body = asking.ask("GET", _named(metadata, "jwks_uri"), until)
    try:
        if status == 200:
            return jwk.JWKSet.from_json(body)
    except (JWException, ValueError, TypeError, KeyError, AttributeError):
        pass
    raise Away("no keys")


def _claims(token: str, keys: jwk.JWKSet, departure: Departure) -> dict[str, Any] | None:
    """OpenID Connect Core 1.0, 3.1.3.7."""
    name = settings.OIDC_UPSTREAM_CLIENT_ID
    expected = {
        "iss": settings.OIDC_UPSTREAM_ISSUER,
        "aud": name,
        "nonce": departure.nonce,
        "sub": None,
        "exp": None,
        "iat": None,
    }
    claims = _signed(token, keys, expected)
    if claims is None:
        return None
    audience = claims["aud"]
    if claims.get("azp", name if audience in (name, [name]) else None) != name:
        return None
    return claims if not departure.fresh or _is_fresh(claims, departure) else None


def _signed(token: str, keys: jwk.JWKSet, expected: dict[str, Any]) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = jwt.json_decode(
            jwt.JWT(jwt=token, key=keys, algs=ALGORITHMS, check_claims=expected, expected_type="JWS").claims
        )
    except (JWException, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found


def _is_fresh(claims: dict[str, Any], departure: Departure) -> bool:
    entered_at = claims.get("auth_time")
    return isinstance(entered_at, int | float) and entered_at >= departure.left_at - SKEW


def _more(metadata: dict[str, Any], claims: dict[str, Any], token: str, until: float) -> dict[str, Any]:
    """What some providers say only when they are asked."""
    headers = {"Authorization": f"Bearer {token}"}
    status, said = asking.ask_json("GET", _named(metadata, "userinfo_endpoint"), until, headers=headers)
    if status != 200:
        raise Away(f"status {status} for the claims")
    return said if said.get("sub") == claims["sub"] else {}


def _mailbox(claims: dict[str, Any]) -> str:
    """`email` counts only if the provider has verified it; of any other claim the settings say that it does."""
    name = settings.OIDC_UPSTREAM_MAILBOX
    found = claims.get(name)
    if not isinstance(found, str) or (name == "email" and claims.get("email_verified") is not True):
        return ""
    return found if "@" in found else f"{found}@{settings.MAIL_DOMAIN}"
