from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass
class Reading:
    """People, as one server has them: all, or those that have changed since `known` (the mark of each server)."""

    known: Mapping[str, str] = field(default_factory=dict)
    people: list[Someone] = field(default_factory=list)
    is_whole: bool = True
    server: str = ""
    mark: str = ""  # up to where its changes are in this answer. Empty: it cannot say
