"""Clerks of each role, signed in."""

from django.contrib.auth.models import Group

from accounts.users.models import User
from portal.office import roles
from tests.conftest import MakeUser
from tests.kit.people import Person

# Who comes to the administration, in the order of the columns of tables.
NO_ROLE, SUPERUSER = "no role", "superuser"
CLERKS = (NO_ROLE, *roles.ROLES, SUPERUSER)


def give(user: User, role: str) -> None:
    """A test with a live server empties the database, roles and all."""
    roles.make()
    user.groups.add(Group.objects.get(name=role))


def clerk_with(make_user: MakeUser, role: str) -> Person:
    """Signed in by password and code."""
    roles.make()
    number = f"1370013710{CLERKS.index(role)}"
    is_superuser = role == SUPERUSER
    user = make_user(role.replace(" ", "-"), phone=number, is_staff=True, is_superuser=is_superuser)
    if role in roles.ROLES:
        give(user, role)
    person = Person(user, HTTP_ACCEPT_LANGUAGE="en")
    person.arrive()
    return person
