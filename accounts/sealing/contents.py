"""What is kept for a while and may hold numbers without saying where: files of people, what somebody typed."""

import json
from base64 import b64decode, b64encode
from typing import Any

from accounts.sealing import ring

MARK = b"\0sealed:"  # no file begins so
SEALED = "sealed"


def hidden(content: bytes) -> bytes:
    key = ring.writing()
    return MARK + key.name.encode() + key.seal(content) if key else content


def shown(stored: bytes) -> bytes:
    if not stored.startswith(MARK):
        return stored
    start = len(MARK) + ring.NAME
    return ring.unseal(stored[len(MARK) : start].decode(), stored[start:])


def packed(value: Any) -> Any:
    """What JSON has, as JSON has it."""
    return {SEALED: b64encode(hidden(json.dumps(value).encode())).decode()} if ring.writing() else value


def unpacked(stored: Any) -> Any:
    """None: its key is gone, and it with it."""
    if not (isinstance(stored, dict) and stored.keys() == {SEALED}):
        return stored
    try:
        return json.loads(shown(b64decode(stored[SEALED])))
    except ring.Unreadable:
        return None
