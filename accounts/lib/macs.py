"""Keyed digests: by which algorithm, the key itself says.

One that begins with `sm3:` makes HMAC-SM3 (GB/T 32905), any other HMAC-SHA256. So an office goes over from one to the
other as it goes from one key to the next, and old ones still verify.
"""

import hashlib
import hmac

SM = "sm3:"


def is_sm(key: str) -> bool:
    return key.startswith(SM)


def digest(key: str, message: bytes) -> bytes:
    """32 bytes."""
    return hmac.digest(key.encode(), message, "sm3" if is_sm(key) else "sha256")


def lacking() -> str:
    """What OpenSSL has not, of what a key for SM3 and SM4 needs; empty: nothing."""
    # A mail login process is smaller without it.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    if "sm3" not in hashlib.algorithms_available:
        return "SM3"
    try:
        Cipher(algorithms.SM4(bytes(16)), modes.CTR(bytes(16))).encryptor()
    except UnsupportedAlgorithm:
        return "SM4"
    return ""
