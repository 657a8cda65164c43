"""What SMS cost, and how much may be spent on a day: by a gateway, for a country, by the whole site.

Spent before the gateway is asked, by conditional updates: however many send at once, no budget is exceeded. What was
certainly not sent is given back.
"""

import logging
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.delivery import claims
from accounts.delivery.models import Attempt, Sms
from accounts.lib import numbers
from accounts.routes.models import Spending

logger = logging.getLogger(__name__)

UNIT = 10_000  # in the price of one SMS
SITE = "*"
KEPT_FOR = timedelta(days=400)


class _Spent(Exception):
    """A budget holds no more."""


def price(gateway: str, number: str) -> int:
    """Of one SMS, in ten-thousandths; 0 where the settings do not say."""
    prices = settings.SMS_PRICES
    country = f"+{numbers.country(number)}"
    return int(prices.get((gateway, country), prices.get((gateway, ""), 0)))


def begin(sms: Sms, gateway: str) -> Attempt | None:
    """An attempt that is paid for; None: a budget of today holds no more."""
    cost, now = price(gateway, sms.number), timezone.now()
    try:
        with transaction.atomic():
            claims.renew(sms, now, gateway=gateway)  # known even if nothing more is heard of it
            for of in _purses(gateway, sms.number):
                _spend(of, cost)
            attempt = Attempt.objects.create(sms=sms, gateway=gateway, started_at=now, price=cost)
    except _Spent as spent:
        logger.error("A budget of SMS is spent for today: %s", spent)
        return None
    sms.claimed_at = now
    return attempt


def _purses(gateway: str, number: str) -> tuple[str, ...]:
    """Always in this order: who holds one waits for the next one, and nobody in a circle."""
    return SITE, f"+{numbers.country(number)}", gateway


def _spend(of: str, cost: int) -> None:
    today = timezone.localdate()
    if _add(today, of, cost):
        return
    Spending.objects.bulk_create([Spending(day=today, of=of)], ignore_conflicts=True)  # the first of the day, perhaps
    if not _add(today, of, cost):
        raise _Spent(of)


def _add(day: date, of: str, cost: int) -> bool:
    row = Spending.objects.filter(day=day, of=of)
    messages, money = settings.SMS_BUDGETS.get(of, (None, None))
    if messages is not None:
        row = row.filter(messages__lt=messages)
    if money is not None:
        row = row.filter(money__lte=money - cost)
    return bool(row.update(messages=F("messages") + 1, money=F("money") + cost))


def take_back(attempt: Attempt) -> None:
    day = timezone.localdate(attempt.started_at)
    of = _purses(attempt.gateway, attempt.sms.number)
    for one in of:
        Spending.objects.filter(day=day, of=one, messages__gt=0, money__gte=attempt.price).update(
            messages=F("messages") - 1, money=F("money") - attempt.price
        )
    Attempt.objects.filter(pk=attempt.pk).update(price=0)


def spent_until(number: str) -> datetime | None:
    """When an SMS to this number can be sent again, if a budget of its country or of the site holds no more today."""
    of = [one for one in (SITE, f"+{numbers.country(number)}") if one in settings.SMS_BUDGETS]
    rows = Spending.objects.filter(day=timezone.localdate(), of__in=of) if of else ()
    return _tomorrow() if any(_is_spent(row) for row in rows) or _holds_nothing(of) else None


def _is_spent(row: Spending) -> bool:
    messages, money = settings.SMS_BUDGETS[row.of]
    return (messages is not None and row.messages >= messages) or (money is not None and row.money >= money)


def _holds_nothing(of: list[str]) -> bool:
    return any(0 in settings.SMS_BUDGETS[one] for one in of)


def _tomorrow() -> datetime:
    return timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=1), time.min))


def delete_expired() -> None:
    Spending.objects.filter(day__lt=timezone.localdate() - KEPT_FOR).delete()
