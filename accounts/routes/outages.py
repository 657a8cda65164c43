"""Which gateways do not work now. Whoever finds out writes it down, and every process reads it before it sends.

There are two kinds. A gateway that is away (refused connections, time-outs, for several numbers in a row) is out for
everything. One that refuses to work for us (template, signature, balance) is out for that country and purpose, at once:
a missing template of one kind says nothing of the others. See docs/decisions/0045-routes.md.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.delivery.models import WORKER_LOST, Attempt, Sms
from accounts.lib import numbers
from accounts.lib.compiled import Query
from accounts.routes.models import Outage

logger = logging.getLogger(__name__)

WITHIN = timedelta(minutes=2)  # failures that are further apart are no outage
LOOKED_AT = 100  # attempts
LONGEST_REST = timedelta(minutes=2)  # less than the life of a code: it may be the only gateway
KEPT_FOR = timedelta(days=30)
AWAY = ""  # the scope of it

Outcome = Attempt.Outcome
FAILED = (Outcome.NOT_SENT, Outcome.UNKNOWN)
NO_WORD = (Outcome.CLAIMED, Outcome.BUSY, Outcome.REFUSED)  # these say nothing about whether it can be reached


def scope_of(sms: Sms) -> str:
    return f"+{numbers.country(sms.number)} {sms.purpose}"


def current(gateways: Iterable[str], scope: str | None = None) -> dict[str, list[Outage]]:
    """Those that are on: of all kinds, or for an SMS of this scope."""
    found: dict[str, list[Outage]] = {}
    asked = set(gateways)
    for row in GOING_ON.all():
        if row.gateway in asked and (scope is None or row.scope in (AWAY, scope)):
            found.setdefault(row.gateway, []).append(row)
    return found


GOING_ON = Query(lambda: Outage.objects.filter(ended_at=None).order_by("began_at"))  # seldom any


def claim_probe(outages: list[Outage]) -> bool:
    """Whether this SMS is the one that may try a gateway that is out. Each time it is later."""
    now = timezone.now()
    if not all(_is_due(outage, now) for outage in outages):
        return False
    claimed = [_claim(outage, now) for outage in outages]
    return all(claimed)


def _is_due(outage: Outage, now: datetime) -> bool:
    # From the future: by a clock that was off. Nobody waits longer for that.
    return outage.probe_at <= now or outage.probe_at > now + LONGEST_REST


def _claim(outage: Outage, now: datetime) -> bool:
    rest = min(settings.SMS_OUTAGE_REST * 2 ** min(outage.probes, 10), LONGEST_REST)
    due = Outage.objects.filter(pk=outage.pk, ended_at=None, probe_at=outage.probe_at)
    return bool(due.update(probe_at=now + rest, probes=F("probes") + 1))


def note_refused(sms: Sms, gateway: str, error: str) -> None:
    """Somebody of the office must act."""
    if begin(gateway, scope_of(sms), error):
        logger.error("The SMS gateway %s refuses to work for us (%s): %s", gateway, scope_of(sms), error)


def note_failed(gateway: str, error: str) -> None:
    """One of many is nothing. Nor is the trouble of one number: whoever makes it would shut out all others."""
    now = timezone.now()
    recent = Attempt.objects.filter(gateway=gateway, started_at__gt=now - WITHIN).exclude(outcome__in=NO_WORD)
    recent = recent.exclude(error=WORKER_LOST)  # it was ours, not the gateway's
    numbers_failed = set()
    for outcome, number in recent.order_by("-pk").values_list("outcome", "sms__number")[:LOOKED_AT]:
        if outcome not in FAILED:
            break
        numbers_failed.add(number)
    if len(numbers_failed) >= settings.SMS_OUTAGE_AFTER and begin(gateway, AWAY, error):
        logger.error("The SMS gateway %s does not work and is left out: %s", gateway, error)


def begin(gateway: str, scope: str, error: str) -> bool:
    """False: it is known already."""
    now = timezone.now()
    try:
        with transaction.atomic():
            Outage.objects.create(
                gateway=gateway, scope=scope, error=error, began_at=now, probe_at=now + settings.SMS_OUTAGE_REST
            )
    except IntegrityError:
        return False
    return True


def end(outages: list[Outage]) -> None:
    """It has worked."""
    for outage in outages:
        if Outage.objects.filter(pk=outage.pk, ended_at=None).update(ended_at=timezone.now()):
            _wake(outage)
            logger.warning("The SMS gateway %s works again (%s).", outage.gateway, outage.scope or "for everything")


def end_all(gateway: str) -> None:
    """The office has seen to it: the next SMS finds out."""
    for outage in current([gateway]).get(gateway, []):
        Outage.objects.filter(pk=outage.pk, ended_at=None).update(ended_at=timezone.now())
        _wake(outage)


def _wake(outage: Outage) -> None:
    """What waits because of it, each time for longer, goes out with the next sweep."""
    now = timezone.now()
    waiting = Sms.objects.filter(status=Sms.Status.DELAYED, error=outage.error, sweep_at__gt=now)
    waiting.update(sweep_at=now)


def delete_expired() -> None:
    Outage.objects.filter(ended_at__lt=timezone.now() - KEPT_FOR).delete()
