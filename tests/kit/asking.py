"""Codes without pages: ask for one, read it on the phone, enter it."""

from dataclasses import dataclass, replace

from django.test import TestCase

from accounts.codes import codes, guesses
from accounts.delivery.models import Sms
from accounts.users.models import User
from tests.kit.people import NUMBER, code_from_phone

Purpose = Sms.Purpose
PURPOSES = [purpose for purpose in Purpose if purpose not in Sms.NOTICES]


def other_than(code: str) -> str:
    """A wrong code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


@dataclass(frozen=True)
class Asking:
    """What a code is bound to."""

    user: User
    number: str = f"+86{NUMBER}"
    purpose: Sms.Purpose = Purpose.SIGN_IN
    session: str = "this browser"
    address: str = "192.0.2.1"

    def but(self, **other: object) -> "Asking":
        return replace(self, **other)  # type: ignore[arg-type]

    def ask(self) -> codes.Issued:
        with TestCase.captureOnCommitCallbacks(execute=True):
            return codes.issue(
                self.user, self.number, self.purpose, self.session, address=self.address, language="zh-hans"
            )

    def code(self) -> str:
        issued = self.ask()
        assert issued.sms, issued.refusal
        return code_from_phone(self.number)

    def enter(self, code: str) -> guesses.Outcome:
        return codes.check(self.user, self.number, self.purpose, self.session, code, address=self.address)
