"""A chart of the dashboard as its template shows it: a drawing with its legend and the same in figures, or bars."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from accounts.lib import clock
from portal.office.dashboard import geometry
from portal.office.dashboard.geometry import Box, Label, Line, Scale
from portal.office.dashboard.lists import Listing
from portal.office.dashboard.periods import Days

Show = Callable[[int], str]

MANY = 12  # bars below each other; more stand side by side


@dataclass(frozen=True)
class Entry:
    """One line of a legend, or one bar of several below each other: what it is, how much, and where the list is."""

    look: int
    name: str
    total: str
    url: str = ""
    length: str = ""  # of a bar
    next_url: str = ""  # what to do about it, for who rolls two-step out
    is_bad: bool = False


@dataclass(frozen=True)
class Row:
    name: str
    url: str
    cells: list[str]


@dataclass(frozen=True)
class Chart:
    slug: str
    title: str
    headline: str = ""  # the one figure to remember
    says: str = ""  # and what it is
    alarm: str = ""  # what is so bad that somebody should look
    entries: list[Entry] = field(default_factory=list)
    scale: list[str] = field(default_factory=list)  # from the top down
    grid: list[str] = field(default_factory=list)  # where its lines are
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)  # the same in figures
    note: str = ""

    @property
    def is_drawing(self) -> bool:
        return bool(self.scale)

    @property
    def is_empty(self) -> bool:
        drawn = self.boxes or any(line.pieces or line.dots for line in self.lines)
        return not (drawn if self.is_drawing else self.entries)

    @property
    def is_wide(self) -> bool:
        return len(self.entries) > MANY


def number(value: int) -> str:
    return f"{value:,}"


def seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g} s"


def share(part: int, whole: int) -> str:
    """Neither 100 % where one is missing, nor 0 % where there is one."""
    if not whole:
        return "—"
    percent = round(100 * part / whole)
    if percent == 0 and part:
        return "<1%"
    return f"{min(percent, 99) if part < whole else percent}%"


@dataclass(frozen=True)
class Series:
    name: str
    values: Sequence[int | None]
    url: str = ""
    total: str | None = None  # instead of the sum

    @property
    def sum(self) -> int:
        return sum(value or 0 for value in self.values)


def columns(days: Days, chart: Chart, listing: Listing, series: list[Series]) -> Chart:
    scale, boxes = geometry.stacked([one.values for one in series])
    drawn = _drawn(days, chart, scale, series, listing)
    return replace(drawn, boxes=boxes)


def curves(
    days: Days, chart: Chart, listing: Listing, series: list[Series], *, top: int = 0, show: Show = number
) -> Chart:
    scale, lines = geometry.lines([one.values for one in series], top)
    drawn = _drawn(days, chart, scale, series, listing, show)
    return replace(drawn, lines=lines)


def _drawn(
    days: Days, chart: Chart, scale: Scale, series: list[Series], listing: Listing, show: Show = number
) -> Chart:
    totals = [number(one.sum) if one.total is None else one.total for one in series]
    return replace(
        chart,
        entries=[
            Entry(look, one.name, total, one.url)
            for look, (one, total) in enumerate(zip(series, totals, strict=True), 1)
        ],
        scale=[show(tick) for tick in reversed(scale.ticks)],
        grid=geometry.grid(scale),
        labels=geometry.labels([clock.without_year(period.first) for period in days.periods]),
        rows=[
            Row(
                period.name,
                listing.row_url(days, period),
                ["—" if value is None else show(value) for value in cells],
            )
            for period, *cells in zip(days.periods, *(one.values for one in series), strict=True)
        ],
        note=chart.note or listing.note(days),
    )


def bars(chart: Chart, rows: list[tuple[str, int, str, str]], whole: int = 0) -> Chart:
    """Names, sizes, totals and addresses; the longest bar is the whole, if nothing else is."""
    lengths = geometry.rows(
        [size for _name, size, _total, _url in rows], whole or max((row[1] for row in rows), default=0)
    )
    entries = [
        Entry(1, name, total, url, length) for (name, _size, total, url), length in zip(rows, lengths, strict=True)
    ]
    return replace(chart, entries=entries)
