"""The six digits of a code. They are derived when they are sent and when they are checked, and stored nowhere."""

import secrets

from django.conf import settings

from accounts.lib import macs


def new_nonce() -> str:
    return secrets.token_hex(16)


def of(nonce: str, user: int, number: str, purpose: str, session: str) -> str:
    """HMAC with a key outside the database, over what the code is bound to, cut as in RFC 4226."""
    bound = "\0".join((nonce, str(user), number, purpose, session))
    mac = macs.digest(settings.SMS_CODE_KEY, bound.encode())
    offset = mac[-1] & 15
    return f"{(int.from_bytes(mac[offset : offset + 4]) & 0x7FFFFFFF) % 1_000_000:06}"
