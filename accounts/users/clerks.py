"""Whom a clerk may see, and whom he may act upon. What he may see and do is said by his rights: see
portal/office/roles.py."""

from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.users.models import User

COLLEAGUE = Q(is_staff=True) | Q(is_superuser=True)


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


def departments(clerk: User, **counts: Count) -> list[tuple[Any, ...]]:
    """Their names, how many people each has, and what else is counted of them. Those without one come first, as ""."""
    people = visible(clerk).values_list("department").annotate(people=Count("pk"), **counts)
    return list(people.order_by("department"))
