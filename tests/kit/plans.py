"""Roll-outs as clerks make them, and people for them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.test import TestCase
from django.utils import timezone

from accounts.maillogins.models import MailLogin
from accounts.phones.models import Phone
from accounts.rollouts import rollouts
from accounts.rollouts.models import Rollout
from accounts.users.models import User
from tests.kit.people import Person

ROLLOUTS = "/admin/rollouts/rollout/"


def people(count: int, department: str = "文学院", prefix: str = "p", **fields: Any) -> list[User]:
    return User.objects.bulk_create(
        User(**{"username": f"{prefix}{n}@example.edu", "name": f"{prefix} {n}", "department": department} | fields)
        for n in range(count)
    )


def bind(users: Iterable[User], first: int = 13900000000) -> None:
    Phone.objects.bulk_create(Phone(user=user, number=f"+86{first + n}") for n, user in enumerate(users))


def uses_mailbox_password(users: Iterable[User], address: str = "10.1.2.3", days_ago: int = 1) -> None:
    day = timezone.localdate() - timedelta(days=days_ago)
    MailLogin.objects.bulk_create(
        MailLogin(user=user, day=day, protocol="imap", method="mailbox", count=3, address=address) for user in users
    )


def in_days(days: float) -> datetime:
    return timezone.now() + timedelta(days=days)


def drafted(clerk: User, start: datetime, **choice: Any) -> Rollout:
    return rollouts.draft(choice, start, clerk)


def carried_out(clerk: User, start: datetime, **choice: Any) -> Rollout:
    """From the dry run to the end, with a worker at hand."""
    row = drafted(clerk, start, **choice)
    with TestCase.captureOnCommitCallbacks(execute=True):
        outcome, changed = rollouts.carry_out(row, clerk, version=row.total)
    assert outcome == rollouts.Outcome.DONE, changed
    row.refresh_from_db()
    return row


def officer(make_user: Any, name: str = "desk", *rights: str, **fields: Any) -> Person:
    """One of the office who has these rights and no others, and is in."""
    user = make_user(name, phone=fields.pop("phone", "13700137001"), is_staff=True, **fields)
    user.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    person = Person(user)
    person.arrive()
    return person


def dates(users: list[User]) -> list[object]:
    return [User.objects.get(pk=user.pk).two_step_from for user in users]
