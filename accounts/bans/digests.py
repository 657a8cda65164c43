"""What is kept of a wrong password, or name, while it counts: enough to tell a repeat from another guess, no longer.

A wrong password may be the right one of yesterday, of another site, or the mailbox password itself where two-step is
on. So the digest has a key of its own that is another one each day, is cut so far that a hundred out of a dictionary
fit it, and is emptied when the failure counts no more (docs/decisions/0031-guessing.md).
"""

import hmac
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from django.conf import settings
from django.utils import timezone

from accounts.users import usernames

LENGTH = 5  # hexadecimal digits: of 50 different guesses one in a thousand times two are taken for one
TURNS_AT = timedelta(hours=4)  # o'clock, when hardly anybody is there
STRANGER = "unknown "  # begins what failures of a name that is no account's are kept under


def of(password: str, now: datetime) -> list[str]:
    """Under the key of today, then under those of the days before whose failures still count."""
    today = (now.astimezone(timezone.get_default_timezone()) - TURNS_AT).date()
    keys = _keys_of_days(today, settings.FAILURE_LIFETIME, settings.SECRET_KEY)
    return [_keyed(key, password)[:LENGTH] for key in keys]


@lru_cache(maxsize=4)
def _keys_of_days(today: date, lifetime: timedelta, secret: str) -> list[bytes]:
    days = -(-lifetime // timedelta(days=1))
    return [_key(f"accounts.bans.password.{today - timedelta(days=ago)}", secret) for ago in range(days + 1)]


@lru_cache(maxsize=4)
def _key_of_names(secret: str) -> bytes:
    return _key("accounts.bans.name", secret)


def _key(purpose: str, secret: str) -> bytes:
    """As Django's `salted_hmac` derives it. Made once, and not for each mail login."""
    return sha256(f"{purpose}{secret}".encode()).digest()


def _keyed(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


def stranger(name: str) -> str:
    """What failures are kept under of a name that is no account's. What was typed as a name may be a password: only a
    keyed digest of it is kept."""
    typed = usernames.canonical(name) or name
    return STRANGER + _keyed(_key_of_names(settings.SECRET_KEY), typed)[:16]
