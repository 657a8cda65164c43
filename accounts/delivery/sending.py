"""The way of one SMS or mail from its row to the gateway: claim, send, note what became of it. At most once."""

import logging
import traceback
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone, translation

from accounts.delivery.claims import ClaimLost, change_mine
from accounts.delivery.errors import NotSent, OutcomeUnknown, Rejected
from accounts.delivery.models import Attempt, Delivery, Sms
from accounts.lib import loglines
from accounts.lib.compiled import Change, Changes, Query

logger = logging.getLogger(__name__)

Status = Delivery.Status
Reason = Delivery.Reason

Row = TypeVar("Row", bound=Delivery)

LONGEST_BACKOFF = timedelta(minutes=5)


def send(model: type[Row], pk: int, hand_over: Callable[[Row], None] | None = None) -> None:
    """Send one row, unless it was sent, is being sent, or is no longer wanted. `hand_over`: where the row does not know
    by itself what carries it."""
    row = _claim(model, pk)
    if row is None:
        return
    loglines.go_on(row.request)
    try:
        with translation.override(row.language):
            (hand_over or model.hand_over)(row)
    except ClaimLost:
        logger.warning("%s %s was taken from a worker that was slow.", model.__name__, pk)
    except NotSent as error:
        _requeue(row, error)
    except Rejected as error:
        _settle(row, Status.FAILED, error=error.code, reason=Reason.OFFICE if error.is_ours else Reason.NUMBER)
    except OutcomeUnknown as error:
        _settle(row, Status.UNKNOWN, error=error.code)
    except Exception as error:  # whatever it is, the row must not say "being sent" for ever, nor be sent twice
        _settle(row, Status.UNKNOWN, error=type(error).__name__)
        # Where and what it was, without its words: they may quote the text of the SMS.
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("Sending %s %s ended in %s\n%s", model.__name__, pk, type(error).__name__, where)
    else:
        _settle(row, Status.SENT, sent_at=timezone.now())


def _claim(model: type[Row], pk: int) -> Row | None:
    now = timezone.now()
    if not _claiming(model).run(pk, now):
        return None
    row: Row | None = _of_a_key(model).first(pk)
    if row:  # else its owner was erased meanwhile
        row.claimed_at = now  # ours, even if it was taken away meanwhile
    return row


@cache
def _claiming(model: type[Delivery]) -> Change:
    def build(pk: Any, now: Any) -> tuple[QuerySet[Any], Changes]:
        changes = {"status": Status.CLAIMED, "claimed_at": now, "tried": F("tried") + 1}
        return model.wanted().filter(pk=pk, expires_at__gt=now), changes

    return Change(build)


@cache
def _of_a_key(model: type[Delivery]) -> Query[Any]:
    return Query(lambda pk: model._default_manager.select_related("user").filter(pk=pk))


def _requeue(row: Delivery, error: NotSent) -> None:
    """Certainly not sent: the sweep tries again, later each time. What would be too late by then is told at once, and
    its owner goes on."""
    wait = error.retry_after or min(settings.SMS_REQUEUE_AFTER * 2 ** (row.tried - 1), LONGEST_BACKOFF)
    next_at = timezone.now() + wait
    if next_at >= row.expires_at:
        _settle(row, Status.FAILED, error=error.code, reason=Reason.LATE)
    else:
        _settle(row, Status.DELAYED, error=error.code, sweep_at=next_at)


def _settle(row: Delivery, status: Status, **fields: object) -> None:
    """Note the outcome of a claim, unless a receipt of the gateway was faster and knows more."""
    fields |= {name: getattr(row, name) for name in row.LEARNED}
    # A worker that was only slow may have been given up for lost.
    earlier = (Status.CLAIMED, Status.UNKNOWN) if status == Status.SENT else (Status.CLAIMED,)
    change_mine(row, earlier, status=status, **fields)
    logger.info("%s %s: %s %s", type(row).__name__, row.pk, status, fields.get("error", ""))


RANK = {Status.QUEUED: 0, Status.DELAYED: 0, Status.CLAIMED: 1, Status.UNKNOWN: 1, Status.SENT: 2, Status.FAILED: 3,
        Status.DELIVERED: 3}  # fmt: skip


def note_receipt(
    pk: int, gateway_id: str, status: Status, error: str = "", *, number_is_bad: bool = False, gateway: str = ""
) -> None:
    """What the gateway says about an SMS. Receipts come twice and in any order: the story only moves forward.

    What is said of an earlier attempt stays with that attempt: the SMS tells the story of its last one.
    """
    if not _note_at_attempt(pk, gateway, gateway_id, status, error):
        return
    earlier = [earlier for earlier, rank in RANK.items() if rank < RANK[status]]
    fields: dict[str, object] = {"status": status, "error": error, "gateway_id": gateway_id}
    if number_is_bad:
        fields["reason"] = Reason.NUMBER
    if status in (Status.SENT, Status.DELIVERED):  # our own note of it comes later, or never
        fields["sent_at"] = Coalesce("sent_at", timezone.now())
    if status == Status.DELIVERED:
        fields["delivered_at"] = timezone.now()
    Sms.objects.filter(pk=pk, status__in=earlier, gateway_id__in=("", gateway_id)).update(**fields)


FINAL = (Attempt.Outcome.UNDELIVERED, Attempt.Outcome.DELIVERED)


def _note_at_attempt(pk: int, gateway: str, gateway_id: str, status: Status, error: str) -> bool:
    """Whether the SMS is to learn of it. Rows of an older version have no attempts."""
    attempts = list(Attempt.objects.filter(sms=pk).order_by("-pk"))
    if not attempts:
        return True
    theirs = [one for one in attempts if gateway in ("", one.gateway)]
    meant = [one for one in theirs if one.gateway_id == gateway_id] or [one for one in theirs if not one.gateway_id]
    if not meant:
        return False
    fields: dict[str, object] = {"outcome": status, "error": error, "gateway_id": gateway_id}
    if status == Status.DELIVERED:
        fields["delivered_at"] = timezone.now()
    moved = Attempt.objects.filter(pk=meant[0].pk).exclude(outcome__in=FINAL).update(**fields)
    return bool(moved) and meant[0] == attempts[0]
