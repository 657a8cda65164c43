"""What is hidden under a key so that the same text is always hidden alike: a database finds it again, and nobody
changes a letter of it unnoticed.

AES-256-SIV (RFC 5297); for a key of SM3 (accounts/lib/macs.py) the same construction out of SM4 and SM3, which OpenSSL
has only apart: a digest of the text under one key is where the counter under the other begins, and is compared when it
is opened.
"""

import hmac
from functools import cache
from typing import Any

from accounts.lib import macs

BLOCK = 16  # bytes: of the tag that comes first, of SM4's key


class Damaged(Exception):
    """Of another key, or changed."""


def seal(key: str, text: bytes) -> bytes:
    """As long as the text, and a block before it."""
    if macs.is_sm(key):
        tag = _tag(key, text)
        return tag + _sm4(key, tag, text)
    sealed: bytes = _aes(key).encrypt(text, None)
    return sealed


def unseal(key: str, sealed: bytes) -> bytes:
    if macs.is_sm(key):
        tag, text = sealed[:BLOCK], _sm4(key, sealed[:BLOCK], sealed[BLOCK:]) if len(sealed) > BLOCK else b""
        if not hmac.compare_digest(tag, _tag(key, text)):
            raise Damaged
        return text
    # A process that never needs it is smaller without it, here and below.
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415

    try:
        opened: bytes = _aes(key).decrypt(sealed, None)
    except InvalidTag as error:
        raise Damaged from error
    return opened


def digest(key: str, purpose: str, text: str) -> bytes:
    """By which equal parts are found: they are only as secret as there are many of them."""
    return macs.digest(key, f"accounts.sealing.{purpose}\0{text}".encode())


@cache
def _own(key: str, purpose: str) -> bytes:
    """A key for this alone. There are few of them."""
    return digest(key, "siv", purpose)


@cache
def _aes(key: str) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415

    return AESSIV(_own(key, "compared") + _own(key, "hidden"))


def _tag(key: str, text: bytes) -> bytes:
    return hmac.digest(_own(key, "compared"), text, "sm3")[:BLOCK]


def _sm4(key: str, start: bytes, text: bytes) -> bytes:
    """In counter mode, which goes both ways alike."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    return Cipher(algorithms.SM4(_own(key, "hidden")[:BLOCK]), modes.CTR(start)).encryptor().update(text)
