"""The signatures that hold the security log together. They take values and know no table.

A *signature* is made with the event and covers what it says. A *seal* puts the event into the chain: position, row,
signature, and the seal before. The keys are in the settings and never in the database.
"""

import hmac
import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from accounts.lib import macs


def new_nonce() -> str:
    """Tells apart two events that say the same; a copy of a row has the nonce of the other."""
    return secrets.token_hex(16)


def signature(content: Iterable[Any]) -> str:
    return _sign(_message("signature", content), settings.EVENT_LOG_KEYS[0])


def seal(position: int, previous: str, pk: int, signature: str) -> str:
    return _sign(_message("seal", (position, previous, pk, signature)), settings.EVENT_LOG_KEYS[0])


def end(which: str, position: int, seal: str, at: datetime) -> str:
    """The signature of a record of where the log begins or ends."""
    return _sign(_message("end", (which, position, seal, at)), settings.EVENT_LOG_KEYS[0])


def is_signature(digest: str, content: Iterable[Any]) -> bool:
    return _is_by_one_of_ours(digest, _message("signature", content))


def is_seal(digest: str, position: int, previous: str, pk: int, signature: str) -> bool:
    return _is_by_one_of_ours(digest, _message("seal", (position, previous, pk, signature)))


def is_end(digest: str, which: str, position: int, seal: str, at: datetime) -> bool:
    return _is_by_one_of_ours(digest, _message("end", (which, position, seal, at)))


def _sign(message: bytes, key: str) -> str:
    return macs.digest(key, message).hex()


def _is_by_one_of_ours(digest: str, message: bytes) -> bool:
    return any(hmac.compare_digest(digest.encode(), _sign(message, key).encode()) for key in settings.EVENT_LOG_KEYS)


def _message(kind: str, values: Iterable[Any]) -> bytes:
    """One form for what is one: whichever database it was read from, and whichever way it got there."""
    plain = [kind, *map(_plain, values)]
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case float() if value.is_integer():  # as PostgreSQL's JSON gives it back
            return int(value)
    return value
