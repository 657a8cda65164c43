"""The way of one SMS through the gateways: one after the other, until one has it or may have it. At most once each."""

import logging
import time
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.delivery import gateways, queue
from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected, SmsError
from accounts.delivery.models import Attempt, Sms
from accounts.lib.compiled import Change, Changes
from accounts.routes import outages, plans, spending, switches
from accounts.routes.models import Outage

logger = logging.getLogger(__name__)

Outcome = Attempt.Outcome

LONGEST = 6.0  # seconds in which another one is begun; the task has 15


def carry(sms: Sms) -> None:
    """To the first gateway that takes it. What it may have sent, no other one is given.

    Raises what is to be said of the SMS if none took it.
    """
    began, failures = time.monotonic(), list[SmsError]()
    used = _used(sms) if sms.rerouted_at else set()
    names = [name for name in plans.of(sms) if name not in used]
    out = outages.current(names, outages.scope_of(sms))
    off = switches.off()
    for name in names:
        if time.monotonic() - began > LONGEST:
            failures.append(NotSent("too slow"))
            break
        troubles = out.get(name, [])
        if name in off:
            failures.append(NotSent("switched off"))
        elif troubles and not sms.via and not outages.claim_probe(troubles):
            failures.append(_as_before(troubles))
        elif failure := _try(sms, name):
            failures.append(failure)
        else:
            if sms.via:  # whatever it was, the next SMS finds out
                outages.end_all(name)
            else:
                outages.end(troubles)
            return
    if not failures:
        logger.error("SMS_ROUTES names no gateway for %s.", outages.scope_of(sms))
    raise _what_is_said(failures)


def _used(sms: Sms) -> set[str]:
    """What has the SMS already: its owner asked for another channel."""
    return set(sms.attempts.filter(outcome__in=Attempt.HANDED_OVER).values_list("gateway", flat=True))


def _as_before(troubles: list[Outage]) -> SmsError:
    error = troubles[-1]
    return NotSent(error.error) if error.scope == outages.AWAY else ConfigurationRejected(error.error)


def _what_is_said(failures: list[SmsError]) -> SmsError:
    """If any of them may work in a moment, the SMS waits for it; the first that says so says when."""
    later = [failure for failure in failures if isinstance(failure, NotSent)]
    return next(iter([*later, *failures]), ConfigurationRejected("no route"))


def _try(sms: Sms, name: str) -> SmsError | None:
    """Why this gateway has certainly not sent it; None: it has. What may have sent it, or knows better, raises."""
    attempt = spending.begin(sms, name)
    if attempt is None:
        return ConfigurationRejected("budget")
    try:
        sms.gateway_id = gateways.send(sms.message(), name)
    except NotSent as error:
        spending.take_back(attempt)
        _settle(attempt, Outcome.BUSY if error.retry_after else Outcome.NOT_SENT, error.code)
        if not error.retry_after:
            outages.note_failed(name, error.code)
        return error
    except ConfigurationRejected as error:
        spending.take_back(attempt)
        _settle(attempt, Outcome.REFUSED, error.code)
        outages.note_refused(sms, name, error.code)
        return error
    except RecipientRejected as error:
        spending.take_back(attempt)
        _settle(attempt, Outcome.RECIPIENT, error.code)
        raise
    except Exception as error:
        code = error.code if isinstance(error, OutcomeUnknown) else type(error).__name__
        _settle(attempt, Outcome.UNKNOWN, code)
        outages.note_failed(name, code)
        raise
    _settle(attempt, Outcome.SENT, gateway_id=sms.gateway_id)
    return None


def _settle(attempt: Attempt, outcome: Outcome, error: str = "", **fields: object) -> None:
    """Unless a receipt was faster."""
    earlier = (Outcome.CLAIMED, Outcome.UNKNOWN) if outcome == Outcome.SENT else (Outcome.CLAIMED,)
    fields |= {"outcome": outcome, "error": error, "ended_at": timezone.now()}
    _changing(earlier, tuple(fields)).run(attempt.pk, *fields.values())
    said = fields.get("gateway_id") or error
    logger.info("SMS %s by the gateway %s: %s %s", attempt.sms_id, attempt.gateway, outcome, said)


@cache
def _changing(earlier: tuple[Outcome, ...], names: tuple[str, ...]) -> Change:
    def build(pk: Any, *values: Any) -> tuple[QuerySet[Any], Changes]:
        return Attempt.objects.filter(pk=pk, outcome__in=earlier), dict(zip(names, values, strict=True))

    return Change(build, 1 + len(names))


# --- What does not come by one gateway may come by another ------------------------------------------------------------


def has_other(sms: Sms) -> bool:
    """Whether an SMS that did not arrive can be tried by another channel: once, with the same code."""
    if sms.status != Sms.Status.FAILED or sms.rerouted_at or not sms.is_live:
        return False
    used = _used(sms)
    return bool(used) and bool(_open(sms) - used)


def _open(sms: Sms) -> set[str]:
    """Gateways that would take it now, as far as is known."""
    names = plans.of(sms)
    return set(names) - switches.off() - outages.current(names, outages.scope_of(sms)).keys()


def is_shut(number: str, purpose: Sms.Purpose, via: str = "") -> bool:
    """Whether all gateways that an SMS could take are switched off."""
    names = set(plans.of(Sms(pk=0, number=number, purpose=purpose, via=via)))
    return bool(names) and switches.off() >= names


def again(sms: Sms) -> bool:
    """By the next channel, as its owner asks. It is no further code, so it costs nothing of what there is of them."""
    now = timezone.now()
    failed = Sms.objects.filter(pk=sms.pk, status=Sms.Status.FAILED, rerouted_at=None, voided_at=None, used_at=None)
    if not has_other(sms) or not failed.filter(expires_at__gt=now).update(
        status=Sms.Status.QUEUED,
        rerouted_at=now,
        reason="",
        error="",
        gateway_id="",
        sweep_at=now + settings.SMS_REQUEUE_AFTER,
    ):
        return False
    queue.enqueue(sms)
    return True
