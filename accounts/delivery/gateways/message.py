from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string


@dataclass(frozen=True)
class Message:
    """What a gateway is given. Some render the text, others fill their own template for the purpose."""

    number: str = field(repr=False)  # E.164
    purpose: str
    mailbox: str = field(repr=False)  # several may share a phone
    code: str | None = field(repr=False)
    attempt: int  # the row's id: the gateway's receipts name it
    expires_at: datetime

    def text(self) -> str:
        """In the language that is active, on one line and with the institution's name, as carriers ask for."""
        context = {
            "institution": settings.INSTITUTION,
            "mailbox": f"{self.mailbox[:1]}***@",
            "code": self.code,
            "minutes": int(settings.SMS_CODE_LIFETIME.total_seconds() // 60),
            "contact": settings.SUPPORT_CONTACT,
        }
        return " ".join(render_to_string(f"sms/{self.purpose}.txt", context).split())
