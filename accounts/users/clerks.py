"""Whom a clerk may see, and whom he may act upon. What he may see and do is said by his rights: see
portal/office/roles.py."""

from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet

from accounts.users.models import User

COLLEAGUE = Q(is_staff=True) | Q(is_superuser=True)
_SEEN = "(NOT (is_staff OR is_superuser) OR id = %s)"  # the same in SQL, and oneself


def is_colleague(user: User) -> bool:
    return user.is_staff or user.is_superuser


def visible(clerk: User) -> QuerySet[User]:
    """Colleagues of the office are an administrator's business; oneself one may see."""
    return User.objects.all() if clerk.is_superuser else User.objects.filter(~COLLEAGUE | Q(pk=clerk.pk))


def touchable(clerk: User) -> QuerySet[User]:
    """Whom he may help, or weaken. Who could set a colleague's password, or unbind the phone, would have the rights of
    the colleague; and nobody helps himself: one's own account asks for one's own phone."""
    return visible(clerk).exclude(pk=clerk.pk)


def may_touch(clerk: User, user: User) -> bool:
    """The same, of somebody who was read already."""
    return user.pk != clerk.pk and (clerk.is_superuser or not is_colleague(user))


def may_edit(clerk: User, user: User) -> bool:
    """An administrator edits his own account too, and keeps his access (accounts/users/administrators.py)."""
    return clerk.is_superuser or may_touch(clerk, user)


# From one to the next by the index: of a million people none is read.
_NAMES = """
    WITH RECURSIVE found (name) AS (
        SELECT MIN(department) FROM accounts_user WHERE {seen}
        UNION ALL
        SELECT (SELECT MIN(department) FROM accounts_user WHERE department > found.name AND {seen})
        FROM found WHERE found.name IS NOT NULL
    )
    SELECT name FROM found WHERE name IS NOT NULL
"""


def names_of_departments(clerk: User) -> list[str]:
    """Of those whom he may see; "" among them, if there is somebody without one."""
    seen, values = ("1 = 1", []) if clerk.is_superuser else (_SEEN, [clerk.pk, clerk.pk])
    with connection.cursor() as cursor:
        cursor.execute(_NAMES.format(seen=seen), values)
        return [name for (name,) in cursor.fetchall()]


def departments(clerk: User, **counts: Count) -> list[tuple[Any, ...]]:
    """Their names, how many people each has, and what else is counted of them. Those without one come first, as ""."""
    people = visible(clerk).values_list("department").annotate(people=Count("pk"), **counts)
    return list(people.order_by("department"))
