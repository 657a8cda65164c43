"""Who must use two-step, from when."""

from collections.abc import Iterable
from datetime import datetime

from accounts import events
from accounts.models import User


def switch_on(users: Iterable[User], start: datetime, *, actor: User) -> int:
    """From `start`; an earlier date stays. Returns for how many it changed something."""
    changed = 0
    for user in users:
        later = User.objects.filter(pk=user.pk).exclude(two_step_from__lte=start)
        if later.update(two_step_from=start):
            events.record(events.Kind.TWO_STEP_SET, user, actor=actor, start=start.isoformat())
            changed += 1
    return changed
