from enum import Enum, auto
from typing import NamedTuple


class Answer(Enum):
    """What a directory says of a name and a password."""

    RIGHT = auto()
    WRONG = auto()
    NOBODY = auto()  # no entry, or several: then nobody knows whose it is
    DISABLED = auto()
    LOCKED = auto()  # nothing was compared
    MUST_CHANGE = auto()  # right, and expired or given by somebody else


class Away(Exception):
    """It does not answer in time, or not what is wanted. The text is for the office: no password is in it."""

    def __init__(self, text: str, kind: str = "") -> None:
        super().__init__(text)
        self.kind = kind  # as the library calls it


class Someone(NamedTuple):
    """An entry as the settings map it. Texts are as they stand there."""

    identity: str
    address: str
    name: str
    department: str
    is_active: bool
    phone: str = ""
