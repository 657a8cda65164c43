"""What a browser is asked of a passkey, and what the answer proves (W3C Web Authentication, read by py_webauthn).

A challenge is random, and carries for whom, in which session and what for it was made: nothing of it has to be kept,
and it is worth nothing anywhere else. That it is answered once only is the business of passkeys.py."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum, auto
from secrets import token_bytes
from typing import Any
from urllib.parse import urlsplit

import webauthn
from django.conf import settings
from django.utils import timezone
from webauthn import helpers
from webauthn.helpers import structs

from accounts.codes import guesses
from accounts.factors import keyring
from accounts.factors.models import Passkey
from accounts.lib import institution
from accounts.users.models import User

LIFETIME = timedelta(minutes=10)  # of a challenge, from when the page was shown
DIALOG = 5 * 60_000  # ms that a browser gives somebody to unlock the passkey
SHIFT = timedelta(minutes=1)  # by which the clocks of servers may differ
TIME, RANDOM = 8, 16  # bytes of a challenge; the rest is what it is bound by
VERIFIED = structs.UserVerificationRequirement.REQUIRED
ID = re.compile(r"[A-Za-z0-9_-]{1,1400}")
DEFAULT_PORTS = {"https": 443, "http": 80}


class Purpose(StrEnum):
    ADD = auto()
    SIGN_IN = auto()
    CONFIRM = auto()


@dataclass(frozen=True)
class Place:
    """Where an answer counts. `session`: a random value of this sign-in."""

    user: User
    session: str
    purpose: Purpose

    def __str__(self) -> str:
        return f"{self.user.pk} {self.user.ways_version} {self.purpose} {self.session}"


@dataclass(frozen=True)
class Made:
    """A passkey, as it says of itself when it is added."""

    credential_id: str
    public_key: bytes
    sign_count: int
    backup_eligible: bool
    backed_up: bool
    transports: str
    aaguid: str


@dataclass(frozen=True)
class Used:
    sign_count: int
    backed_up: bool


# --- Challenges -------------------------------------------------------------------------------------------------------


def challenge(place: Place) -> bytes:
    text = _now().to_bytes(TIME) + token_bytes(RANDOM)
    return text + _binding(place, text)


def asked_at(place: Place, given: bytes) -> int | None:
    """When this challenge was made, in microseconds. None: never for this place, or too long ago."""
    text, binding = given[: TIME + RANDOM], given[TIME + RANDOM :]
    if not hmac.compare_digest(binding, _binding(place, text)):
        return None
    at = int.from_bytes(text[:TIME])
    return at if soon() - micros(SHIFT + LIFETIME) < at <= soon() else None


def soon() -> int:
    """No challenge is of later than this, unless a clock was set back."""
    return _now() + micros(SHIFT)


def micros(time: timedelta) -> int:
    return int(time.total_seconds() * 1_000_000)


def _now() -> int:
    return int(timezone.now().timestamp() * 1_000_000)


def _binding(place: Place, text: bytes) -> bytes:
    return keyring.derived("passkey challenge", f"{place} {text.hex()}")


# --- What a browser is asked ------------------------------------------------------------------------------------------


def creation(place: Place, held: Iterable[Passkey]) -> str:
    """JSON. None of those that are `held` is made once more."""
    options = webauthn.generate_registration_options(
        rp_id=settings.PASSKEY_DOMAIN,
        rp_name=institution.name(),
        user_id=handle(place.user),
        user_name=place.user.username,
        user_display_name=place.user.name or place.user.username,
        challenge=challenge(place),
        timeout=DIALOG,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED, user_verification=VERIFIED
        ),
        exclude_credentials=[_named(passkey) for passkey in held],
    )
    return webauthn.options_to_json(options)


def request(place: Place, held: Iterable[Passkey]) -> str:
    """JSON. The passkeys of this person, and no other's."""
    options = webauthn.generate_authentication_options(
        rp_id=settings.PASSKEY_DOMAIN,
        challenge=challenge(place),
        timeout=DIALOG,
        allow_credentials=[_named(passkey) for passkey in held],
        user_verification=VERIFIED,
    )
    return webauthn.options_to_json(options)


def _named(passkey: Passkey) -> structs.PublicKeyCredentialDescriptor:
    transports = [structs.AuthenticatorTransport(name) for name in passkey.transports.split()]
    return structs.PublicKeyCredentialDescriptor(
        id=helpers.base64url_to_bytes(passkey.credential_id), transports=transports or None
    )


def handle(user: User) -> bytes:
    """By which an authenticator knows an account: the same always, and nothing of the person in it."""
    return hashlib.sha256(f"{settings.PASSKEY_DOMAIN} {user.pk}".encode()).digest()


def origin() -> str:
    """As browsers write it."""
    parts = urlsplit(settings.PUBLIC_URL)
    port = "" if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}"


# --- What the answer proves -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What came back, as it says: proven is nothing yet."""

    text: str
    credential_id: str
    challenge: bytes


def read(text: str) -> Answer | None:
    """None: no answer of a passkey at all."""
    try:
        said: dict[str, Any] = json.loads(text)
        data = helpers.parse_client_data_json(helpers.base64url_to_bytes(said["response"]["clientDataJSON"]))
        return Answer(text, said["id"], data.challenge) if ID.fullmatch(said["id"]) else None
    except Exception:  # whatever is stumbled over: it is whatever somebody sent
        return None


def made_here(place: Place, text: str) -> Made | guesses.Outcome:
    """The passkey that was made for what was asked here; or why it is none."""
    answer = read(text)
    if answer is None:
        return guesses.Outcome.MALFORMED
    if asked_at(place, answer.challenge) is None:
        return guesses.Outcome.EXPIRED
    return _made(answer) or guesses.Outcome.WRONG


def _made(answer: Answer) -> Made | None:
    try:
        found = webauthn.verify_registration_response(
            credential=answer.text,
            expected_challenge=answer.challenge,
            expected_rp_id=settings.PASSKEY_DOMAIN,
            expected_origin=origin(),
            require_user_verification=True,
        )
        transports = helpers.parse_registration_credential_json(answer.text).response.transports or []
    except Exception:  # see `read`
        return None
    return Made(
        credential_id=helpers.bytes_to_base64url(found.credential_id),
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        backup_eligible=_is_eligible(found.credential_device_type),
        backed_up=found.credential_backed_up,
        transports=" ".join(transports),
        aaguid=found.aaguid,
    )


def used(answer: Answer, passkey: Passkey, user: User) -> Used | None:
    """What is signed with the passkey, if it is. The count of uses is compared by who keeps it: only what is signed
    says that there are two of one passkey."""
    try:
        found = webauthn.verify_authentication_response(
            credential=answer.text,
            expected_challenge=answer.challenge,
            expected_rp_id=settings.PASSKEY_DOMAIN,
            expected_origin=origin(),
            credential_public_key=bytes(passkey.public_key),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
        named = helpers.parse_authentication_credential_json(answer.text).response.user_handle
    except Exception:  # see `read`
        return None
    if _is_eligible(found.credential_device_type) != passkey.backup_eligible or (named and named != handle(user)):
        return None
    return Used(found.new_sign_count, found.credential_backed_up)


def _is_eligible(kind: structs.CredentialDeviceType) -> bool:
    return kind is structs.CredentialDeviceType.MULTI_DEVICE
