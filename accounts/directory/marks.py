"""Up to where the changes of each server are known, so that it need not be asked for everybody each time.

A change that was read is never lost by a mark: it is kept with what was read before it, in one transaction. And it is
believed for a while only, as who has left, or no longer fits the filter, is in no list of changes.
"""

import hashlib
import json
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts.directory.asking.answers import Reading
from accounts.directory.models import Mark
from accounts.directory.plan import Plan

BELIEVED = timedelta(hours=2)  # since all were read: LDAP_SYNC does each hour


def known() -> dict[str, str]:
    """By server. Of another question they say nothing: whom a new filter finds need not have changed."""
    fresh = Mark.objects.filter(question=_question(), whole_at__gt=timezone.now() - BELIEVED)
    return dict(fresh.values_list("server", "at"))


def keep(reading: Reading, plan: Plan) -> None:
    """With what was written. Changes in which leavers are held are read again."""
    if not reading.mark or not reading.server or (plan.held and not reading.is_whole):
        return
    kept: dict[str, object] = {"at": reading.mark, "question": _question()}
    if reading.is_whole:
        kept["whole_at"] = timezone.now()
    Mark.objects.update_or_create(server=reading.server, defaults=kept)


def _question() -> str:
    asked = [settings.LDAP_BASE, settings.LDAP_FILTER, settings.LDAP_ATTRIBUTES]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
