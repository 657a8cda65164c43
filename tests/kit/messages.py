"""An SMS as gateways are given it."""

from datetime import timedelta

from django.utils import timezone

from accounts.delivery.gateways.message import Message

NUMBER, CODE = "+8613800138000", "814460"


def message(purpose: str = "sign_in", *, number: str = NUMBER, code: str | None = CODE) -> Message:
    return Message(
        number=number,
        purpose=purpose,
        mailbox="hongmeng@example.edu",
        code=code,
        attempt=4711,
        expires_at=timezone.now() + timedelta(minutes=5),
    )
