"""Numbers that the directory has for people: offered where a phone is bound, masked, and never bound without a code.

For departments in which the office trusts them (docs/decisions/0070-phones-of-the-directory.md) they come first: who
has no second step yet begins with this phone, and whoever has only found out the password cannot begin with his own.
"""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.lib import numbers
from accounts.lib.batches import BATCH, batches
from accounts.phones.models import Phone, Suggestion
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Way


def are_wanted() -> bool:
    return "phone" in settings.LDAP_ATTRIBUTES


def of(user: User) -> str | None:
    """One that can be bound now."""
    if not are_wanted():
        return None
    row = Suggestion.objects.filter(user=user).first()
    return row.number if row and numbers.parse(row.number) == row.number and Phone.has_room(row.number) else None


def first(user: User) -> str | None:
    """With which somebody has to begin."""
    return of(user) if _is_trusted(user) and not ways.of(user) else None


def _is_trusted(user: User) -> bool:
    since = settings.LDAP_PHONES_TRUSTED_SINCE
    is_time = since is not None and since <= timezone.localdate()
    return (
        is_time and Way.PHONE in settings.SECOND_STEPS_TO_BEGIN and user.department in settings.LDAP_PHONES_TRUSTED_FOR
    )


def known() -> dict[int, str]:
    """By the key of the person."""
    return dict(Suggestion.objects.values_list("user", "number"))


def keep(found: dict[int, str]) -> None:
    """By the key of the person, what the directory has by now; empty: nothing."""
    with transaction.atomic():
        for gone in batches(pk for pk, number in found.items() if not number):
            Suggestion.objects.filter(user__in=gone).delete()
        rows = [Suggestion(user_id=pk, number=number) for pk, number in found.items() if number]
        Suggestion.objects.bulk_create(
            rows, batch_size=BATCH, update_conflicts=True, unique_fields=["user"], update_fields=["number"]
        )


def delete_unwanted() -> None:
    """The office takes them no longer."""
    if not are_wanted():
        Suggestion.objects.all().delete()
