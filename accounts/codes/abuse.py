"""Codes that nobody is to get, whoever asks: the money of today is spent, or many numbers of one range are typed."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max

from accounts.codes.limits import Asked, Known, Refusal, Refused
from accounts.delivery.models import Sms
from accounts.routes import routing, spending
from accounts.sealing import atrest

logger = logging.getLogger(__name__)


def refused(asked: Asked, known: Known, now: datetime, via: str = "") -> Refused | None:
    """Nothing was asked of a gateway for it."""
    if until := spending.spent_until(asked.number):
        return Refused(Refusal.BUDGET, until)
    if known.some_gateway_is_off and routing.is_shut(asked.number, asked.purpose, via):
        return Refused(Refusal.BUDGET)
    if asked.purpose in Sms.TYPED and (until := _range_closed_until(asked.number, now)):
        return Refused(Refusal.RANGE, until)
    return None


def tell(asked: Asked, refused: Refused) -> None:
    """The office, once for all that are alike."""
    if refused.refusal is Refusal.RANGE:
        logger.error(
            "Codes are asked for many numbers of one range, %s****; further ones get none.", asked.number[: -atrest.END]
        )
    elif refused.refusal is Refusal.BUDGET:
        logger.error("Codes are refused: a budget of today is spent, or the gateways are switched off.")


def _range_closed_until(number: str, now: datetime) -> datetime | None:
    """Whoever has SMS sent to many numbers does not enter the codes; people who bind their phones do. A number that is
    among them already is no further one."""
    typed = Sms.objects.filter(number__of_range=number, purpose__in=Sms.TYPED, used_at=None)
    recent = typed.filter(created_at__gt=now - settings.SMS_RANGE_WITHIN).order_by()
    found: dict[str, datetime] = {}
    for other, last in recent.values_list("number").annotate(last=Max("created_at")):
        found[other] = max(last, found.get(other, last))  # sealed under two keys it is found twice
    if number in found or len(found) < settings.SMS_RANGE_LIMIT:
        return None
    newest: list[datetime] = sorted(found.values(), reverse=True)
    within: timedelta = settings.SMS_RANGE_WITHIN
    return min(newest[settings.SMS_RANGE_LIMIT - 1], now) + within
