"""What a source elsewhere says of somebody who comes back from it."""

from dataclasses import dataclass
from enum import Enum, auto


class Refusal(Enum):
    NOT_PROVEN = auto()  # forged, too old, used, or meant for another site
    NO_ADDRESS = auto()  # it does not say, or has not verified, which mailbox it is
    AWAY = auto()  # no answer, or none that makes sense


@dataclass(frozen=True)
class Proof:
    address: str  # of the mailbox, as it is written there
    ticket: str  # by which it was proven


class Away(Exception):
    """See Refusal.AWAY."""
