"""A year that never was: how busy its days are, and when something happens on them."""

import random
from datetime import date, datetime, timedelta

from django.utils import timezone

from accounts.lib import clock

PEOPLE = 10_000  # that a day is as busy as; of fewer people in proportion
DAYS = 364
ON_WEEKDAYS = (1.0, 1.0, 0.98, 0.97, 0.9, 0.25, 0.2)
WORKING_HOURS = (8, 20)


class Year:
    """Its days are counted backwards from today."""

    def __init__(self, chance: random.Random, count: int) -> None:
        self.chance, self.count = chance, count
        self.now = timezone.now()
        self.today = timezone.localdate(self.now)

    def day(self, ago: int) -> date:
        return self.today - timedelta(days=ago)

    def busy(self, ago: int) -> float:
        """How much is done on a day, beside a Monday in term."""
        day = self.day(ago)
        holiday = 0.4 if day.month in (7, 8) else 0.5 if day.month == 2 else 1
        if day.month == 10 and day.day <= 7:
            holiday = 0.3
        part = (self.now - clock.midnight(day)) / timedelta(days=1) if ago == 0 else 1
        return ON_WEEKDAYS[day.weekday()] * holiday * part * self.chance.uniform(0.93, 1.07) * self.count / PEOPLE

    def moment(self, ago: int) -> datetime:
        """Some time of that day; nothing has happened in the future."""
        midnight = clock.midnight(self.day(ago))
        first, last = (midnight + timedelta(hours=hour) for hour in WORKING_HOURS)
        if self.chance.random() < 0.15 or first > self.now:
            first, last = midnight, midnight + timedelta(days=1)
        return first + (min(last, self.now) - first) * self.chance.random()
