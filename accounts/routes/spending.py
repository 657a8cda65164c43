"""What SMS cost, and how much may be spent on a day: by a gateway, for a country, by the whole site.

Spent before the gateway is asked, by conditional updates: however many send at once, no budget is exceeded. What was
certainly not sent is given back. Where there is no budget nothing is counted: all who send would wait for each other.
"""

import logging
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.delivery import claims
from accounts.delivery.models import Attempt, Sms
from accounts.lib import clock, numbers
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
            attempt = Attempt.objects.create(sms=sms, gateway=gateway, started_at=now, price=cost)
            for of in _purses(gateway, sms.number):  # last: who comes next waits from here until the commit
                _spend(of, attempt)
    except _Spent as spent:
        logger.error("A budget of SMS is spent for today: %s", spent)
        return None
    sms.claimed_at = now
    return attempt


def _purses(gateway: str, number: str) -> tuple[str, ...]:
    """Always in this order: who holds one waits for the next one, and nobody in a circle."""
    every = SITE, f"+{numbers.country(number)}", gateway
    return tuple(of for of in every if of in settings.SMS_BUDGETS)


def _spend(of: str, attempt: Attempt) -> None:
    today = timezone.localdate()
    if _add(today, of, attempt.price):
        return
    Spending.objects.bulk_create([_so_far(today, of, attempt)], ignore_conflicts=True)  # the first of it, perhaps
    if not _add(today, of, attempt.price):
        raise _Spent(of)


def _so_far(day: date, of: str, attempt: Attempt) -> Spending:
    """Without this attempt. A budget may be set in the middle of a day."""
    sent = Attempt.objects.filter(outcome__in=Attempt.HANDED_OVER, started_at__gte=clock.midnight(day)).exclude(
        pk=attempt.pk
    )
    if of.startswith("+"):
        sent = sent.filter(sms__number__of_country=of[1:])
    elif of != SITE:
        sent = sent.filter(gateway=of)
    summed = sent.order_by().aggregate(messages=Count("pk"), money=Coalesce(Sum("price"), 0))
    return Spending(day=day, of=of, **summed)


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
    for one in _purses(attempt.gateway, attempt.sms.number):
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
    return clock.midnight(timezone.localdate() + timedelta(days=1))


def delete_expired() -> None:
    Spending.objects.filter(day__lt=timezone.localdate() - KEPT_FOR).delete()
