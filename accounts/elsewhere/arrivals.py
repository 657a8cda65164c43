"""Who came back from a sign-in elsewhere: once for each departure and each ticket, until it ends there."""

import hashlib

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.elsewhere.answers import Over, Proof
from accounts.elsewhere.models import Arrival
from accounts.lib import expired
from accounts.users.models import User


def _digest(source: str, secret: str) -> str:
    return hashlib.sha256(f"{source}\0{secret}".encode()).hexdigest()


def note(source: str, departure: str, proof: Proof, user: User) -> Arrival | None:
    """None if this departure has led here before, or this ticket."""
    try:
        with transaction.atomic():
            return Arrival.objects.create(
                source=source,
                departure_digest=_digest(source, departure),
                ticket_digest=_digest(source, proof.ticket),
                session_digest=_digest(source, proof.session) if proof.session else "",
                subject_digest=_digest(source, proof.subject) if proof.subject else "",
                user=user,
                ends_at=timezone.now() + settings.HALFWAY_LIFETIME + settings.SESSION_LIFETIME,
            )
    except IntegrityError:
        return None


def enter(pk: int, sign_in: str) -> str | None:
    """Its source, now that somebody is in by it; None if it has ended there meanwhile."""
    live = Arrival.objects.filter(pk=pk, ended_at=None)
    return live.values_list("source", flat=True).first() if live.update(sign_in=sign_in) else None


def source_of(pk: int) -> str:
    """Empty: of none."""
    return Arrival.objects.filter(pk=pk).values_list("source", flat=True).first() or ""


def end(source: str, over: Over) -> list[Arrival]:
    """Said by the source. Whoever is half-way by them gets no further; their `sign_in` is to be ended."""
    names = {"ticket_digest": over.ticket, "session_digest": over.session, "subject_digest": over.subject}
    digests = {name: _digest(source, secret) for name, secret in names.items() if secret}
    rows = Arrival.objects.filter(**digests, source=source) if digests else Arrival.objects.none()
    rows.filter(ended_at=None).update(ended_at=timezone.now())
    return list(rows.select_related("user"))


def delete_expired() -> None:
    expired.delete(Arrival.objects.filter(ends_at__lt=timezone.now()))
