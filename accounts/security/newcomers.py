"""Who has never been in: the people for whom starting passwords are printed."""

from dataclasses import dataclass

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.maillogins.models import MailLogin
from accounts.users import clerks
from accounts.users.models import User

AT_ONCE = 80  # people; some seconds of hashing, and ten sheets of paper

WITHOUT_PASSWORD = Q(password="") | Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)


@dataclass(frozen=True)
class Department:
    name: str
    people: int
    without: int  # have no password
    unused: int  # have one with which nobody has come in


def _never_in() -> Q:
    """Neither on the web nor, as far as it is known still, by a mail program."""
    return Q(~Exists(MailLogin.objects.filter(user=OuterRef("pk"))), is_active=True, last_login=None)


def departments(clerk: User) -> list[Department]:
    """Those in which somebody has never been in."""
    mine = _never_in() & ~Q(pk=clerk.pk)
    counted = clerks.departments(
        clerk,
        without=Count("pk", filter=mine & WITHOUT_PASSWORD),
        unused=Count("pk", filter=mine & ~WITHOUT_PASSWORD),
    )
    return [row for row in (Department(*row) for row in counted) if row.without or row.unused]


def of(clerk: User, *, again: bool) -> QuerySet[User]:
    """Whom this clerk may give a starting password. `again`: also those who have one that was never used."""
    people = clerks.touchable(clerk).filter(_never_in(), is_shared=False)
    return people if again else people.filter(WITHOUT_PASSWORD)
