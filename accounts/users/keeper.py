"""Somebody else may keep the mailbox passwords: what it is asked for, and what it answers besides yes and no."""

from datetime import datetime
from enum import Enum, auto


class Asker(Enum):
    """Who wants to know it."""

    SIGN_IN = auto()  # the keeper is asked each time
    MAIL_LOGIN = auto()  # so often that what it said minutes ago will do
    MAIL_LOGIN_KNOWN = auto()  # the same, by who has no time: what was not said lately raises MustAsk
    ASIDE = auto()  # it may be no password at all; one that looks like none is compared with nothing


class CannotTell(Exception):
    """It does not answer, or must not be asked any more now. No failure of anybody."""

    def __init__(self, until: datetime | None = None) -> None:
        super().__init__()
        self.until = until  # it must not be asked


class MustAsk(Exception):
    """See MAIL_LOGIN_KNOWN."""


class MustChange(Exception):
    """The password is right and opens nothing: its owner has to replace it first."""
