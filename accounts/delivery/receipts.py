"""What gateways say became of SMS: reported by themselves, or asked for. It is noted at the row that it is about."""

import logging
from datetime import timedelta

from django.utils import timezone

from accounts.delivery import gateways, sending
from accounts.delivery.errors import SmsError
from accounts.delivery.gateways import LONGEST_ID
from accounts.delivery.gateways.receipts import Malformed, Receipt, Sent
from accounts.delivery.models import Attempt, Delivery, Sms

logger = logging.getLogger(__name__)

# How old an SMS is, in minutes, when its gateway is asked: often enough for whoever waits, and then for the statistics.
AGES = (1, 3, 10, 30, 60)
AT_ONCE = 20  # a minute, of one gateway and age
FEWEST_DIGITS = 7  # of a number that says which SMS is meant


def note(gateway: str, receipts: list[Receipt]) -> int:
    """How many of them are about an SMS of this gateway."""
    noted = 0
    for receipt in receipts:
        row = _row(gateway, receipt)
        if row is None:
            continue
        noted += 1
        if receipt.status:
            sending.note_receipt(
                row.pk,
                receipt.gateway_id[:LONGEST_ID] or _id_of(row, gateway),
                Delivery.Status(receipt.status),
                receipt.error[:100],
                number_is_bad=receipt.number_is_bad,
                gateway=gateway,
            )
    return noted


def _row(gateway: str, receipt: Receipt) -> Sms | None:
    """All that the receipt says of it must fit."""
    number = receipt.gateway_id[:LONGEST_ID]
    if receipt.attempt is None and not number:
        return None
    attempts = Attempt.objects.filter(gateway=gateway).select_related("sms").order_by("-pk")
    rows = Sms.objects.filter(gateway=gateway, attempts=None)  # of an older version
    if receipt.attempt is not None:
        attempts, rows = attempts.filter(sms=receipt.attempt), rows.filter(pk=receipt.attempt)
    if number:
        ids = [number] if receipt.attempt is None else ["", number]
        attempts, rows = attempts.filter(gateway_id__in=ids), rows.filter(gateway_id__in=ids)
    attempt = attempts.first()
    row = attempt.sms if attempt else rows.first()
    digits = receipt.number.lstrip("+0")
    if row and receipt.number and (len(digits) < FEWEST_DIGITS or not row.number.endswith(digits)):
        return None
    return row


def _id_of(row: Sms, gateway: str) -> str:
    attempt = row.attempts.filter(gateway=gateway).exclude(gateway_id="").last()
    return attempt.gateway_id if attempt else row.gateway_id


def ask() -> None:
    """Once a minute: what is young and has no end yet. Which rows, their age says, so nothing need be remembered."""
    now = timezone.now()
    for name in gateways.configured():
        asked = gateways.asked(name)
        if asked is None:
            continue
        for age in AGES:
            before = now - timedelta(minutes=age)
            attempts = Attempt.objects.filter(
                gateway=name,
                outcome__in=(Attempt.Outcome.SENT, Attempt.Outcome.UNKNOWN),
                started_at__gt=before - timedelta(minutes=1),
                started_at__lte=before,
            )
            for attempt in attempts.select_related("sms").order_by("-pk")[:AT_ONCE]:
                about = Sent(attempt.sms.number, attempt.gateway_id, attempt.sms_id, attempt.started_at)
                try:
                    found = asked.ask(about)
                except (SmsError, Malformed) as error:
                    logger.warning("%s does not tell what became of SMS: %s", name, error)
                    break
                note(name, found)
