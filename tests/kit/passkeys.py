"""A security key in software, and the browser around it: honest by default, and each lie is a word."""

import hashlib
import html
import json
import re
from copy import copy
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from playwright.sync_api import Page
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

from tests.kit.people import Person

LIST, AT_SIGN_IN, TO_CONFIRM = "/security/factors/passkeys/", "/sign-in/passkey/", "/security/confirm/passkey/"
ORIGIN, DOMAIN = "http://localhost:8000", "localhost"
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, WITH_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class Browser:
    """What it says beside the authenticator; a false site's own browser would not lie, a program does."""

    origin: str = ORIGIN
    domain: str = DOMAIN


@dataclass
class SecurityKey:
    synced: bool = False  # by a password manager, which counts no uses
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    id: bytes = field(default_factory=lambda: token_bytes(32))
    handle: bytes = b""
    count: int = 0

    def copy(self) -> "SecurityKey":
        """As it is now: from here on each counts by itself."""
        return copy(self)

    def kept(self) -> dict[str, Any]:
        """For a program that goes on with it."""
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return {"key": pem, "id": self.id.hex(), "handle": self.handle.hex(), "count": self.count}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        key = load_pem_private_key(kept["key"].encode(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        return cls(False, key, bytes.fromhex(kept["id"]), bytes.fromhex(kept["handle"]), kept["count"])

    def create(self, asks: dict[str, Any], *, verified: bool = True, browser: Browser | None = None) -> str:
        browser = browser or Browser()
        self.handle = base64url_to_bytes(asks["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        named = bytes(16) + len(self.id).to_bytes(2) + self.id + encode_cbor(public)
        data = self._data(browser, verified=verified, more=WITH_KEY) + named
        attested = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        response = {"attestationObject": bytes_to_base64url(attested), "transports": ["internal", "telepathy"]}
        return self._answer(_client("webauthn.create", asks["challenge"], browser), response)

    def get(self, asks: dict[str, Any], *, verified: bool = True, browser: Browser | None = None) -> str:
        browser = browser or Browser()
        self.count += 0 if self.synced else 1
        client = _client("webauthn.get", asks["challenge"], browser)
        data = self._data(browser, verified=verified)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ECDSA(SHA256()))
        response = {"authenticatorData": data, "signature": signature, "userHandle": self.handle}
        return self._answer(client, {name: bytes_to_base64url(value) for name, value in response.items()})

    def _data(self, browser: Browser, *, verified: bool, more: int = 0) -> bytes:
        flags = PRESENT | (VERIFIED if verified else 0) | (ELIGIBLE | BACKED_UP if self.synced else 0) | more
        return hashlib.sha256(browser.domain.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _answer(self, client: bytes, response: dict[str, Any]) -> str:
        name = bytes_to_base64url(self.id)
        said = {"clientDataJSON": bytes_to_base64url(client)} | response
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": said})


def _client(kind: str, challenge: str, browser: Browser) -> bytes:
    said = {"type": kind, "challenge": challenge, "origin": browser.origin, "crossOrigin": False}
    return json.dumps(said).encode()


def asked(person: Person, page: str) -> dict[str, Any]:
    """What this page asks the browser."""
    content = person.get(page).content.decode()
    asks = asked_on(content)
    assert asks, content
    return asks


def asked_on(content: str) -> dict[str, Any] | None:
    found = re.search(r'data-passkey="([^"]*)"', content)
    asks: dict[str, Any] | None = json.loads(html.unescape(found[1])) if found else None
    return asks


def add_passkey(person: Person, key: SecurityKey | None = None, name: str = "my laptop") -> SecurityKey:
    key = key or SecurityKey()
    response = person.post(LIST, {"answer": key.create(asked(person, LIST)), "name": name})
    assert response.status_code == 302, response.content.decode()
    return key


def use(person: Person, key: SecurityKey, page: str = AT_SIGN_IN, **data: Any) -> Any:
    return person.post(page, {"answer": key.get(asked(person, page)), **data})


class VirtualKey:
    """What Chromium takes for the authenticator of this computer."""

    def __init__(self, page: Page) -> None:
        self.wire = page.context.new_cdp_session(page)
        self.wire.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                   "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
        self.id = self.wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def is_there(self, is_touched: bool) -> None:
        """Whether its owner answers at once, or lets it wait."""
        self.wire.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self.id, "enabled": is_touched})

    def unlocks(self, does: bool) -> None:
        """Whether its owner's finger is on it."""
        self.wire.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": does})

    def copy(self) -> list[dict[str, Any]]:
        """What a thief has who could read it out, as it is now."""
        kept: list[dict[str, Any]] = self.wire.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return kept

    def becomes(self, copy: list[dict[str, Any]]) -> None:
        self.wire.send("WebAuthn.clearCredentials", {"authenticatorId": self.id})
        for kept in copy:
            self.wire.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": kept})
