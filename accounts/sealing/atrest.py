"""A phone number as a row has it: in clear, or sealed (accounts/sealing/ring.py), with as much beside it as is looked
for: where it begins (calling code, and a digest of all but its last four digits) or how it ends (a digest of the four).

    +8613800138000
    aes:5f0c1a:<the number>              aes:5f0c1a:86:<begin>:<the number>              aes:5f0c1a:<the number>:<end>

Who has the database and no key sees which numbers are the same, and which begin or end alike, where that is asked.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import Enum, auto

from accounts.lib import numbers
from accounts.sealing import ring
from accounts.sealing.ring import Key

END = 4  # last digits, which clerks look for; and characters of their digest
BEGIN = 6  # bytes of the digest of the others
WIDE = 16  # of +, and 15 digits at most: all are hidden in the same length
LONGEST = 80  # characters of a column, with room


class Beside(Enum):
    """What is found without the whole number."""

    NOTHING = auto()
    BEGIN = auto()
    END = auto()


def written(number: str, beside: Beside) -> str:
    key = ring.writing()
    return _under(key, number, beside) if key else number


def every(number: str, beside: Beside) -> list[str]:
    """As it may stand in a row."""
    return [number, *(_under(key, number, beside) for key in ring.readable())]


def read(stored: str) -> str:
    if not stored.startswith(ring.ALGORITHMS):
        return stored
    parts = stored[ring.NAME :].split(":")
    hidden = max(parts, key=len)
    return ring.unseal(stored[: ring.NAME], urlsafe_b64decode(f"{hidden}=")).rstrip(b"\0").decode()


def of_country(code: int) -> list[str]:
    """How rows begin."""
    return [f"+{code}", *(f"{key.name}{code}:" for key in ring.readable())]


def of_range(number: str) -> list[str]:
    """How rows begin that agree with this number but for the last four digits."""
    return [number[:-END], *(_begin(key, number) for key in ring.readable())]


def ends(digits: str) -> list[str]:
    """How rows end: one among thousands that ends so is another number's."""
    return [digits, *(_end(key, digits) for key in ring.readable())]


def _under(key: Key, number: str, beside: Beside) -> str:
    hidden = _text(key.seal(number.encode().ljust(WIDE, b"\0")))
    if beside is Beside.BEGIN:
        return f"{_begin(key, number)}{hidden}"
    return f"{key.name}{hidden}:{_end(key, number[-END:])}" if beside is Beside.END else f"{key.name}{hidden}"


def _begin(key: Key, number: str) -> str:
    return f"{key.name}{numbers.country(number)}:{_text(key.digest('begin', number[:-END])[:BEGIN])}:"


def _end(key: Key, digits: str) -> str:
    return _text(key.digest("end", digits)[: END * 3 // 4])


def _text(of: bytes) -> str:
    return urlsafe_b64encode(of).decode().rstrip("=")
