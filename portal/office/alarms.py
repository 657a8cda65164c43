"""What the office should look at now, on the first page of the administration."""

from typing import Any

from django.conf import settings

from accounts.bans import brake
from accounts.bans.models import Ban
from accounts.users import clerks
from accounts.users.models import User
from accounts.users.permissions import right

SHOWN = 20


def guessed(clerk: Any) -> list[dict[str, Any]]:
    """People whose mailbox password is guessed at from many addresses, the latest first."""
    if not (clerk.has_perm(right("view", Ban)) and clerk.has_perm(right("view", User))):
        return []
    people = brake.on().filter(user__in=clerks.visible(clerk))[:SHOWN]
    return [{"person": one.user, "until": one.began_at + settings.BRAKE_WITHIN} for one in people]
