"""Who has left for a source: kept in the browser that left, signed, and good for one return."""

import base64
import hashlib
import secrets
from dataclasses import asdict, dataclass, field
from typing import Self

from django.conf import settings
from django.core import signing
from django.utils import timezone
from django.utils.crypto import constant_time_compare

SALT = "accounts.elsewhere.departures"


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Departure:
    source: str
    next: str = ""
    fresh: bool = False  # somebody must sign in there anew, whoever is in
    state: str = field(default_factory=_random)
    nonce: str = field(default_factory=_random)
    verifier: str = field(default_factory=_random)  # RFC 7636
    left_at: float = field(default_factory=lambda: timezone.now().timestamp())

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def sealed(self) -> str:
        return signing.dumps(asdict(self), salt=SALT)

    @classmethod
    def opened(cls, sealed: str, source: str, state: str) -> Self | None:
        """The one that this browser left with, if it is the one that comes back."""
        try:
            departure = cls(**signing.loads(sealed, salt=SALT, max_age=settings.HALFWAY_LIFETIME))
        except (signing.BadSignature, TypeError):
            return None
        same = departure.source == source and constant_time_compare(departure.state, state)
        return departure if same else None
