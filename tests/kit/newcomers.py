"""Somebody whom no limit knows yet."""

import secrets
from itertools import count
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.delivery import digits
from accounts.delivery.models import Sms
from accounts.phones.models import Phone
from accounts.users.models import User
from tests.kit.crowd import Call
from tests.kit.people import PASSWORD

_numbers = count(1)


class Newcomer:
    """A user, a number and an address that nobody used before."""

    def __init__(self) -> None:
        each = next(_numbers)
        self.number = f"+86138{each:08}"
        self.address = f"10.{each >> 16 & 255}.{each >> 8 & 255}.{each & 255}"
        self.session = secrets.token_hex(16)
        self.user = User.objects.create_user(
            f"newcomer{each}-{secrets.token_hex(4)}@example.edu", PASSWORD, two_step_from=timezone.now()
        )

    def bind(self) -> Phone:
        phone: Phone = Phone.objects.create(user=self.user, number=self.number)
        return phone

    def sms(self, session: str = "", **fields: Any) -> Sms:
        """A row as `codes.issue` leaves it, whatever the limits say."""
        now = timezone.now()
        return Sms.objects.create(
            user=self.user,
            number=self.number,
            purpose=Sms.Purpose.SIGN_IN,
            session=session or self.session,
            nonce=digits.new_nonce(),
            language="en",
            created_at=now,
            expires_at=now + settings.SMS_CODE_LIFETIME,
            **fields,
        )

    def code(self, session: str = "") -> str:
        """Of an SMS that has arrived."""
        return self.sms(session, status=Sms.Status.SENT).digits()

    def entering(self, code: str, session: str = "") -> Call:
        """The deed `enter_code`."""
        return {"user": self.user.pk, "number": self.number, "session": session or self.session, "code": code}

    def asking(self, **different: str) -> Call:
        """The deed `ask_for_code`."""
        return {"user": self.user.pk, "number": self.number, "address": self.address, **different}

    def wrong_codes(self) -> int:
        self.user.refresh_from_db()
        return self.user.wrong_codes

    def forgive(self) -> None:
        User.objects.filter(pk=self.user.pk).update(wrong_codes=0, codes_paused_until=None)


def wrong(code: str, by: int = 1) -> str:
    """Another code than the right one."""
    return f"{(int(code) + by) % 1_000_000:06}"
