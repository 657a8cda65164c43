"""NUMBER_KEYS: the first one writes, all read. None at all, or `plain` in the first place: what is new stands in clear.

What is sealed begins with the name of its key, which says the algorithm too: `aes:5f0c1a:`.
"""

from functools import cache
from typing import NamedTuple

from django.conf import settings

from accounts.lib import macs
from accounts.sealing import siv

PLAIN = "plain"
ALGORITHMS = ("aes:", "sm4:")
NAME = 11  # characters of a key's name


class Unreadable(Exception):
    """Sealed under a key that is no longer in NUMBER_KEYS."""


class Key(NamedTuple):
    secret: str
    name: str

    def seal(self, text: bytes) -> bytes:
        return siv.seal(self.secret, text)

    def digest(self, purpose: str, text: str) -> bytes:
        return siv.digest(self.secret, purpose, text)


def writing() -> Key | None:
    """None: in clear."""
    keys = settings.NUMBER_KEYS
    return None if not keys or keys[0] == PLAIN else _key(keys[0])


def readable() -> list[Key]:
    return [_key(key) for key in settings.NUMBER_KEYS if key != PLAIN]


def unseal(name: str, sealed: bytes) -> bytes:
    for key in readable():
        if key.name == name:
            try:
                return siv.unseal(key.secret, sealed)
            except siv.Damaged:
                continue
    raise Unreadable(f"Something is sealed under {name}…, a key that is not in NUMBER_KEYS.")


@cache
def _key(secret: str) -> Key:
    """There are few of them."""
    algorithm = ALGORITHMS[macs.is_sm(secret)]
    return Key(secret, f"{algorithm}{siv.digest(secret, 'name', '').hex()[:6]}:")
