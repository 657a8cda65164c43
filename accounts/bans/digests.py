"""What is kept of a wrong password, or name, while it counts: enough to tell a repeat from another guess, no longer.

A wrong password may be the right one of yesterday, of another site, or the mailbox password itself where two-step is
on. So the digest has a key of its own that is another one each day, is cut so far that a hundred out of a dictionary
fit it, and is emptied when the failure counts no more (docs/decisions/0031-guessing.md).
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.users import usernames

LENGTH = 5  # hexadecimal digits: of 50 different guesses one in a thousand times two are taken for one
TURNS_AT = timedelta(hours=4)  # o'clock, when hardly anybody is there
STRANGER = "unknown "  # begins what failures of a name that is no account's are kept under


def of(password: str, now: datetime) -> list[str]:
    """Under the key of today, then under those of the days before whose failures still count."""
    today = (timezone.localtime(now) - TURNS_AT).date()
    days = -(-settings.FAILURE_LIFETIME // timedelta(days=1))
    return [_digest(password, f"{today - timedelta(days=ago)}") for ago in range(days + 1)]


def _digest(password: str, day: str) -> str:
    return salted_hmac(f"accounts.bans.password.{day}", password, algorithm="sha256").hexdigest()[:LENGTH]


def stranger(name: str) -> str:
    """What failures are kept under of a name that is no account's. What was typed as a name may be a password: only a
    keyed digest of it is kept."""
    typed = usernames.canonical(name) or name
    return STRANGER + salted_hmac("accounts.bans.name", typed, algorithm="sha256").hexdigest()[:16]
