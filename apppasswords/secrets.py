"""The sixteen characters of an app password: made, recognised, and turned into the digest that is kept."""

import re
import secrets

from django.conf import settings

from accounts.lib import invisible, macs

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nobody takes one of them for another
SHORTEST_RANDOM = 12  # characters; shorter words are names
MEAN_PIECE = 2.3  # characters between changes of kind
FEWEST_VOWELS = 0.25  # of the letters
LENGTH = 16  # 79 bits: cannot be guessed, so one round of HMAC protects it as well as a slow hash


def new() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def in_fours(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, LENGTH, 4))


def typed(text: str) -> str | None:
    """What a person or program entered, without what nobody sees, spaces, hyphens and capitals, which do not matter."""
    if len(text) > 4 * LENGTH:
        return None
    plain = re.sub(r"[\s-]", "", invisible.dropped(text)).lower()
    return plain if len(plain) == LENGTH and set(plain) <= set(ALPHABET) else None


def digests(secret: str) -> list[str]:
    """Under every key: the first is the one for new passwords, the others still verify."""
    return [macs.digest(key, secret.encode()).hex() for key in settings.APP_PASSWORD_KEYS]


def looks_like_one(text: str) -> bool:
    """Whether a text is rather a secret than a description: one of ours, or a long word that no device is called."""
    return typed(text) is not None or any(map(_is_random, text.split()))


def _is_random(word: str) -> bool:
    """Sixteen random characters change their kind all the time (`x7Kd9Qm2`), or have hardly a vowel; `iPhone15ProMax`
    and `MacBook-2023` do neither. A guess: what it takes for random is refused with a hint, not lost."""
    parts = re.split(r"[-_.:/()]", word)
    if len(parts) > 1:  # DESKTOP-4K2J9QP, zhangsan-desktop-pc: a part that is a word is none of a secret
        parts = [part for part in parts if not re.fullmatch(r"[A-Za-z]{6,}", part)]
    plain = "".join(parts)
    if len(plain) < SHORTEST_RANDOM or not plain.isascii():
        return False
    pieces = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+|.", plain)
    letters = re.sub(r"[^a-z]", "", plain.lower())
    vowels = sum(letter in "aeiouy" for letter in letters)
    return len(plain) < MEAN_PIECE * len(pieces) or (len(letters) >= 10 and vowels < FEWEST_VOWELS * len(letters))
