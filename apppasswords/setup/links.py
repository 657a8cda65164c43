"""One-time links, shown as QR codes, that take a phone to its profile.

The database holds a digest of the token. Looking at a link changes nothing, however often; taking it is decided by one
conditional update.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.lib import expired
from accounts.phones import phones
from accounts.users import ways
from accounts.users.models import User
from apppasswords import limits, passwords
from apppasswords.models import ProfileLink

WAITING_AT_ONCE = 5  # of one person; a further one takes the place of the oldest
KEPT = timedelta(days=1)  # after it expired, for the page that says what became of it


def of(user: User) -> QuerySet[ProfileLink]:
    return ProfileLink.objects.filter(user=user).select_related("password")


def make(user: User, name: str, *, address: str = "") -> tuple[ProfileLink, str] | passwords.Refusal | None:
    """The row and its token, which is returned here and never again. None without a second step.

    Callers have seen to it that a code was entered lately: whoever shows the token gets an app password.
    """
    if not ways.of(user):
        return None
    if refusal := passwords.refusal(user, name, address=address):
        return refusal
    token = secrets.token_urlsafe(32)
    link = ProfileLink.objects.create(
        user=user,
        phone=phones.of(user),
        name=name,
        digest=_digest(token),
        stamp=_stamp(user),
        expires_at=timezone.now() + settings.PROFILE_LINK_LIFETIME,
    )
    waiting = ProfileLink.objects.filter(user=user, used_at=None)
    waiting.exclude(pk__in=list(waiting.values_list("pk", flat=True)[:WAITING_AT_ONCE])).delete()
    return link, token


def find(token: str) -> ProfileLink | None:
    """If it can still be taken: not used, not expired, and the account is as it was."""
    waiting = ProfileLink.objects.filter(digest=_digest(token), used_at=None, expires_at__gt=timezone.now())
    link = waiting.select_related("user").first()
    if link is None or not link.user.is_active or not constant_time_compare(link.stamp, _stamp(link.user)):
        return None
    return link


def take(token: str, *, address: str = "") -> tuple[User, str] | passwords.Refusal | None:
    """Whose profile it is, and the secret of the app password that was made for it. One of many gets it."""
    link = find(token)
    if link is None:
        return None
    now = timezone.now()
    with transaction.atomic():
        claim = ProfileLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=now)
        if not claim.update(used_at=now):
            return None
        made = passwords.make(link.user, link.name, limits=limits.of_a_device(), address=address)
        if isinstance(made, passwords.Refusal):
            transaction.set_rollback(True)  # the link stays, for when there is room
            return made
        password, secret = made
        ProfileLink.objects.filter(pk=link.pk).update(password=password)
    return link.user, secret


def delete_expired() -> None:
    expired.delete(ProfileLink.objects.filter(expires_at__lt=timezone.now() - KEPT))


def _digest(token: str) -> str:
    return salted_hmac("apppasswords.links", token, algorithm="sha256").hexdigest()


def _stamp(user: User) -> str:
    """Changes with the password, with any second step, when all sessions are ended, and when two-step is switched on or
    off."""
    state = f"{user.get_session_auth_hash()} {user.two_step_from}"
    if user.ways_version:  # none was changed since there are several: what was made before that goes on
        state += f" {user.ways_version}"
    return salted_hmac("apppasswords.links.stamp", state, algorithm="sha256").hexdigest()
