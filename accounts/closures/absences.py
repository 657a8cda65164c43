"""Since when accounts are disabled. Looked for by the clock, as there are many ways to disable one."""

from django.utils import timezone

from accounts.closures.models import Absence
from accounts.lib.batches import batches
from accounts.users.models import User


def note() -> None:
    Absence.objects.filter(user__is_active=True).delete()
    now = timezone.now()
    for keys in batches(list(User.objects.filter(is_active=False, absence=None).values_list("pk", flat=True))):
        Absence.objects.bulk_create([Absence(user_id=key, since=now) for key in keys], ignore_conflicts=True)
