"""What is kept of second steps, under keys that are outside the database: the first of FACTOR_KEYS is for what is new,
the others still open and verify."""

import hashlib
import hmac
from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE = 12  # bytes


class Unreadable(Exception):
    """Sealed under a key that is no longer in FACTOR_KEYS, or for somebody else."""


def seal(secret: bytes, *, owner: int) -> bytes:
    """For this owner: in another person's row it opens for nobody."""
    nonce = token_bytes(NONCE)
    return nonce + AESGCM(_keys()[0]).encrypt(nonce, secret, _bound_to(owner))


def unseal(sealed: bytes, *, owner: int) -> bytes:
    for key in _keys():
        try:
            return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], _bound_to(owner))
        except InvalidTag:
            continue
    raise Unreadable


def is_current(sealed: bytes, *, owner: int) -> bool:
    """Whether it is sealed under the first key."""
    try:
        AESGCM(_keys()[0]).decrypt(sealed[:NONCE], sealed[NONCE:], _bound_to(owner))
    except InvalidTag:
        return False
    return True


def derived(purpose: str, text: str) -> bytes:
    """The same 32 bytes each time, and nothing of them is kept."""
    return hmac.digest(settings.FACTOR_KEYS[0].encode(), f"{purpose}\0{text}".encode(), hashlib.sha256)


def digests(purpose: str, secret: str) -> list[str]:
    """Under every key."""
    text = f"{purpose}\0{secret}".encode()
    return [hmac.digest(key.encode(), text, hashlib.sha256).hex() for key in settings.FACTOR_KEYS]


def _keys() -> list[bytes]:
    return [hmac.digest(key.encode(), b"accounts.factors.seal", hashlib.sha256) for key in settings.FACTOR_KEYS]


def _bound_to(owner: int) -> bytes:
    return f"accounts.factors {owner}".encode()
