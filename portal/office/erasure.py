"""An account goes with all that was kept of it, but what the law wants kept (docs/decisions/0103-erasure.md).

What hangs on the account's key goes by itself. Here is what names it by its text.
"""

import re
from collections.abc import Iterator

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.bans.models import Ban, Failure
from accounts.directory.models import Person
from accounts.lib import expired
from accounts.lib.batches import BATCH
from accounts.log import events
from accounts.users.models import User

Kind = events.Kind
A_NIGHT = 4 * BATCH


def due() -> QuerySet[User]:
    """Disabled for so long. Whom the directory still has as somebody who is there would be made anew by it."""
    if not settings.ERASE_AFTER:
        return User.objects.none()
    before = timezone.now() - settings.ERASE_AFTER
    is_there = (
        Exists(Person.objects.filter(user=OuterRef("pk"), disabled_at=None)) if settings.LDAP_SYNC else Q(pk=None)
    )
    return User.objects.filter(~Q(is_there), is_active=False, is_shared=False, absence__since__lt=before)


def run() -> None:
    """Every night."""
    for pk in list(due().order_by("absence__since").values_list("pk", flat=True)[:A_NIGHT]):
        with transaction.atomic():
            User.objects.hold(pk)
            if user := due().filter(pk=pk).first():  # nobody has enabled it meanwhile
                events.record(Kind.EXPIRED, user)
                _erase(user)


def erase(user: User, *, actor: User | None, address: str = "", reason: str = "") -> None:
    """Now, as the office wants it."""
    with transaction.atomic():
        user.hold()
        events.record(Kind.ERASED, user, actor=actor, address=address, **events.because(reason))
        _erase(user)


def _erase(user: User) -> None:
    Failure.objects.filter(account=user.username).delete()
    Ban.objects.filter(account=user.username).delete()
    LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)).delete()
    LogEntry.objects.filter(pk__in=list(_naming(user.username))).delete()
    user.delete()


def _naming(username: str) -> Iterator[int]:
    """Django's notes about what is called after him; weili@ is not li@."""
    as_a_word = re.compile(rf"(?<![\w.+-]){re.escape(username)}(?![\w.-])")
    notes = LogEntry.objects.filter(object_repr__contains=username).values_list("pk", "object_repr")
    return (pk for pk, called in notes.iterator() if as_a_word.search(called))


def delete_expired() -> None:
    """Django's own notes of what clerks edited, as long as the security log has it."""
    expired.delete(LogEntry.objects.filter(action_time__lt=timezone.now() - settings.EVENT_LIFETIME))
