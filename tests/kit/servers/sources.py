"""Where people sign in elsewhere: a CAS server and an OpenID provider in this process, by the text of their protocols.

Each lets in whom its `person` says. `next_answer` replaces the next one to a question, whichever it is.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlencode, urlsplit
from xml.sax.saxutils import escape

from jwcrypto import jwk, jwt

CLIENT, SECRET = "mailkey", "a secret: of two"
KEY = jwk.JWK.generate(kty="RSA", size=2048, kid="one")
Body = str | bytes | dict[str, Any]


def _send(handler: BaseHTTPRequestHandler, body: Body, status: int = 200, location: str = "") -> None:
    text = json.dumps(body) if isinstance(body, dict) else body
    content = text.encode() if isinstance(text, str) else text
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(content)))
    if location:
        handler.send_header("Location", location)
    handler.end_headers()
    handler.wfile.write(content)


@dataclass
class Cas:
    """https://apereo.github.io/cas/development/protocol/CAS-Protocol-Specification.html, 2.1, 2.5, 2.8."""

    url: str
    user: str = "zhangsan"
    attributes: str = "<cas:mail>zhangsan@example.edu</cas:mail>"
    more: str = ""  # in the answer, such as proxies
    next_answer: Body | None = None
    tickets: dict[str, tuple[str, bool]] = field(default_factory=dict)  # for which service, signed in anew
    made: int = 0

    def issue(self, service: str, *, anew: bool = False) -> str:
        self.made += 1
        ticket = f"ST-{self.made}-of-{id(self)}"
        self.tickets[ticket] = (service, anew)
        return ticket

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        asked = dict(parse_qsl(parts.query))
        if parts.path == "/login":
            ticket = self.issue(asked["service"], anew=asked.get("renew") == "true")
            glue = "&" if "?" in asked["service"] else "?"
            _send(handler, "", 302, f"{asked['service']}{glue}{urlencode({'ticket': ticket})}")
        elif self.next_answer is not None:
            _send(handler, self.next_answer)
            self.next_answer = None
        else:
            _send(handler, self._validated(parts.path, asked))

    def _validated(self, path: str, asked: dict[str, str]) -> str:
        service, anew = self.tickets.pop(asked["ticket"], ("", False))
        if service != asked["service"] or (asked.get("renew") == "true" and not anew):
            return self.said('<cas:authenticationFailure code="INVALID_TICKET">no</cas:authenticationFailure>')
        attributes = f"<cas:attributes>{self.attributes}</cas:attributes>" if path.startswith("/p3/") else ""
        user = f"<cas:user>{escape(self.user)}</cas:user>"
        return self.said(f"<cas:authenticationSuccess>{user}{attributes}{self.more}</cas:authenticationSuccess>")

    @staticmethod
    def said(inner: str) -> str:
        return f'<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas">{inner}</cas:serviceResponse>'


@dataclass
class Provider:
    """OpenID Connect Core 1.0, 3.1; RFC 7636, 9207."""

    url: str
    claims: dict[str, Any] = field(default_factory=dict)  # over what is right; None leaves one out
    userinfo: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    sign: Callable[["Provider", dict[str, Any]], str] | None = None
    next_answer: Body | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: jwk.JWK = KEY

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        asked = dict(parse_qsl(parts.query))
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        if self.next_answer is not None:
            _send(handler, self.next_answer)
            self.next_answer = None
        elif parts.path == "/.well-known/openid-configuration":
            _send(handler, self._description())
        elif parts.path == "/authorize":
            code = secrets.token_urlsafe(16)
            self.codes[code] = asked
            back = {"code": code, "state": asked["state"], "iss": self.url}
            _send(handler, "", 302, f"{asked['redirect_uri']}?{urlencode(back)}")
        elif parts.path == "/token":
            self._token(handler, {name: values[0] for name, values in parse_qs(body).items()})
        elif parts.path == "/keys":
            _send(handler, {"keys": [self.key.export_public(as_dict=True)]})
        else:
            _send(handler, self.userinfo)

    def _description(self) -> dict[str, Any]:
        names = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        pages = {f"{name}_endpoint": f"{self.url}/{page}" for name, page in names.items()}
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **pages, **self.metadata}

    def _token(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        asked = self.codes.pop(form["code"], None)
        basic = base64.b64encode(f"{quote_plus(CLIENT)}:{quote_plus(SECRET)}".encode()).decode()
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if handler.headers.get("Authorization") != f"Basic {basic}":
            _send(handler, {"error": "invalid_client"}, 401)
        elif not asked or (asked["code_challenge"], asked["redirect_uri"]) != (challenge, form["redirect_uri"]):
            _send(handler, {"error": "invalid_grant"}, 400)
        else:
            token = (self.sign or Provider.signed)(self, self._claims(asked))
            _send(handler, {"access_token": "a", "token_type": "Bearer", "id_token": token})

    def _claims(self, asked: dict[str, str]) -> dict[str, Any]:
        now = int(time.time())
        right = {"iss": self.url, "aud": CLIENT, "sub": "7", "nonce": asked["nonce"], "iat": now, "exp": now + 300,
                 "email": "zhangsan@example.edu", "email_verified": True}  # fmt: skip
        if "max_age" in asked:
            right["auth_time"] = now
        return {name: value for name, value in {**right, **self.claims}.items() if value is not None}

    def signed(self, claims: dict[str, Any], algorithm: str = "RS256", key: jwk.JWK | None = None) -> str:
        token = jwt.JWT(header={"alg": algorithm, "kid": "one"}, claims=claims)
        token.make_signed_token(key or self.key)
        return str(token.serialize())
