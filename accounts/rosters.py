"""What a clerk does with a file of people: hand it in, look at what it would do, have it done."""

from django.conf import settings
from django.utils import timezone

from accounts import jobs, roster
from accounts.models import Roster, User

Status = Roster.Status


def take(name: str, content: bytes, clerk: User, *, language: str, address: str = "") -> Roster:
    """It is checked by a worker, and nothing else happens."""
    row = Roster.objects.create(
        name=name[-200:], content=content, language=language, made_by=clerk, address=address, working=True
    )
    jobs.enqueue(row)
    return row


def apply(row: Roster, clerk: User, *, version: str, address: str = "") -> bool:
    """What the preview showed. False: it is not as it was shown, or somebody was faster."""
    wanted = jobs.start(row, roster.as_shown(version), status=Status.APPLYING, made_by=clerk, address=address)
    if wanted:
        row.refresh_from_db(fields=["status", "working"])
        jobs.enqueue(row)
    return wanted


def drop(row: Roster) -> bool:
    rows = Roster.objects.filter(pk=row.pk, working=False, status=Status.CHECKED)
    return bool(rows.update(status=Status.DROPPED, content=None, version=""))


def delete_expired() -> None:
    """What stood in a file. That there was one stays known."""
    forgotten = timezone.now() - settings.ROLLOUT_DRAFT_LIFETIME
    Roster.objects.filter(made_at__lt=forgotten, working=False).update(content=None)
