"""Hashes of passwords as Dovecot writes them, {SCHEME} and all, or bare as tables of mail servers have them.

What is malformed is refused, and so is what would keep a process busy: a comparison takes half a second at most, since
a mail server waits one second.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable

from accounts.users.foreign_hashers import Crypt, DovecotPbkdf2, ForeignArgon2, SaltedSha

LONGEST = 128  # as User.password
MOST_ROUNDS = 500_000  # SHA-crypt, PBKDF2
MOST_BCRYPT = 12  # as a power of two
MOST_MEMORY, MOST_PASSES, MOST_LANES = 64 * 1024, 4, 4  # Argon2; KiB
LONGEST_SALT = 32  # bytes

WORD = r"[./0-9A-Za-z]"
SCHEME = re.compile(r"\{([A-Z0-9-]+)(?:\.B64)?\}(.+)", re.IGNORECASE | re.ASCII)
SHA_CRYPT = re.compile(
    rf"\$(?:5|6)\$(?:rounds=([1-9]\d{{3,8}})\$)?{WORD}{{1,16}}\$(?:{WORD}{{43}}|{WORD}{{86}})", re.ASCII
)
MD5_CRYPT = re.compile(rf"\$1\${WORD}{{1,8}}\${WORD}{{22}}", re.ASCII)
BCRYPT = re.compile(rf"\$2[aby]\$(\d\d)\${WORD}{{53}}", re.ASCII)
PBKDF2 = re.compile(rf"\$1\${WORD}{{1,32}}\$([1-9]\d{{0,8}})\$[0-9a-f]{{40}}", re.ASCII)
ARGON2 = re.compile(
    r"\$argon2id\$v=19\$m=([1-9]\d{0,8}),t=([1-9]\d{0,3}),p=([1-9]\d{0,3})\$[0-9A-Za-z+/]{11,64}\$[0-9A-Za-z+/]{16,86}",
    re.ASCII,
)


class Malformed(ValueError):
    """It says why, without a word of the hash."""


def read(text: str) -> str:
    """As it is stored in User.password."""
    scheme, value = _parts(text.strip())
    if scheme not in READERS:
        raise Malformed(f"scheme {scheme} is not known")
    stored = READERS[scheme](value)
    if len(stored) > LONGEST:
        raise Malformed("too long")
    return stored


def _parts(text: str) -> tuple[str, str]:
    if found := SCHEME.fullmatch(text):
        return found[1].upper(), found[2]
    return ("ARGON2ID" if text.startswith("$argon2") else "CRYPT"), text


def _crypt(value: str) -> str:
    if found := SHA_CRYPT.fullmatch(value):
        _limit(int(found[1] or 5000), MOST_ROUNDS)
    elif found := BCRYPT.fullmatch(value):
        _limit(int(found[1]), MOST_BCRYPT)
    elif not MD5_CRYPT.fullmatch(value):
        raise Malformed("not a hash of crypt(3) that is taken over")
    return f"{Crypt.algorithm}{value}"


def _salted(name: str) -> Callable[[str], str]:
    def reader(value: str) -> str:
        try:
            raw = base64.b64decode(value, validate=True)
        except binascii.Error:
            raise Malformed("not base64") from None
        if not 0 < len(raw) - hashlib.new(name).digest_size <= LONGEST_SALT:
            raise Malformed("no digest with a salt")
        return f"{SaltedSha.algorithm}${name}${base64.b64encode(raw).decode()}"

    return reader


def _pbkdf2(value: str) -> str:
    found = PBKDF2.fullmatch(value)
    if not found:
        raise Malformed("not a hash of PBKDF2 as Dovecot writes it")
    _limit(int(found[1]), MOST_ROUNDS)
    return f"{DovecotPbkdf2.algorithm}{value}"


def _argon2(value: str) -> str:
    found = ARGON2.fullmatch(value)
    if not found:
        raise Malformed("not a hash of Argon2id")
    for number, most in zip(found.groups(), (MOST_MEMORY, MOST_PASSES, MOST_LANES), strict=True):
        _limit(int(number), most)
    return f"{ForeignArgon2.algorithm}{value}"


def _limit(number: int, most: int) -> None:
    if number > most:
        raise Malformed("would take too long to compare")


READERS: dict[str, Callable[[str], str]] = {
    "SSHA": _salted("sha1"),
    "SSHA256": _salted("sha256"),
    "SSHA512": _salted("sha512"),
    "CRYPT": _crypt,
    "MD5-CRYPT": _crypt,
    "SHA256-CRYPT": _crypt,
    "SHA512-CRYPT": _crypt,
    "BLF-CRYPT": _crypt,
    "PBKDF2": _pbkdf2,
    "ARGON2ID": _argon2,
}
