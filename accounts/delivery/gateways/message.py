from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string

MAINLAND = "+86"


@dataclass(frozen=True)
class Message:
    """What a gateway is given. Some render the text, others fill their own template for the purpose."""

    number: str = field(repr=False)  # E.164
    purpose: str
    mailbox: str = field(repr=False)  # several may share a phone
    code: str | None = field(repr=False)
    attempt: int  # the row's id: the gateway's receipts name it
    expires_at: datetime

    @property
    def is_abroad(self) -> bool:
        return not self.number.startswith(MAINLAND)

    @property
    def local_number(self) -> str:
        """As the gateways of the mainland write it: without +86; others with their calling code."""
        return self.number.removeprefix(MAINLAND).lstrip("+")

    def values(self) -> dict[str, str]:
        """What a template may name."""
        return {
            "code": self.code or "",
            "mailbox": f"{self.mailbox[:1]}***@",
            "minutes": str(int(settings.SMS_CODE_LIFETIME.total_seconds() // 60)),
            "institution": settings.INSTITUTION,
            "contact": settings.SUPPORT_CONTACT,
        }

    def text(self, *, is_signed: bool = True, links_pass: bool = False) -> str:
        """In the language that is active, on one line and with the signature in front, as carriers ask for."""
        words = " ".join(render_to_string(f"sms/{self.purpose}.txt", self.values()).split())
        if is_signed and settings.SMS_SIGNATURE and not words.startswith("【"):
            words = f"【{settings.SMS_SIGNATURE}】{words}"
        # Carriers of the mainland drop what looks like an address.
        if links_pass and self.code and self.is_abroad and settings.SMS_AUTOFILL:
            words += f"\n\n@{urlsplit(settings.PUBLIC_URL).hostname} #{self.code}"
        return words
