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
    said: frozenset[tuple[str, str]] = frozenset()  # all that it says of this sign-in, under a signature
    session: str = ""  # as it calls the sign-in there (OpenID Connect: sid)
    subject: str = ""  # and the person (sub)


@dataclass(frozen=True)
class Over:
    """What a source says has ended there: what has all of these."""

    ticket: str = ""
    session: str = ""
    subject: str = ""


class Away(Exception):
    """See Refusal.AWAY."""
