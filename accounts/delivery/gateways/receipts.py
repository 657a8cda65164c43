"""What gateways report about SMS: each reads its own reports into these, and the story of the row goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from django.conf import settings

LONGEST = 200  # characters of one value of a report


class Malformed(Exception):
    """No report of this gateway."""


class Forged(Exception):
    """It does not come from the gateway."""


@dataclass(frozen=True)
class Report:
    """A request of the gateway, as it came."""

    url: str  # ours, as we gave it to the gateway
    form: Mapping[str, str] = field(repr=False)  # of the body, or of the query where it comes by GET
    body: bytes = field(repr=False)
    signature: str = field(default="", repr=False)


@dataclass(frozen=True)
class Receipt:
    status: str  # sent, delivered or failed; empty: a stage of no interest
    gateway_id: str = ""
    attempt: int | None = None  # the row, if the gateway says back what it was told
    number: str = field(default="", repr=False)  # however the gateway writes it
    error: str = ""
    number_is_bad: bool = False


@dataclass(frozen=True)
class Reply:
    """What the gateway wants to hear, or it reports again."""

    content: str = ""
    type: str = "application/json"
    status: int = 200


@dataclass(frozen=True)
class Sent:
    """An SMS that is asked about."""

    number: str = field(repr=False)
    gateway_id: str
    attempt: int
    at: datetime


class Reporting(Protocol):
    """A gateway that reports."""

    REPLY: Reply

    def receipts(self, report: Report) -> list[Receipt]:
        """Raises Malformed or Forged."""


class Asked(Protocol):
    """A gateway that tells what became of an SMS when it is asked."""

    def ask(self, sent: Sent) -> list[Receipt]:
        """What it knows of this SMS, and perhaps of others; or one of the errors in accounts/delivery/errors.py."""


def receipts_url(name: str, *, hides: bool = False) -> str:
    """The address of our page for its reports; empty where receipts are not taken."""
    secret = settings.SMS_RECEIPT_SECRET and ("***" if hides else quote(settings.SMS_RECEIPT_SECRET, safe=""))
    return f"{settings.PUBLIC_URL}/sms/receipts/{name}/{secret}/" if secret else ""


def clean(value: object) -> str:
    """One value of a report: what no gateway means is refused."""
    text = "" if value is None else str(value)
    if isinstance(value, dict | list) or len(text) > LONGEST or not text.isprintable():
        raise Malformed
    return text


def row_of(value: object) -> int | None:
    """The number of a row that a gateway says back."""
    text = clean(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
