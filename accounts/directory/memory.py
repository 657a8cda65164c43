"""What the directory said of a password lately, so that it is not asked whenever a mail program looks for mail.

Of the last right password for minutes, under a keyed digest of which the account's ended sessions are a part: what ends
those ends this. Of wrong ones, which old phones repeat for months, a digest that is cut: whoever has the key and the
row has a hundred words that fit, and no password.
"""

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.directory.models import Remembered
from accounts.lib import expired
from accounts.users.models import User

CUT = 8  # hexadecimal digits


def recall(user: User, password: str) -> bool | None:
    """Whether it was right; None: that is not known."""
    digests = [_digest(user, password, is_right=True), _digest(user, password, is_right=False)]
    known = Remembered.objects.filter(user=user, digest__in=digests, until__gt=timezone.now())
    return known.values_list("is_right", flat=True).first()


def note_right(user: User, password: str) -> None:
    """And no other one is any more."""
    digest = _digest(user, password, is_right=True)
    others = Q(is_right=True) & ~Q(digest=digest) | Q(digest=_digest(user, password, is_right=False))
    with transaction.atomic():
        Remembered.objects.filter(others, user=user).delete()
        _note(user, digest, is_right=True)


def note_wrong(user: User, password: str) -> None:
    with transaction.atomic():
        Remembered.objects.filter(user=user, digest=_digest(user, password, is_right=True)).delete()
        _note(user, _digest(user, password, is_right=False), is_right=False)


def _note(user: User, digest: str, *, is_right: bool) -> None:
    lifetime = settings.LDAP_RIGHT_LIFETIME if is_right else settings.LDAP_WRONG_LIFETIME
    Remembered.objects.bulk_create(
        [Remembered(user=user, digest=digest, is_right=is_right, until=timezone.now() + lifetime)],
        update_conflicts=True,
        unique_fields=["user", "digest"],
        update_fields=["until"],
    )


def forget(*users: User) -> None:
    """Wrong ones too: one of them may be the new one."""
    Remembered.objects.filter(user__in=users).delete()


def forget_right(user: User) -> None:
    Remembered.objects.filter(user=user, is_right=True).delete()


def delete_expired() -> None:
    expired.delete(Remembered.objects.filter(until__lte=timezone.now()))


def _digest(user: User, password: str, *, is_right: bool) -> str:
    bound = f"{user.pk} {user.sessions_ended if is_right else ''} {password}"
    whole = salted_hmac(f"accounts.directory.{is_right}", bound, algorithm="sha256").hexdigest()
    return whole if is_right else whole[:CUT]
