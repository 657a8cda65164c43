"""What templates know without loading it: times as accounts.lib.clock writes them (of nothing: nothing), addresses."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from accounts.lib import clock, ways_in

register = template.Library()


def _moment_of(value: Any) -> Any:
    """A detail of an event keeps its time as text."""
    return clock.parsed(value) if isinstance(value, str) else value


def _filter(name: str, write: Callable[[Any], str]) -> None:
    register.filter(name, lambda value: write(_moment_of(value)) if value else "")


def _filter_with_seconds(name: str, write: Callable[..., str]) -> None:
    def written(value: date | datetime | str | None, seconds: str = "") -> str:
        return write(_moment_of(value), seconds=bool(seconds)) if value else ""

    register.filter(name, written)


_filter_with_seconds("moment", clock.moment)
_filter_with_seconds("time_of_day", clock.time_of_day)
_filter_with_seconds("briefly", clock.briefly)
_filter("lately", clock.lately)
_filter("day", clock.day)
_filter("without_year", clock.without_year)
_filter("weekday", clock.weekday)
register.filter("way_in", ways_in.name)


@register.simple_tag
def gap() -> str:
    """Between two sentences. Chinese has none: its full stop brings its own."""
    return "" if (get_language() or "").startswith("zh") else " "


NETWORK = 4  # groups of an IPv6 address: what stays the same from day to day


@register.filter
def short_address(address: str) -> SafeString:
    """An IP address as people compare it; a long one whole on pointing at it. Its second half is the device's, and
    made up anew each day."""
    groups = address.split(":")
    if len(groups) <= NETWORK + 1 or "" in groups[:NETWORK]:
        return conditional_escape(address)
    return format_html('<span title="{}">{}:…</span>', address, ":".join(groups[:NETWORK]))
