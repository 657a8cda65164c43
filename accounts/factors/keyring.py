"""What is kept of second steps, under keys that are outside the database: the first of FACTOR_KEYS is for what is new,
the others still open and verify. A key for SM3 (accounts/lib/macs.py) seals with SM4 (GB/T 32907), others with AES."""

import hmac
from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from accounts.lib import macs

NONCE = 12  # bytes, of AES-GCM
BLOCK = 16  # bytes, of SM4: its key, and where its counter begins
TAG = 32  # bytes, of HMAC-SM3


class Unreadable(Exception):
    """Sealed under a key that is no longer in FACTOR_KEYS, or for somebody else."""


def seal(secret: bytes, *, owner: int) -> bytes:
    """For this owner: in another person's row it opens for nobody."""
    key = settings.FACTOR_KEYS[0]
    if macs.is_sm(key):
        start = token_bytes(BLOCK)
        hidden = start + _sm4(key, start, secret)
        return hidden + _tag(key, hidden, owner)
    nonce = token_bytes(NONCE)
    return nonce + AESGCM(_of(key)).encrypt(nonce, secret, _bound_to(owner))


def unseal(sealed: bytes, *, owner: int) -> bytes:
    for key in settings.FACTOR_KEYS:
        secret = _opened(key, sealed, owner)
        if secret is not None:
            return secret
    raise Unreadable


def is_current(sealed: bytes, *, owner: int) -> bool:
    """Whether it is sealed under the first key."""
    return _opened(settings.FACTOR_KEYS[0], sealed, owner) is not None


def derived(purpose: str, text: str) -> bytes:
    """The same 32 bytes each time, and nothing of them is kept."""
    return macs.digest(settings.FACTOR_KEYS[0], f"{purpose}\0{text}".encode())


def digests(purpose: str, secret: str) -> list[str]:
    """Under every key."""
    text = f"{purpose}\0{secret}".encode()
    return [macs.digest(key, text).hex() for key in settings.FACTOR_KEYS]


def _opened(key: str, sealed: bytes, owner: int) -> bytes | None:
    if macs.is_sm(key):
        hidden, tag = sealed[:-TAG], sealed[-TAG:]
        if len(hidden) < BLOCK or not hmac.compare_digest(tag, _tag(key, hidden, owner)):
            return None
        return _sm4(key, hidden[:BLOCK], hidden[BLOCK:])
    try:
        return AESGCM(_of(key)).decrypt(sealed[:NONCE], sealed[NONCE:], _bound_to(owner))
    except InvalidTag:
        return None


def _of(key: str) -> bytes:
    return macs.digest(key, b"accounts.factors.seal")


def _sm4(key: str, start: bytes, text: bytes) -> bytes:
    """In counter mode, which goes both ways alike. OpenSSL 3.0 has no SM4-GCM; `_tag` is what holds it together."""
    return Cipher(algorithms.SM4(_of(key)[:BLOCK]), modes.CTR(start)).encryptor().update(text)


def _tag(key: str, hidden: bytes, owner: int) -> bytes:
    own = macs.digest(key, b"accounts.factors.tag")
    return hmac.digest(own, _bound_to(owner) + b"\0" + hidden, "sm3")


def _bound_to(owner: int) -> bytes:
    return f"accounts.factors {owner}".encode()
