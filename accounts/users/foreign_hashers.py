"""Passwords as other systems hashed them: compared until the next right one, which is hashed as ours are.

What is stored is the name of the hasher and the hash as it was. accounts/users/foreign_hashes.py reads what comes in;
nothing else gets here, so nothing costs more than it allows.
"""

import base64
import hashlib
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher, BasePasswordHasher
from django.utils.crypto import constant_time_compare

from accounts.users import libcrypt


class Foreign(BasePasswordHasher):
    """No password is hashed with it any more."""

    def encode(self, password: str, salt: str) -> str:
        raise NotImplementedError

    def compute(self, password: str, known: str) -> str | None:
        """Of `known`, without the name of the hasher, as it would stand there if this were the password."""
        raise NotImplementedError

    def verify(self, password: str, encoded: str) -> bool:
        known = encoded[len(str(self.algorithm)) :]
        found = self.compute(password, known)
        return found is not None and constant_time_compare(found, known)

    def must_update(self, encoded: str) -> bool:
        return True

    def safe_summary(self, encoded: str) -> dict[Any, str]:
        return {"algorithm": str(self.algorithm)}

    def harden_runtime(self, password: str, encoded: str) -> None:
        """accounts/signin/steady.py lets all refusals leave at the same time."""


class Crypt(Foreign):
    """crypt(3): MD5, SHA-256, SHA-512, bcrypt. `crypt$6$salt$hash`"""

    algorithm = "crypt"

    def compute(self, password: str, known: str) -> str | None:
        return libcrypt.crypt(password, known)


class SaltedSha(Foreign):
    """RFC 2307 and after: {SSHA}, {SSHA256}, {SSHA512}. `salted_sha$sha512$` and base64 of the digest and the salt."""

    algorithm = "salted_sha"

    def compute(self, password: str, known: str) -> str | None:
        _empty, name, text = known.split("$")
        salt = base64.b64decode(text)[hashlib.new(name).digest_size :]
        digest = hashlib.new(name, password.encode() + salt).digest()
        return f"${name}${base64.b64encode(digest + salt).decode()}"


class DovecotPbkdf2(Foreign):
    """`dovecot_pbkdf2$1$salt$rounds$hex`, by SHA-1; the salt is the text, not what it could stand for."""

    algorithm = "dovecot_pbkdf2"

    def compute(self, password: str, known: str) -> str | None:
        _empty, _one, salt, rounds, _digest = known.split("$")
        digest = hashlib.pbkdf2_hmac("sha1", password.encode(), salt.encode(), int(rounds), 20)
        return f"$1${salt}${rounds}${digest.hex()}"


class ForeignArgon2(Argon2PasswordHasher):
    """Of other costs than ours. By a name of its own: what asks whether all are hashed alike asks for names."""

    algorithm = "foreign_argon2"

    def must_update(self, encoded: str) -> bool:
        return True
