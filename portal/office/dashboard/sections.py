"""The dashboard of the IT office: which charts there are, what each shows, and to which list each figure leads.

It reads what portal/office/figures.py summed up: as many queries for ten people as for ten thousand.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.bans.models import Ban, Failure
from accounts.delivery.models import Delivery, Sms
from accounts.lib import ways_in
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.users.models import User
from accounts.users.permissions import right
from portal.office import channels, figures
from portal.office.dashboard import charts, geometry, lists
from portal.office.dashboard.charts import Chart, Entry, Series, number, seconds, share
from portal.office.dashboard.lists import Lookup
from portal.office.dashboard.periods import Days
from portal.office.figures import Name
from portal.office.models import DayFigure

RANGES: dict[int, str | Promise] = {
    7: gettext_lazy("7 days"),
    30: gettext_lazy("30 days"),
    364: gettext_lazy("1 year"),
}
DEFAULT_RANGE = 30

# From when on a figure is red. Of a few SMS one is soon a large share.
FAILED_TOO_OFTEN = 0.05
TOO_SLOW = 60  # seconds, for one in twenty
SMS_THAT_TELL = 20


def adoption(days: Days) -> list[Chart]:
    listing = lists.people()
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
        (_("way to verify bound"), days.ends(Name.READY), {"way": "ready"}),
        (_("app password made"), days.ends(Name.APP_PASSWORD), {"app_passwords__isnull": 0}),
        (_("everybody"), people, {}),
    ]
    lines = [
        Series(name, values, listing.url(days, **lookups), number(_last(values))) for name, values, lookups in series
    ]
    return [charts.curves(days, chart, listing, lines, top=everybody), departments(days)]


def _last(values: Sequence[int | None]) -> int:
    return next((value for value in reversed(values) if value is not None), 0)


def departments(days: Days) -> Chart:
    """Those that are furthest behind come first."""
    listing = lists.people()
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
    lengths = geometry.rows([bar[2] for bar in bars], [bar[3] for bar in bars])
    return Chart(
        "departments",
        _("Two-step by department"),
        entries=[
            Entry(1, department or _("(no department)"), text, url, length, _roll_out(department))
            for (_share, department, _on, _all, text, url), length in zip(bars, lengths, strict=True)
        ],
        note=_("Those that are furthest behind come first."),
    )


def _roll_out(department: str) -> str:
    return f"{reverse('admin:rollouts_rollout_add')}?{urlencode({'department': department})}" if department else ""


def sms(days: Days) -> list[Chart]:
    return [outcomes(days), delivery(days), delivery_over_time(days), gateways(days)]


OUTCOMES = (
    Delivery.Status.DELIVERED, Delivery.Status.SENT, figures.WAITING, Delivery.Status.UNKNOWN, Delivery.Status.FAILED,
)  # fmt: skip


def outcomes(days: Days) -> Chart:
    listing, keys = lists.sms(), days.keys(Name.SMS)
    names = dict(Delivery.Status.choices) | {figures.WAITING: _("waiting")}
    series = []
    for outcome in OUTCOMES:
        lookup = (
            {"status__in": ",".join(figures.UNFINISHED)} if outcome == figures.WAITING else {"status__exact": outcome}
        )
        values = days.sums(Name.SMS, *(key for key in keys if key.rpartition(" ")[2] == outcome))
        series.append(Series(str(names[outcome]), values, listing.url(days, **lookup)))
    total, failed = sum(days.sums(Name.SMS, *keys)), series[-1].sum
    alarm = _("Every twentieth SMS failed, or more: “failed” below leads to them.")
    chart = Chart(
        "sms",
        _("SMS by outcome"),
        headline=number(total),
        says=_("SMS asked for; %(share)s failed") % {"share": share(failed, total)},
        alarm=alarm if _fails_too_often(failed, total) else "",
    )
    return charts.columns(days, chart, listing, series)


def _fails_too_often(failed: int, total: int) -> bool:
    return total >= SMS_THAT_TELL and failed >= FAILED_TOO_OFTEN * total


def gateways(days: Days) -> Chart:
    listing = lists.sms()
    of: dict[str, list[str]] = defaultdict(list)
    for key in days.keys(Name.SMS):
        of[key.rpartition(" ")[0]].append(key)
    bars = []
    for gateway, keys in of.items():
        total = sum(days.sums(Name.SMS, *keys))
        text = " · ".join(_gateway_told(days, gateway, total))
        url = listing.url(days, gateway__exact=gateway)
        bars.append((gateway or _("(never handed over)"), total, text, url))
    drawn = charts.bars(Chart("gateways", _("SMS by gateway"), note=listing.note(days)), bars)
    bad = [
        _fails_too_often(_ended(days, gateway, Delivery.Status.FAILED), bar[1])
        for gateway, bar in zip(of, bars, strict=True)
    ]
    entries = [replace(entry, is_bad=is_bad) for entry, is_bad in zip(drawn.entries, bad, strict=True)]
    return replace(drawn, entries=entries)


def _ended(days: Days, gateway: str, status: Delivery.Status) -> int:
    return sum(days.sums(Name.SMS, f"{gateway} {status}".strip()))


def _gateway_told(days: Days, gateway: str, total: int) -> Iterator[str]:
    """How many, what became of them, how fast, and at what price."""
    failed, delivered = (
        _ended(days, gateway, status) for status in (Delivery.Status.FAILED, Delivery.Status.DELIVERED)
    )
    yield _("%(n)s, %(share)s failed") % {"n": number(total), "share": share(failed, total)}
    yield _("%(share)s delivered") % {"share": share(delivered, total)}
    if entered := sum(days.sums(Name.SMS_ENTERED, gateway)):
        yield _("%(share)s entered") % {"share": share(entered, total)}
    if paces := sorted(pace for pace in days.middles(Name.SMS_PACE, gateway) if pace is not None):
        yield _("%(seconds)s to the gateway") % {"seconds": seconds(paces[len(paces) // 2])}
    if cost := sum(days.sums(Name.SMS_COST, gateway)):
        yield _("cost %(amount)s") % {"amount": channels.amount(cost)}


def delivery(days: Days) -> Chart:
    listing = lists.sms()
    classes = [*map(str, figures.CLASSES), figures.SLOWER]
    counts = [sum(days.sums(Name.DELIVERY, one)) for one in classes]
    total = sum(counts)
    names = [_("up to %(n)s s") % {"n": limit} for limit in figures.CLASSES] + [_("longer")]
    within = next((limit for at, limit in enumerate(figures.CLASSES, 1) if sum(counts[:at]) >= 0.95 * total), None)
    is_slow = total >= SMS_THAT_TELL and (within is None or within > TOO_SLOW)
    chart = Chart(
        "delivery",
        _("Time from request to delivery"),
        headline=(f"≤ {within} s" if within else f"> {figures.CLASSES[-1]} s") if total else "",
        says=_("95%% of %(n)s delivered SMS") % {"n": number(total)} if total else "",
        alarm=_("Every twentieth SMS takes longer than a minute: look at the worker and the gateways.")
        if is_slow
        else "",
        note=listing.note(days),
    )
    url = listing.url(days, delivered_at__isnull=0)
    shares = [f"{share(count, total)} · {number(count)}" for count in counts]
    if not total:
        return chart
    bars = [(name, count, text, "") for name, count, text in zip(names, counts, shares, strict=True)]
    drawn = charts.bars(chart, bars)
    return replace(drawn, entries=[*drawn.entries, Entry(0, _("all delivered"), number(total), url)])


def delivery_over_time(days: Days) -> Chart:
    chart = Chart(
        "delivery-days", _("Delivery time over time"), says=_("from request to delivery; of a week its middle day")
    )
    series = [
        Series(_("half within (median)"), days.middles(Name.DELIVERY_MEDIAN), total=""),
        Series(_("95% within"), days.middles(Name.DELIVERY_P95), total=""),
    ]
    return charts.curves(days, chart, lists.sms(), series, show=seconds)


def sign_ins(days: Days) -> list[Chart]:
    listing = lists.events()
    names: dict[str, tuple[str, ...]] = {
        _("with a code"): ("code",),
        _("by another way"): ("app", "passkey", "recovery code", "elsewhere"),
        _("by trusted browser"): ("trusted browser",),
        _("without two-step"): ("password",),
    }
    series = [
        Series(
            name,
            days.sums(Name.SIGN_IN, *methods),
            listing.url(days, kind__exact="signed_in", detail__method__in=",".join(methods)),
        )
        for name, methods in names.items()
    ]
    total = sum(one.sum for one in series)
    refused = days.sums(Name.SIGN_IN, figures.REFUSED)
    series.append(Series(_("refused"), refused, listing.url(days, kind__exact=figures.REFUSED)))
    says = _("people let in; refused sign-ins are counted in addition")
    chart = Chart("sign-ins", _("Sign-ins on the web"), number(total), says)
    return [charts.columns(days, chart, listing, series)]


def mail_logins(days: Days) -> list[Chart]:
    listing, keys = lists.mail(), days.keys(Name.MAIL_LOGIN)
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
        bars.append((ways_in.name(protocol), count, text, listing.url(days, protocol__exact=protocol)))
    by_protocol = Chart("mail-protocols", _("Mail logins by protocol"), note=listing.note(days))
    return [
        charts.columns(days, chart, listing, series),
        charts.bars(by_protocol, sorted(bars, key=lambda bar: -bar[1])),
    ]


CHANNELS = ("web", "imap", "pop3", "smtp", "sieve")


def failures(days: Days) -> list[Chart]:
    listing = lists.failures()
    names = (_("web"), "IMAP", "POP3", "SMTP", "Sieve")
    series = [
        Series(name, days.sums(Name.FAILURE, channel), listing.url(days, channel__exact=channel))
        for channel, name in zip(CHANNELS, names, strict=True)
    ]
    total = sum(one.sum for one in series)
    chart = Chart("failures", _("Wrong passwords"), number(total), _("wrong passwords, by the way in"))
    return [charts.columns(days, chart, listing, series)]


def bans(days: Days) -> list[Chart]:
    listing = lists.bans()
    series = [
        Series(_("whole address"), days.sums(Name.BAN, figures.ADDRESS), listing.url(days, whole="yes")),
        Series(_("one account at an address"), days.sums(Name.BAN, figures.ACCOUNT), listing.url(days, whole="no")),
    ]
    total = sum(one.sum for one in series)
    return [charts.columns(days, Chart("bans", _("Bans"), number(total), _("bans began")), listing, series)]


OF_SMS = (Name.SMS, Name.SMS_ENTERED, Name.SMS_COST, Name.SMS_PACE, Name.DELIVERY, Name.DELIVERY_MEDIAN,
          Name.DELIVERY_P95)  # fmt: skip

# What one must be allowed to view, the figures that are read for it, and what draws them.
SECTIONS: list[tuple[str, tuple[Name, ...], Callable[[Days], list[Chart]]]] = [
    (right("view", User), figures.WHOLE, adoption),
    (right("view", Sms), OF_SMS, sms),
    (right("view", SecurityEvent), (Name.SIGN_IN,), sign_ins),
    (right("view", MailLogin), (Name.MAIL_LOGIN,), mail_logins),
    (right("view", Failure), (Name.FAILURE,), failures),
    (right("view", Ban), (Name.BAN,), bans),
]


def may_view(has_perm: Callable[[str], bool]) -> bool:
    return any(has_perm(permission) for permission, _names, _draw in SECTIONS)


def of(length: int, has_perm: Callable[[str], bool]) -> tuple[list[Chart], datetime | None]:
    """The charts for somebody with these permissions, and when the figures were summed up."""
    sections = [section for section in SECTIONS if has_perm(section[0])]
    days = Days(length, [name for _permission, names, _draw in sections for name in names])
    drawn = [chart for _permission, _names, draw in sections for chart in draw(days)]
    return sorted(drawn, key=lambda chart: chart.is_wide), days.summed_at  # the others stand two by two
