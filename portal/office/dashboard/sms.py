"""What became of the SMS: how many arrived, how fast, through which gateway, at what price."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from django.utils.translation import gettext as _

from accounts.delivery.models import Delivery
from portal.office.dashboard import charts, lists
from portal.office.dashboard.charts import Chart, Entry, Series, number, seconds, share
from portal.office.dashboard.periods import Days
from portal.office.overview import channels, figures
from portal.office.overview.figures import Name

# From when on a figure is red. Of a few SMS one is soon a large share.
FAILED_TOO_OFTEN = 0.05
TOO_SLOW = 60  # seconds, for one in twenty
SMS_THAT_TELL = 20


def section(days: Days) -> list[Chart]:
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
