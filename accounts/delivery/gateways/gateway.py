"""What every gateway can do, a module or an object."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from accounts.delivery.gateways.message import Message


@dataclass(frozen=True)
class Finding:
    """One sentence of a check, in the language that is active: what is well, or what is not and what to do."""

    words: str
    is_trouble: bool = False


class Gateway(Protocol):
    # It fills templates that the provider has approved; the others send our text.
    has_own_template: bool

    def send(self, message: Message) -> str:
        """The gateway's number of the SMS, or one of the errors in accounts/delivery/errors.py."""

    def check(self) -> Iterator[Finding]:
        """Asks the provider whether an SMS would be taken. Sends none."""
