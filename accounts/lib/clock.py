"""How a time is written, and nowhere else: in the zone of the site, alike in both languages."""

import math
from datetime import UTC, date, datetime, time, timedelta
from time import CLOCK_BOOTTIME, CLOCK_REALTIME, clock_gettime
from typing import NamedTuple

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

# As strftime has them; form fields of HTML take these two.
DAY = "%Y-%m-%d"
TIME = "%H:%M"
SECONDS = ":%S"


def moment(at: datetime, *, seconds: bool = False) -> str:
    """2026-11-29 08:47"""
    return f"{day(at)} {time_of_day(at, seconds=seconds)}"


def day(at: date) -> str:
    """2026-11-29"""
    return _local(at).strftime(DAY)


def midnight(day: date) -> datetime:
    """With which a day begins."""
    return timezone.make_aware(datetime.combine(day, time.min))


def time_of_day(at: datetime, *, seconds: bool = False) -> str:
    """08:47"""
    return _local(at).strftime(TIME + SECONDS if seconds else TIME)


def briefly(at: datetime, *, seconds: bool = False) -> str:
    """Without its day if that is today."""
    is_today = timezone.localdate(at) == timezone.localdate()
    return time_of_day(at, seconds=seconds) if is_today else moment(at, seconds=seconds)


def lately(at: datetime) -> str:
    """今天 08:47, in the language of the page; with its day if that is not today's or yesterday's."""
    ago = (timezone.localdate() - timezone.localdate(at)).days
    words = {0: _("today"), 1: _("yesterday")}
    return f"{words[ago]} {time_of_day(at)}" if ago in words else moment(at)


def seconds_until(at: datetime) -> int:
    """As a countdown shows it: never too early."""
    return max(math.ceil((at - timezone.now()).total_seconds()), 0)


def start(at: datetime) -> str:
    """From when on something is so: midnight says nothing beside its day."""
    return day(at) if time_of_day(at) == "00:00" else moment(at)


def span(first: datetime, last: datetime) -> str:
    """The day once, where it is the same."""
    is_same_day = timezone.localdate(first) == timezone.localdate(last)
    end = time_of_day(last, seconds=True) if is_same_day else moment(last, seconds=True)
    return f"{moment(first, seconds=True)} – {end}"


def without_year(at: date) -> str:
    """11-29 08:47, or 11-29 of a day: in narrow columns of what is not old."""
    return moment(at)[5:] if isinstance(at, datetime) else day(at)[5:]


def weekday(at: date) -> str:
    """In the language of the page."""
    return date_format(_local(at), "l")


def in_file_name(at: datetime) -> str:
    """20261129-0847"""
    return _local(at).strftime("%Y%m%d-%H%M")


# --- Whose clock ------------------------------------------------------------------------------------------------------

NEAR_ENOUGH = timedelta(seconds=2)
SET = NEAR_ENOUGH.total_seconds()  # less is how clocks go
MEASURED_EVERY = 30.0  # seconds


class Measured(NamedTuple):
    ahead: timedelta  # this machine's clock before the database's
    apart: float  # seconds between this machine's clock and the steady one
    at: float  # of the steady one


def steady() -> float:
    """Seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return clock_gettime(CLOCK_BOOTTIME)


def _apart() -> float:
    """As of one moment: between two looks a process may stand still."""
    while True:
        before, now, after = steady(), clock_gettime(CLOCK_REALTIME), steady()
        if after - before < SET / 2:
            return now - after


_measured = Measured(timedelta(), _apart(), -math.inf)


def now() -> datetime:
    """By the clock of the database, which all machines of a site go by. It takes the place of Django's own `now`."""
    return datetime.now(UTC) - ahead()


def measure(database_now: datetime, asked: datetime | None = None) -> None:
    """What the database's clock says, as it answered just now; `asked`: what this machine's said when it was asked. It
    was read in between, so a slow answer alone tells of no difference."""
    global _measured  # noqa: PLW0603 (there is one clock a machine)
    answered = datetime.now(UTC)
    least, most = (asked or answered) - database_now, answered - database_now
    off = max(least, min(most, timedelta()))
    _measured = Measured(off if abs(off) > NEAR_ENOUGH else timedelta(), _apart(), steady())


def ahead() -> timedelta:
    """Of this machine's clock before the database's; nothing if they are about the same. If it was set since that was
    measured, by so much more."""
    measured = _measured
    set_by = _apart() - measured.apart
    if abs(set_by) < SET:
        return measured.ahead
    off = measured.ahead + timedelta(seconds=set_by)
    return off if abs(off) > NEAR_ENOUGH else timedelta()


def wants_measuring() -> bool:
    """It was long ago, or this machine's clock was set since: a machine that stood still had none that went on, so by
    how much it was wrong the database has to say."""
    return steady() - _measured.at > MEASURED_EVERY or abs(_apart() - _measured.apart) >= SET


# --- For machines -----------------------------------------------------------------------------------------------------


def iso(at: datetime) -> str:
    """In UTC, as the details of an event keep it."""
    return at.astimezone(UTC).isoformat()


def parsed(text: str) -> datetime:
    """What `iso` wrote."""
    return datetime.fromisoformat(text)


def _local(at: date) -> date:
    """In the zone of the site. A day has none, and what names none (a cell of a spreadsheet) is meant as it stands."""
    return timezone.localtime(at) if isinstance(at, datetime) and timezone.is_aware(at) else at
