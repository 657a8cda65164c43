"""Sign-ins on the portal that applications hang on (webmail): begin one, end those of a session."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.browsers.models import TrustedBrowser
from accounts.sessions.models import Authorization
from accounts.users.models import User
from accounts.users.ways import Device, Way


def begin(
    user: User, session: str, *, signed_in_at: datetime, device: Device | None, browser: TrustedBrowser | None
) -> Authorization:
    """`device`: by which the second step was taken. `browser`: the trusted one that the session was opened in."""
    return Authorization.objects.create(
        user=user,
        session=session,
        auth_hash=user.get_session_auth_hash(),
        phone_id=device.pk if device and device.way is Way.PHONE else None,
        ways_version=user.ways_version if device else None,
        browser=browser,
        signed_in_at=signed_in_at,
        ends_at=signed_in_at + settings.SESSION_LIFETIME,
    )


def end(session: str) -> None:
    """At sign-out: every token that was handed out to this sign-in."""
    _end(Authorization.objects.filter(session=session))


def revoke(authorization: Authorization) -> None:
    """Somebody else has what it was handed out for."""
    _end(Authorization.objects.filter(pk=authorization.pk))


def _end(rows: QuerySet[Authorization]) -> None:
    """A token that is just being made for one of them is made before, and goes too, or finds it gone: who makes one
    holds the account as well."""
    with transaction.atomic():
        User.objects.hold(*rows.values_list("user", flat=True))
        rows.delete()


def delete_expired() -> None:
    """What was handed out on them goes with them."""
    Authorization.objects.filter(ends_at__lt=timezone.now()).delete()
