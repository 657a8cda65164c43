from base64 import b64encode
from secrets import token_bytes

from django.contrib.auth.hashers import Argon2PasswordHasher, PBKDF2PasswordHasher
from nacl import bindings
from nacl.exceptions import InvalidkeyError

SALT, DIGEST = bindings.crypto_pwhash_SALTBYTES, 32  # bytes


class Argon2id(Argon2PasswordHasher):
    """OWASP's first choice: a quarter of the time of Django's defaults, which thousands of sign-ins at 8:00 need.

    libsodium computes it, which knows what the processor can; argon2-cffi takes nearly twice as long for the same hash
    (docs/decisions/0123-libsodium.md). A new one and one that is compared take equally long: the time of a refusal is
    one or the other.
    """

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1  # libsodium has no other
    salt_entropy = 95  # bits, as Django reckons 16 characters; ours are any bytes, which makes them 128

    def salt(self) -> str:
        return token_bytes(SALT).decode("latin1")

    def encode(self, password: str, salt: str) -> str:
        given = salt.encode("latin1")
        digest = bindings.crypto_pwhash_alg(
            DIGEST, password.encode(), given, self.time_cost, self.memory_cost * 1024,
            bindings.crypto_pwhash_ALG_ARGON2ID13,
        )  # fmt: skip
        return f"{self._beginning()}{_written(given)}${_written(digest)}"

    def verify(self, password: str, encoded: str) -> bool:
        if not encoded.startswith(self._beginning()):  # other costs
            return super().verify(password, encoded)
        digest = encoded[encoded.index("$") :].encode()
        try:
            bindings.crypto_pwhash_str_verify(digest, password.encode())
        except InvalidkeyError:
            return False
        return True

    def _beginning(self) -> str:
        return f"{self.algorithm}$argon2id$v=19$m={self.memory_cost},t={self.time_cost},p={self.parallelism}$"


def _written(value: bytes) -> str:
    """As PHC strings are."""
    return b64encode(value).decode().rstrip("=")


class ClientSecret(PBKDF2PasswordHasher):
    """Secrets of applications are long and random: nobody guesses at them, and each login to webmail checks one."""

    algorithm = "client_secret"
    iterations = 1
