"""The last day of one account, set or taken back by the office.

False: it is no longer the day that was shown (None: none), or the account is one that cannot end.
"""

from datetime import date

from django.db import transaction

from accounts.delivery import notices
from accounts.lib import clock
from accounts.log import events
from accounts.users.models import User

Kind = events.Kind


def set_to(day: date, user: User, shown: date | None, *, actor: User, address: str = "", reason: str = "") -> bool:
    with transaction.atomic():
        if not _change(user, shown, day):
            return False
        said = {"last_day": clock.midnight(day), **events.because(reason)}
        notices.by_mail(user, events.record(Kind.LAST_DAY_SET, user, actor=actor, address=address, **said))
    return True


def take_back(user: User, shown: date | None, *, actor: User, address: str = "", reason: str = "") -> bool:
    with transaction.atomic():
        if not _change(user, shown, None):
            return False
        said = events.because(reason)
        notices.by_mail(user, events.record(Kind.LAST_DAY_TAKEN_BACK, user, actor=actor, address=address, **said))
    return True


def _change(user: User, shown: date | None, day: date | None) -> bool:
    as_shown = User.objects.filter(pk=user.pk, last_day=shown, is_active=True, is_superuser=False)
    return day != shown and bool(as_shown.update(last_day=day))
