"""Which right it takes to change a field of somebody's account: the same on a page and in a file."""

from accounts.users.models import User
from accounts.users.permissions import right

# Fields not named here ask for the right to change an account. None: superusers only.
FIELDS: dict[str, str | None] = {
    "must_change_password": right("help_people", User),
    "is_active": right("delete", User),  # a disabled account is as good as deleted, and an enabled one as good as new
    "last_day": right("delete", User),
    "two_step_from": right("roll_out", User),  # by a roll-out or a file: no page edits it like a name
    "is_staff": None,
    "is_superuser": None,
    "groups": None,
}


def may_change(clerk: User, field: str) -> bool:
    """Of an account that he may edit: see accounts/users/clerks.py."""
    needed = FIELDS.get(field, right("change", User))
    return clerk.is_superuser or (needed is not None and clerk.has_perm(needed))
