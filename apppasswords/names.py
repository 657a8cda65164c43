"""Names of app passwords, which are shown in clear: none may be a password.

Whoever holds a session could have the form say which guess is the mailbox password. So each comparison is claimed: of a
person's app passwords and QR codes there are no more than APP_PASSWORDS_DAILY in a day, whatever became of them.
"""

from datetime import datetime, timedelta
from enum import Enum, auto

from django.conf import settings

from accounts.lib.allowances import Allowance
from accounts.log import events
from accounts.users import mailbox_passwords
from accounts.users.keeper import Asker
from accounts.users.models import User
from apppasswords import secrets
from apppasswords.models import Naming

COMPARISONS = Allowance(Naming)
DAY = timedelta(days=1)


class Fault(Enum):
    SECRET = auto()
    TOO_MANY_TODAY = auto()  # it was not looked at


def fault(user: User, name: str, *, address: str = "") -> Fault | None:
    """Takes as long as a sign-in: the name could be the mailbox password."""
    if secrets.looks_like_one(name):
        return Fault.SECRET
    count = COMPARISONS.claim(user.pk, settings.APP_PASSWORDS_DAILY, DAY)
    if count is None:
        return Fault.TOO_MANY_TODAY
    if count == settings.APP_PASSWORDS_DAILY and (until := again_at(user)):
        events.record(events.Kind.MAKING_PAUSED, user, address=address, until=until)
    return Fault.SECRET if mailbox_passwords.check_password(user.username, name, Asker.ASIDE) == user else None


def again_at(user: User) -> datetime | None:
    """When a further one can be asked for, if none can be now."""
    return COMPARISONS.spent_until(user.pk, settings.APP_PASSWORDS_DAILY, DAY)
