"""The last day of one account, set or taken back by the office."""

from datetime import date

from django.db import transaction

from accounts.delivery import notices
from accounts.lib import clock
from accounts.log import events
from accounts.users.models import User

Kind = events.Kind


def change(
    user: User, version: date | None, day: date | None, *, actor: User, address: str = "", reason: str = ""
) -> bool:
    """None takes it back. False: it is no longer `version`, or the account has none that could end."""
    with transaction.atomic():
        as_seen = User.objects.filter(pk=user.pk, last_day=version, is_active=True, is_superuser=False)
        if day == version or not as_seen.update(last_day=day):
            return False
        kind = Kind.LAST_DAY_SET if day else Kind.LAST_DAY_TAKEN_BACK
        details = {"last_day": clock.midnight(day)} if day else {}
        event = events.record(kind, user, actor=actor, address=address, **details, **events.because(reason))
        notices.by_mail(user, event)
    return True
