"""One way to write a time: as accounts.lib.clock does, in code, in templates, and where Django itself writes one."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.template import Context, Template
from django.utils import formats, timezone, translation

from accounts.lib import clock
from accounts.log.models import SecurityEvent
from tests.kit.people import Person

AT = datetime(2026, 11, 29, 0, 47, 5, tzinfo=UTC)  # 08:47:05 in Shanghai
MIDNIGHT = datetime(2026, 11, 28, 16, tzinfo=UTC)
DAY = date(2026, 11, 29)


def test_every_form() -> None:
    assert clock.moment(AT) == "2026-11-29 08:47"
    assert clock.moment(AT, seconds=True) == "2026-11-29 08:47:05"
    assert clock.time_of_day(AT) == "08:47"
    assert clock.time_of_day(AT, seconds=True) == "08:47:05"
    assert clock.day(MIDNIGHT) == clock.day(DAY) == "2026-11-29"
    assert clock.start(MIDNIGHT) == "2026-11-29"
    assert clock.start(AT) == "2026-11-29 08:47"
    assert clock.without_year(AT) == "11-29 08:47"
    assert clock.without_year(DAY) == "11-29"
    assert clock.in_file_name(AT) == "20261129-0847"
    assert clock.iso(AT) == "2026-11-29T00:47:05+00:00"
    assert clock.parsed(clock.iso(AT)) == AT


def test_what_names_no_zone_is_meant_as_it_stands() -> None:
    assert clock.moment(AT.replace(tzinfo=None)) == "2026-11-29 00:47"


def test_a_day_is_said_once() -> None:
    assert clock.span(MIDNIGHT, AT) == "2026-11-29 00:00:00 – 08:47:05"
    assert clock.span(MIDNIGHT.replace(hour=15), AT) == "2026-11-28 23:00:00 – 2026-11-29 08:47:05"


@pytest.mark.parametrize(
    ("now", "said"),
    [("2026-11-29T23:59+08:00", "08:47"), ("2026-11-30T00:00+08:00", "2026-11-29 08:47"),
     ("2026-11-28T23:59+08:00", "2026-11-29 08:47")],
)  # fmt: skip
def test_today_needs_no_day(now: str, said: str) -> None:
    with time_machine.travel(clock.parsed(now), tick=False):
        assert clock.briefly(AT) == said


@pytest.mark.parametrize(
    ("now", "said"),
    [("2026-11-29T23:59+08:00", "今天 08:47"), ("2026-11-30T00:00+08:00", "昨天 08:47"),
     ("2026-12-01T00:00+08:00", "2026-11-29 08:47"), ("2026-11-28T23:59+08:00", "2026-11-29 08:47")],
)  # fmt: skip
def test_what_is_not_long_ago_is_said_in_words(now: str, said: str) -> None:
    with time_machine.travel(clock.parsed(now), tick=False), translation.override("zh-hans"):
        assert clock.lately(AT) == said


def test_in_english_it_stands_within_a_sentence() -> None:
    with time_machine.travel(AT, tick=False), translation.override("en"):
        assert clock.lately(AT) == "today 08:47"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_django_writes_the_same(language: str) -> None:
    here = timezone.localtime(AT)
    with translation.override(language):
        assert formats.localize(here) == formats.date_format(here, "SHORT_DATETIME_FORMAT") == "2026-11-29 08:47"
        assert formats.localize(DAY) == formats.localize_input(DAY) == "2026-11-29"
        page = Template("{{ at }}, {{ day }}").render(Context({"at": AT, "day": DAY}))
    assert page == "2026-11-29 08:47, 2026-11-29"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{{ at|moment }}", "2026-11-29 08:47"),
        ('{{ at|moment:"seconds" }}', "2026-11-29 08:47:05"),
        ("{{ text|day }}", "2026-11-29"),
        ("{{ at|time_of_day }} {{ day|without_year }} {{ at|without_year }}", "08:47 11-29 11-29 08:47"),
        ("{{ day|weekday }} {{ at|weekday }}", "星期日 星期日"),
        ('{{ nothing|moment|default:"—" }}{{ nothing|day }}{{ nothing|briefly }}', "—"),
    ],
)
def test_templates(written: str, expected: str) -> None:
    context = Context({"at": AT, "day": DAY, "text": clock.iso(AT), "nothing": None})
    with translation.override("zh-hans"):
        assert Template(written).render(context) == expected


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_admin(office: Person, language: str) -> None:
    at = SecurityEvent.objects.latest("pk").at
    page = office.get("/admin/log/securityevent/", headers={"accept-language": language}).content.decode()
    assert re.search(rf'<th class="field-at nowrap"><a [^>]*>{clock.moment(at)}</a>', page)
    assert not re.search(r"\d{4}年|[AP]\.?M\.|\b[ap]\.m\.", page)


# --- Nobody else writes one -------------------------------------------------------------------------------------------

CODE = re.compile(
    r"strftime|strptime|\bdate_format|\btime_format|isoformat\(|\btimesince|\bnaturaltime"  # by a function
    r"|[:\"'(]%[YmdHMSyjb]\b|[:\"'](?:Y|[nm])-[jmd]|DATE(?:TIME)?_FORMAT\b"  # by a pattern
    r"|f[\"'][^\"']*\{timezone\."
)
TEMPLATE = re.compile(r"\|\s*(?:date|time|timesince|timeuntil)\b|\{%\s*now\b")
ALLOWED = {
    "accounts/lib/clock.py": "it is the one",
    "accounts/lib/loglines.py": "lines of logs of several machines, with the zone",
    "accounts/spreadsheets/workbooks.py": "what a cell holds, on its way from the process that reads it",
    "accounts/directory/asking/readings.py": "the words of LDAP",
    "accounts/log/signatures.py": "what is signed must never change with how people read",
    "portal/environment/kinds.py": "a day of the settings, before Django is there",
    "portal/formats/__init__.py": "Django's own settings for the same",
    "apppasswords/setup/autoconfig.py": "the words of Microsoft's protocol",
    "accounts/delivery/gateways/alibaba.py": "the words of Alibaba's",
    "accounts/delivery/gateways/tencent.py": "the words of Tencent's",
    "accounts/delivery/gateways/platforms/platform.py": "what platforms want signed",
}


def _found(folder: str, ending: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for path in sorted(Path(settings.BASE_DIR, folder).rglob(f"*{ending}")):
        name = path.relative_to(settings.BASE_DIR).as_posix()
        if "/migrations/" not in name:
            yield from ((name, line.strip()) for line in path.read_text().splitlines() if pattern.search(line))


def test_no_code_writes_a_time_by_itself() -> None:
    found = [hit for folder in ("accounts", "apppasswords", "portal") for hit in _found(folder, ".py", CODE)]
    assert [hit for hit in found if hit[0] not in ALLOWED] == []
    assert {name for name, _line in found} == set(ALLOWED), "an exception that is none any more"


@pytest.mark.parametrize("ending", [".html", ".txt"])
def test_no_template_writes_a_time_by_itself(ending: str) -> None:
    assert list(_found("templates", ending, TEMPLATE)) == []


@pytest.mark.parametrize(
    "line",
    ['f"{at:%Y-%m-%d}"', 'at.strftime("x")', 'date_format(at, "H:i")', "at.isoformat()", 'format(at, "Y-m-d")',
     'forms.DateInput(format="%Y-%m-%d")', 'f"{timezone.localtime(at)}"', 'formats.get_format("DATETIME_FORMAT")'],
)  # fmt: skip
def test_the_search_finds_them(line: str) -> None:
    assert CODE.search(line)


@pytest.mark.parametrize("line", ['{{ at|date:"Y" }}', "{{ at|time }}", '{% now "Y" %}', "{{ at | timesince }}"])
def test_the_search_finds_them_in_templates(line: str) -> None:
    assert TEMPLATE.search(line)


# --- Whose clock ------------------------------------------------------------------------------------------------------

HOUR = timedelta(hours=1)


@pytest.fixture
def _goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that no journey in time sets."""
    monkeypatch.setattr(clock, "steady", time.monotonic)


