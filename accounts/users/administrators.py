"""Somebody must always be able to open the administration, and nobody shuts the door on himself."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.users.models import User


class LockedOut(Exception):
    """What was asked for is undone. `reason` is for the clerk."""

    reason = _("This would lock somebody out.")


class NoneLeft(LockedOut):
    reason = _("Nothing was changed: no active administrator (with all rights) would be left.")


class NoneLeftWithTwoStep(LockedOut):
    reason = _("Nothing was changed: no administrator would be left for whom two-step is on.")


class Yourself(LockedOut):
    reason = _("Nothing was changed: you would take your own access away. Ask another administrator.")


def active() -> QuerySet[User]:
    return User.objects.filter(is_superuser=True, is_staff=True, is_active=True)


@contextmanager
def kept(actor: User | None = None) -> Iterator[None]:
    """What is done inside leaves an administrator, and `actor` his access; or it is undone, and LockedOut is raised.

    Two who disable each other at once come here one after the other: the second finds that he would be the last.
    """
    with transaction.atomic():
        _lock()
        had_one, had_two_step = active().exists(), _with_two_step().exists()
        before = _access(actor)
        yield
        if had_one and not active().exists():
            raise NoneLeft
        if had_two_step and not _with_two_step().exists():
            raise NoneLeftWithTwoStep
        if actor and any(had and not has for had, has in zip(before, _access(actor), strict=True)):
            raise Yourself


def would_remain(without: Iterable[User]) -> bool:
    """For pages that say so before it is tried."""
    gone = {user.pk for user in without}
    return not active().filter(pk__in=gone).exists() or active().exclude(pk__in=gone).exists()


def _with_two_step() -> QuerySet[User]:
    return active().filter(two_step_from__lte=timezone.now())


def _access(actor: User | None) -> tuple[bool, bool, bool]:
    """As the database has it, not as the request remembers it."""
    if actor is None:
        return False, False, False
    row = User.objects.filter(pk=actor.pk).values_list("is_active", "is_staff", "is_superuser").first()
    return row or (False, False, False)


def _lock() -> None:
    """One at a time, behind a row that is always there. The administrators' own would not do: who waits for them finds
    others than there were. (SQLite's transactions come one after the other anyway.)"""
    rows = ContentType.objects.filter(app_label=User._meta.app_label, model=User._meta.model_name)
    list(rows.select_for_update(no_key=True).values_list("pk"))
