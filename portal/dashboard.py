"""The dashboard of the IT office: which charts there are, what each shows, and to which list each figure leads.

It reads what accounts/figures.py summed up: as many queries for ten people as for ten thousand.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from statistics import median_low

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import figures
from accounts.figures import Name
from accounts.models import DayFigure, Delivery, MailLogin
from portal import charts
from portal.charts import Box, Label, Line, Scale

Lookup = str | int
Show = Callable[[int], str]

RANGES: dict[int, str | Promise] = {
    7: gettext_lazy("7 days"),
    30: gettext_lazy("30 days"),
    364: gettext_lazy("1 year"),
}
DEFAULT_RANGE = 30
MANY = 12  # bars below each other; more stand side by side
WEEKLY_FROM = 60  # days; longer ranges are drawn week by week


@dataclass(frozen=True)
class Period:
    """One place of a drawing: a day or a week."""

    first: date
    last: date

    @property
    def name(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} – {self.last}"


@dataclass(frozen=True)
class Entry:
    """One line of a legend, or one bar of several below each other: what it is, how much, and where the list is."""

    look: int
    name: str
    total: str
    url: str = ""
    length: str = ""  # of a bar


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
    def is_wide(self) -> bool:
        return len(self.entries) > MANY


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

    def middles(self, name: Name) -> list[int | None]:
        """The middle day of each period."""
        return [median_low(values) if (values := self._of(name, one)) else None for one in self.periods]

    def _of(self, name: Name, period: Period) -> list[int]:
        return [value for day, value in self._values[name, ""].items() if period.first <= day <= period.last]


# --- Lists -----------------------------------------------------------------------------------------------------------


class Listing:
    """The list behind some figures, of one model, with these days."""

    def __init__(self, model: str, moment: str = "", lifetime: timedelta | None = None, **always: Lookup) -> None:
        self.model, self.moment, self.lifetime, self.always = model, moment, lifetime, always

    def url(self, days: Days | Period, **lookups: Lookup) -> str:
        first, last = (days.first, days.today) if isinstance(days, Days) else (days.first, days.last)
        query = self.always | lookups
        if self.moment == "day":
            query |= {"day__gte": str(first), "day__lte": str(last)}
        elif self.moment:
            query |= {f"{self.moment}__gte": str(figures.midnight(first))}
            query |= {f"{self.moment}__lt": str(figures.midnight(last + timedelta(days=1)))}
        return f"{reverse(f'admin:accounts_{self.model}_changelist')}?{urlencode(query)}"

    def row_url(self, days: Days, period: Period) -> str:
        """Nothing where the list has ended."""
        gone = self.lifetime and period.first <= days.today - self.lifetime
        return "" if gone or not self.moment else self.url(period)

    def note(self, days: Days) -> str:
        if self.lifetime is None or days.first > days.today - self.lifetime:
            return ""
        return _("The list goes back %(n)s days; the figures go back further.") % {"n": self.lifetime.days}


def _people() -> Listing:
    return Listing("user", is_active__exact=1, is_staff__exact=0)


def _sms() -> Listing:
    return Listing("sms", "created_at", settings.SMS_HISTORY_LIFETIME)


def _events() -> Listing:
    return Listing("securityevent", "at")


def _mail() -> Listing:
    return Listing("maillogin", "day", settings.MAIL_LOGIN_LIFETIME)


def _failures() -> Listing:
    return Listing("failure", "at", settings.SMS_HISTORY_LIFETIME)


def _bans() -> Listing:
    return Listing("ban", "started_at")


# --- Drawing ---------------------------------------------------------------------------------------------------------


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


def _columns(days: Days, chart: Chart, listing: Listing, series: list[Series]) -> Chart:
    scale, boxes = charts.stacked([one.values for one in series])
    drawn = _drawn(days, chart, scale, series, listing)
    return replace(drawn, boxes=boxes)


def _curves(
    days: Days, chart: Chart, listing: Listing, series: list[Series], *, top: int = 0, show: Show = number
) -> Chart:
    scale, lines = charts.lines([one.values for one in series], top)
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
        grid=charts.grid(scale),
        labels=charts.labels([date_format(period.first, "n-j") for period in days.periods]),
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


def _bars(chart: Chart, bars: list[tuple[str, int, str, str]], whole: int = 0) -> Chart:
    """Names, sizes, totals and addresses; the longest bar is the whole, if nothing else is."""
    lengths = charts.rows(
        [size for _name, size, _total, _url in bars], whole or max((bar[1] for bar in bars), default=0)
    )
    entries = [
        Entry(1, name, total, url, length) for (name, _size, total, url), length in zip(bars, lengths, strict=True)
    ]
    return replace(chart, entries=entries)


# --- The charts ------------------------------------------------------------------------------------------------------


def adoption(days: Days) -> list[Chart]:
    listing = _people()
    people, two_step = days.ends(Name.PEOPLE), days.ends(Name.TWO_STEP)
    everybody, on = _last(people), _last(two_step)
    chart = Chart(
        "adoption",
        _("Two-step over time"),
        headline=share(on, everybody),
        says=_("%(on)s of %(all)s people use two-step") % {"on": number(on), "all": number(everybody)},
        note=_("Active accounts, without those of the IT office."),
    )
    series: list[tuple[str, list[int | None], dict[str, Lookup]]] = [
        (_("two-step on"), two_step, {"two_step": "on"}),
        (_("phone bound"), days.ends(Name.PHONE), {"phone__isnull": 0}),
        (_("app password made"), days.ends(Name.APP_PASSWORD), {"app_passwords__isnull": 0}),
        (_("everybody"), people, {}),
    ]
    lines = [
        Series(name, values, listing.url(days, **lookups), number(_last(values))) for name, values, lookups in series
    ]
    return [_curves(days, chart, listing, lines, top=everybody), departments(days)]


def _last(values: Sequence[int | None]) -> int:
    return next((value for value in reversed(values) if value is not None), 0)


def departments(days: Days) -> Chart:
    """Those that are furthest behind come first."""
    listing = _people()
    counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(figures.OF_DEPARTMENTS, 0))
    if days.newest:
        newest = DayFigure.objects.filter(day=days.newest, name__in=figures.OF_DEPARTMENTS)
        for name, department, value in newest.values_list("name", "key", "value"):
            counts[department][name] = value
    bars = []
    for department, of in counts.items():
        on, everybody = of[Name.TWO_STEP_OF], of[Name.PEOPLE_OF]
        text = f"{share(on, everybody)} · {number(on)} / {number(everybody)}"
        lookup = {"department__exact": department}
        bars.append((on / max(everybody, 1), department, on, everybody, text, listing.url(days, **lookup)))
    bars.sort()
    lengths = charts.rows([bar[2] for bar in bars], [bar[3] for bar in bars])
    return Chart(
        "departments",
        _("Two-step by department"),
        entries=[
            Entry(1, department or _("(no department)"), text, url, length)
            for (_share, department, _on, _all, text, url), length in zip(bars, lengths, strict=True)
        ],
        note=_("Those that are furthest behind come first."),
    )


def sms(days: Days) -> list[Chart]:
    return [outcomes(days), delivery(days), delivery_over_time(days), gateways(days)]


OUTCOMES = (
    Delivery.Status.DELIVERED, Delivery.Status.SENT, figures.WAITING, Delivery.Status.UNKNOWN, Delivery.Status.FAILED,
)  # fmt: skip


def outcomes(days: Days) -> Chart:
    listing, keys = _sms(), days.keys(Name.SMS)
    names = dict(Delivery.Status.choices) | {figures.WAITING: _("waiting")}
    series = []
    for outcome in OUTCOMES:
        lookup = (
            {"status__in": ",".join(figures.UNFINISHED)} if outcome == figures.WAITING else {"status__exact": outcome}
        )
        values = days.sums(Name.SMS, *(key for key in keys if key.rpartition(" ")[2] == outcome))
        series.append(Series(str(names[outcome]), values, listing.url(days, **lookup)))
    total, failed = sum(days.sums(Name.SMS, *keys)), series[-1].sum
    chart = Chart(
        "sms",
        _("SMS by outcome"),
        headline=number(total),
        says=_("SMS asked for; %(share)s failed") % {"share": share(failed, total)},
    )
    return _columns(days, chart, listing, series)


def gateways(days: Days) -> Chart:
    listing = _sms()
    of: dict[str, list[str]] = defaultdict(list)
    for key in days.keys(Name.SMS):
        of[key.rpartition(" ")[0]].append(key)
    bars = []
    for gateway, keys in of.items():
        total = sum(days.sums(Name.SMS, *keys))
        failed = sum(days.sums(Name.SMS, f"{gateway} {Delivery.Status.FAILED}".strip()))
        text = _("%(n)s, %(share)s failed") % {"n": number(total), "share": share(failed, total)}
        url = listing.url(days, gateway__exact=gateway)
        bars.append((gateway or _("(never handed over)"), total, text, url))
    return _bars(Chart("gateways", _("SMS by gateway"), note=listing.note(days)), bars)


def delivery(days: Days) -> Chart:
    listing = _sms()
    classes = [*map(str, figures.CLASSES), figures.SLOWER]
    counts = [sum(days.sums(Name.DELIVERY, one)) for one in classes]
    total = sum(counts)
    names = [_("up to %(n)s s") % {"n": limit} for limit in figures.CLASSES] + [_("longer")]
    within = next((limit for at, limit in enumerate(figures.CLASSES, 1) if sum(counts[:at]) >= 0.95 * total), None)
    chart = Chart(
        "delivery",
        _("Time from request to delivery"),
        headline=(f"≤ {within} s" if within else f"> {figures.CLASSES[-1]} s") if total else "",
        says=_("95%% of %(n)s delivered SMS") % {"n": number(total)} if total else "",
        note=listing.note(days),
    )
    url = listing.url(days, delivered_at__isnull=0)
    shares = [f"{share(count, total)} · {number(count)}" for count in counts]
    if not total:
        return chart
    bars = [(name, count, text, "") for name, count, text in zip(names, counts, shares, strict=True)]
    drawn = _bars(chart, bars)
    return replace(drawn, entries=[*drawn.entries, Entry(0, _("all delivered"), number(total), url)])


def delivery_over_time(days: Days) -> Chart:
    chart = Chart(
        "delivery-days", _("Delivery time over time"), says=_("from request to delivery; of a week its middle day")
    )
    series = [
        Series(_("half within (median)"), days.middles(Name.DELIVERY_MEDIAN), total=""),
        Series(_("95% within"), days.middles(Name.DELIVERY_P95), total=""),
    ]
    return _curves(days, chart, _sms(), series, show=seconds)


def sign_ins(days: Days) -> list[Chart]:
    listing = _events()
    names = (_("with a code"), _("by trusted browser"), _("without two-step"))
    series = [
        Series(
            name,
            days.sums(Name.SIGN_IN, method),
            listing.url(days, kind__exact="signed_in", detail__method=method),
        )
        for method, name in zip(figures.METHODS, names, strict=True)
    ]
    total = sum(one.sum for one in series)
    refused = days.sums(Name.SIGN_IN, figures.REFUSED)
    series.append(Series(_("refused"), refused, listing.url(days, kind__exact=figures.REFUSED)))
    chart = Chart("sign-ins", _("Sign-ins on the web"), number(total), _("people let in; the refused come on top"))
    return [_columns(days, chart, listing, series)]


def mail_logins(days: Days) -> list[Chart]:
    listing, keys = _mail(), days.keys(Name.MAIL_LOGIN)
    total = sum(days.sums(Name.MAIL_LOGIN, *keys))
    series = [
        Series(
            str(label),
            days.sums(Name.MAIL_LOGIN, *(key for key in keys if key.rpartition(" ")[2] == method)),
            listing.url(days, method__exact=method),
        )
        for method, label in MailLogin.Method.choices
    ]
    old = series[1].sum
    chart = Chart(
        "mail-logins",
        _("Mail logins by method"),
        headline=number(total),
        says=_("logins of mail programs; %(share)s with the mailbox password") % {"share": share(old, total)},
    )
    protocols: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        protocols[key.partition(" ")[0]].append(key)
    bars = []
    for protocol, of in protocols.items():
        count = sum(days.sums(Name.MAIL_LOGIN, *of))
        text = f"{share(count, total)} · {number(count)}"
        bars.append((protocol.upper(), count, text, listing.url(days, protocol__exact=protocol)))
    by_protocol = Chart("mail-protocols", _("Mail logins by protocol"), note=listing.note(days))
    return [_columns(days, chart, listing, series), _bars(by_protocol, sorted(bars, key=lambda bar: -bar[1]))]


CHANNELS = ("web", "imap", "pop3", "smtp", "sieve")


def failures(days: Days) -> list[Chart]:
    listing = _failures()
    names = (_("web"), "IMAP", "POP3", "SMTP", "Sieve")
    series = [
        Series(name, days.sums(Name.FAILURE, channel), listing.url(days, channel__exact=channel))
        for channel, name in zip(CHANNELS, names, strict=True)
    ]
    total = sum(one.sum for one in series)
    chart = Chart("failures", _("Wrong passwords"), number(total), _("wrong passwords, by the way in"))
    return [_columns(days, chart, listing, series)]


def bans(days: Days) -> list[Chart]:
    listing = _bans()
    series = [
        Series(_("whole address"), days.sums(Name.BAN, figures.ADDRESS), listing.url(days, whole="yes")),
        Series(_("one account at an address"), days.sums(Name.BAN, figures.ACCOUNT), listing.url(days, whole="no")),
    ]
    total = sum(one.sum for one in series)
    return [_columns(days, Chart("bans", _("Bans"), number(total), _("bans began")), listing, series)]


# What one must be allowed to view, the figures that are read for it, and what draws them.
SECTIONS: list[tuple[str, tuple[Name, ...], Callable[[Days], list[Chart]]]] = [
    ("accounts.view_user", figures.WHOLE, adoption),
    ("accounts.view_sms", (Name.SMS, Name.DELIVERY, Name.DELIVERY_MEDIAN, Name.DELIVERY_P95), sms),
    ("accounts.view_securityevent", (Name.SIGN_IN,), sign_ins),
    ("accounts.view_maillogin", (Name.MAIL_LOGIN,), mail_logins),
    ("accounts.view_failure", (Name.FAILURE,), failures),
    ("accounts.view_ban", (Name.BAN,), bans),
]


def may_view(has_perm: Callable[[str], bool]) -> bool:
    return any(has_perm(permission) for permission, _names, _draw in SECTIONS)


def of(length: int, has_perm: Callable[[str], bool]) -> tuple[list[Chart], datetime | None]:
    """The charts for somebody with these permissions, and when the figures were summed up."""
    sections = [section for section in SECTIONS if has_perm(section[0])]
    days = Days(length, [name for _permission, names, _draw in sections for name in names])
    drawn = [chart for _permission, _names, draw in sections for chart in draw(days)]
    return sorted(drawn, key=lambda chart: chart.is_wide), days.summed_at  # the others stand two by two
