"""The days or weeks that a chart shows side by side, and the figures of each."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median_low

from django.utils import timezone

from accounts.lib import clock
from portal.office.overview import figures
from portal.office.overview.figures import Name

WEEKLY_FROM = 60  # days; longer ranges are drawn week by week


@dataclass(frozen=True)
class Period:
    """One column of a drawing: a day or a week."""

    first: date
    last: date

    @property
    def name(self) -> str:
        return " – ".join(dict.fromkeys(clock.day(day) for day in (self.first, self.last)))


class Days:
    """The figures of a range of days."""

    def __init__(self, length: int, names: Iterable[Name]) -> None:
        self.today = timezone.localdate()
        self.first = self.today - timedelta(days=length - 1)
        each = 7 if length > WEEKLY_FROM else 1
        self.periods = [
            Period(self.first + timedelta(days=day), self.first + timedelta(days=min(day + each, length) - 1))
            for day in range(0, length, each)
        ]
        self._values: dict[tuple[str, str], dict[date, int]] = defaultdict(dict)
        for day, name, key, value in figures.of_days(self.first, [*names, Name.SUMMED_AT, Name.PEOPLE]):
            self._values[name, key][day] = value

    @property
    def summed_at(self) -> datetime | None:
        seconds = self._values[Name.SUMMED_AT, ""].values()
        return datetime.fromtimestamp(max(seconds), UTC) if seconds else None

    @property
    def newest(self) -> date | None:
        return max(self._values[Name.PEOPLE, ""], default=None)

    def keys(self, name: Name) -> list[str]:
        return sorted(key for known, key in self._values if known == name)

    def sums(self, name: Name, *keys: str) -> list[int]:
        """How often in each period."""
        counts: Counter[date] = Counter()
        for key in keys:
            counts.update(self._values[name, key])
        return [sum(count for day, count in counts.items() if one.first <= day <= one.last) for one in self.periods]

    def ends(self, name: Name) -> list[int | None]:
        """How many there were at the end of each period."""
        return [values[-1] if (values := self._of(name, one)) else None for one in self.periods]

    def middles(self, name: Name, key: str = "") -> list[int | None]:
        """The middle day of each period."""
        return [median_low(values) if (values := self._of(name, one, key)) else None for one in self.periods]

    def _of(self, name: Name, period: Period, key: str = "") -> list[int]:
        return [value for day, value in self._values[name, key].items() if period.first <= day <= period.last]
