"""How long a sign-in lasts, and what else a session holds for a while."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.sessions.storage.keys import HALFWAY, STARTED_AT, TEMPORARY


def now() -> float:
    return timezone.now().timestamp()


def is_young(seconds: object, lifetime: timedelta) -> bool:
    """A time from the future is not young: a clock was set back, and nothing may live longer for it."""
    return isinstance(seconds, int | float) and -60 <= now() - seconds < lifetime.total_seconds()


def will_be_temporary(request: HttpRequest) -> bool:
    """It was ticked beside the password; who is in already, and lacks the second step, ticked it then."""
    held = request.session.get(HALFWAY)
    return bool(held.get(TEMPORARY)) if isinstance(held, dict) else is_temporary(request)


def is_temporary(request: HttpRequest) -> bool:
    """Nothing of this sign-in stays in the browser, and it is short."""
    return bool(request.session.get(TEMPORARY))


def lifetime(request: HttpRequest) -> timedelta:
    return settings.TEMPORARY_SESSION_LIFETIME if is_temporary(request) else settings.SESSION_LIFETIME


def signed_in_at(request: HttpRequest) -> datetime:
    return datetime.fromtimestamp(request.session[STARTED_AT], UTC)


def ends_at(request: HttpRequest) -> datetime:
    """At the latest, however busy it is."""
    return signed_in_at(request) + lifetime(request)


def age(request: HttpRequest) -> float:
    """Of the sign-in, in seconds."""
    return now() - float(request.session[STARTED_AT])