def is_about(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(minutes=1)


@pytest.mark.usefixtures("_goes_on")
@pytest.mark.parametrize("was_off", [-HOUR, timedelta(), HOUR])
@pytest.mark.parametrize("set_by", [-HOUR, HOUR])
def test_a_clock_that_is_set_changes_no_time(was_off: timedelta, set_by: timedelta) -> None:
    right = datetime.now(UTC)
    with time_machine.travel(right + was_off):
        clock.measure(right)
        assert not clock.wants_measuring()
    with time_machine.travel(right + was_off + set_by):
        assert is_about(clock.now(), right)
        assert abs(clock.ahead() - was_off - set_by) < timedelta(minutes=1)
        assert clock.wants_measuring()


@pytest.mark.usefixtures("_goes_on")
def test_a_clock_that_is_set_right_is_not_off() -> None:
    right = datetime.now(UTC)
    with time_machine.travel(right + HOUR):
        clock.measure(right)
    with time_machine.travel(right + timedelta(seconds=0.5)):
        assert clock.ahead() == timedelta()


@pytest.mark.usefixtures("_goes_on")
@pytest.mark.parametrize("read_after", [0, 3, 5])
@pytest.mark.parametrize("was_off", [-HOUR, timedelta(), HOUR])
def test_a_slow_answer_is_no_difference(was_off: timedelta, read_after: int) -> None:
    """Five seconds after the question it came, and when in them the database looked at its clock nobody knows."""
    right = datetime.now(UTC)
    with time_machine.travel(right + was_off + timedelta(seconds=5)):
        clock.measure(right + timedelta(seconds=read_after), asked=right + was_off)
        assert abs(clock.ahead() - was_off) <= timedelta(seconds=5)
        assert (clock.ahead() == timedelta()) is (was_off == timedelta())


@pytest.mark.usefixtures("_goes_on")
def test_what_the_database_says_counts_more() -> None:
    """A machine that was paused: its clock is set, and was right to be."""
    right = datetime.now(UTC)
    clock.measure(right)
    with time_machine.travel(right + HOUR):
        clock.measure(right + HOUR)
        assert clock.ahead() == timedelta()
        assert not clock.wants_measuring()


def test_it_is_measured_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.measure(datetime.now(UTC))
    now, steady = datetime.now(UTC), clock.steady()
    monkeypatch.setattr(clock, "steady", lambda: steady + clock.MEASURED_EVERY + 1)
    with time_machine.travel(now + timedelta(seconds=clock.MEASURED_EVERY + 1)):
        assert clock.ahead() == timedelta()
        assert clock.wants_measuring()
