"""What people are told before they give a number, and that they agree: docs/decisions/0101-consent.md.

A number goes to whoever sends the SMS. That needs a consent of its own. It ends with the phone, and is kept in its row.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.lib import clock
from accounts.log import events
from accounts.phones.models import Phone
from accounts.users.models import User

OURS = 1  # one more when what templates/portal/privacy.html says is another thing, and everybody has to be asked again


@dataclass(frozen=True)
class Agreement:
    notice: str  # its version
    operator: str  # to whom the number goes, as it was named
    at: datetime

    @property
    def holds(self) -> bool:
        return (self.notice, self.operator) == (version(), settings.SMS_OPERATOR)

    @property
    def plain(self) -> dict[str, str]:
        """For a session."""
        return {"notice": self.notice, "operator": self.operator, "at": clock.iso(self.at)}

    @property
    def columns(self) -> dict[str, Any]:
        """Of a phone."""
        return {"notice": self.notice, "operator": self.operator, "agreed_at": self.at}


def version() -> str:
    return f"{OURS}.{settings.PRIVACY_VERSION}"


def now() -> Agreement:
    return Agreement(version(), settings.SMS_OPERATOR, timezone.now())


def of(phone: Phone | None) -> Agreement | None:
    """The one that holds: to what is said today, and for whom numbers go to today."""
    if phone is None or phone.agreed_at is None:
        return None
    return _holding(Agreement(phone.notice, phone.operator, phone.agreed_at))


def read(plain: object) -> Agreement | None:
    """What a session has kept."""
    if not isinstance(plain, dict):
        return None
    return _holding(Agreement(plain["notice"], plain["operator"], clock.parsed(plain["at"])))


def _holding(agreement: Agreement) -> Agreement | None:
    return agreement if agreement.holds else None


def agree(user: User, *, address: str) -> Agreement:
    """Somebody has ticked it."""
    agreement = now()
    operator = agreement.operator or None
    events.record(
        events.Kind.NUMBER_AGREED, user, address=address, notice=agreement.notice, operator=operator
    )  # fmt: skip
    return agreement


def renew(phone: Phone, *, address: str) -> None:
    """The notice, or who sends the SMS, is another one than when the phone was bound."""
    with transaction.atomic():
        columns = agree(phone.user, address=address).columns
        Phone.objects.filter(pk=phone.pk).update(**columns)
