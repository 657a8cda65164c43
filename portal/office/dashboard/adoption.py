"""How far two-step has come: over time, and by department."""

from collections import defaultdict
from collections.abc import Sequence

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from portal.office.dashboard import charts, geometry, lists
from portal.office.dashboard.charts import Chart, Entry, Series, number, share
from portal.office.dashboard.lists import Lookup
from portal.office.dashboard.periods import Days
from portal.office.models import DayFigure
from portal.office.overview import figures
from portal.office.overview.figures import Name


def section(days: Days) -> list[Chart]:
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
