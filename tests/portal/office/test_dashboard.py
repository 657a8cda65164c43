"""The dashboard: what it shows to whom, that each figure leads to its list, and what it costs."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoDbBlocker, Settings

from accounts.bans.models import Ban
from accounts.delivery.models import Sms
from accounts.log import chain
from accounts.users.models import User
from portal.office.dashboard import sections
from portal.office.dashboard.charts import Chart, share
from portal.office.models import DayFigure
from portal.office.overview import figures
from tests.conftest import MakeUser
from tests.kit import guards
from tests.kit.busy_day import busy_day
from tests.kit.databases import database
from tests.kit.people import OTHER_NUMBER, PASSWORD, Person
from tests.kit.servers import migrated, postgres

DASHBOARD = "/admin/dashboard/"
QUERIES = 6  # the session, who asks and the phone; the figures, and those of departments


@pytest.fixture
def office(clerk: Person) -> Person:
    clerk.arrive()
    with guards.lifted():
        chain.events().delete()
    Sms.objects.all().delete()
    return clerk


def charts(person: Person, days: int = 7) -> dict[str, Chart]:
    page = person.get(DASHBOARD, {"days": days})
    assert page.status_code == 200
    return {chart.slug: chart for chart in page.context["charts"]}


def helper(make_user: MakeUser, *rights: str) -> Person:
    """Of the office, with these rights only."""
    person = Person(make_user("helper", phone=OTHER_NUMBER, is_staff=True))
    assert person.user
    person.user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    person.arrive()
    return person


# --- Who may see what -------------------------------------------------------------------------------------------------

SHOWN = {
    "view_user": {"adoption", "departments"},
    "view_sms": {"sms", "gateways", "delivery", "delivery-days"},
    "view_securityevent": {"sign-ins"},
    "view_maillogin": {"mail-logins", "mail-protocols"},
    "view_failure": {"failures"},
    "view_ban": {"bans"},
}


@pytest.mark.parametrize("right", SHOWN)
def test_one_sees_the_figures_of_the_lists_that_one_may_see(make_user: MakeUser, right: str) -> None:
    busy_day(make_user)
    figures.sum_up(timezone.localdate())
    person = helper(make_user, right)
    assert set(charts(person)) == SHOWN[right]
    for chart in charts(person).values():
        for url in links(chart):
            assert person.get(url).status_code == 200, url


def test_nobody_sees_more_than_the_table_says(office: Person) -> None:
    assert set(charts(office)) == set().union(*SHOWN.values())


def test_who_may_see_nothing_is_told_so_and_finds_no_link(make_user: MakeUser) -> None:
    person = helper(make_user, "view_mail")
    assert person.get(DASHBOARD).status_code == 403
    assert person.post(DASHBOARD).status_code == 403
    assert not DayFigure.objects.exists()
    assert DASHBOARD not in person.get("/admin/").content.decode()


def test_the_first_page_leads_there(office: Person) -> None:
    assert f'href="{DASHBOARD}"' in office.get("/admin/").content.decode()


# --- Each figure leads to its list ------------------------------------------------------------------------------------


def links(chart: Chart) -> list[str]:
    return [entry.url for entry in chart.entries if entry.url] + [row.url for row in chart.rows if row.url]


def listed(person: Person, url: str) -> int:
    """How many rows a list has; of mail logins, how many logins."""
    page = person.get(url)
    assert page.status_code == 200, url
    assert "e=1" not in page.request["QUERY_STRING"]
    shown = page.context_data or {}
    return int(shown["logins"] if "logins" in shown else shown["cl"].result_count)


def total(text: str) -> int:
    """The figure of "33% · 1,234 / 2,000" or "1,234"."""
    found = re.search(r"([\d,]+)(?:,| / | 条|$)", text.rpartition("· ")[2])
    assert found, text
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("days", [7, 30, 364])
def test_the_list_has_as_many_as_the_figure_says(office: Person, make_user: MakeUser, days: int) -> None:
    busy_day(make_user)
    office.post(f"{DASHBOARD}?days={days}")
    checked = set()
    for slug, chart in charts(office, days).items():
        for entry in chart.entries:
            if not entry.url:
                continue
            said = entry.total
            if slug == "departments":  # the list is of everybody there
                said = said.rpartition(" / ")[2]
            if slug == "gateways":
                said = re.split("[,，]", said)[0]
            assert listed(office, entry.url) == total(said), f"{slug} {entry}"
            checked.add(slug)
    assert checked == set(SHOWN_LINKS)


SHOWN_LINKS = set().union(*SHOWN.values()) - {"delivery-days"}


def test_a_day_leads_to_its_own_list(office: Person, make_user: MakeUser) -> None:
    busy_day(make_user)
    office.post(DASHBOARD)
    for slug in ("sms", "failures", "bans", "mail-logins"):
        row = charts(office)[slug].rows[-1]
        assert row.name == str(timezone.localdate())
        assert listed(office, row.url) == sum(map(total, row.cells)), slug
    assert charts(office)["adoption"].rows[-1].url == "", "people have no day"


def test_no_link_leads_to_a_list_that_has_ended(office: Person) -> None:
    rows = charts(office, 364)["sms"].rows
    assert not rows[0].url
    assert rows[-1].url
    assert "30" in charts(office, 364)["sms"].note
    assert charts(office, 30)["sms"].note == ""


# --- What it shows ----------------------------------------------------------------------------------------------------


def test_before_anything_is_counted(office: Person) -> None:
    """It says so, and GET counts nothing."""
    page = office.get(DASHBOARD)
    assert page.status_code == 200
    assert page.context["summed_at"] is None
    assert not DayFigure.objects.exists()


def test_what_is_empty_takes_one_line(office: Person) -> None:
    office.post(f"{DASHBOARD}?days=7")
    page = office.get(DASHBOARD)
    assert charts(office)["bans"].title in page.context["empty"]
    assert 'id="bans"' not in page.content.decode()
    Ban.objects.create(network="203.0.113.7", until=timezone.now())
    office.post(f"{DASHBOARD}?days=7")
    page = office.get(DASHBOARD)
    assert charts(office)["bans"].title not in page.context["empty"]
    assert 'id="bans"' in page.content.decode()


@pytest.mark.parametrize(("failed", "of", "is_red"), [(1, 20, True), (1, 21, False), (3, 19, False), (0, 500, False)])
def test_from_every_twentieth_sms_that_failed_it_is_red(office: Person, failed: int, of: int, *, is_red: bool) -> None:
    keep_sms({"twilio failed": failed, "twilio delivered": of - failed})
    drawn = charts(office)
    assert bool(drawn["sms"].alarm) is is_red
    assert [bar.is_bad for bar in drawn["gateways"].entries] == [is_red]
    assert ('class="alarm"' in office.get(DASHBOARD).content.decode()) is is_red


def test_the_gateway_that_fails_is_the_red_one(office: Person) -> None:
    keep_sms({"twilio failed": 5, "twilio delivered": 20, "alibaba delivered": 400})
    drawn = charts(office)
    assert not drawn["sms"].alarm, "of all of them it is few"
    assert {bar.name: bar.is_bad for bar in drawn["gateways"].entries} == {"twilio": True, "alibaba": False}


@pytest.mark.parametrize(("late", "of", "is_red"), [(2, 20, True), (1, 20, False), (2, 40, False), (5, 10, False)])
def test_when_more_than_every_twentieth_takes_over_a_minute_it_is_red(
    office: Person, late: int, of: int, *, is_red: bool
) -> None:
    figures.keep(timezone.localdate(), {("delivery", "120"): late, ("delivery", "5"): of - late, ("people", ""): 1})
    assert bool(charts(office)["delivery"].alarm) is is_red


def keep_sms(counts: dict[str, int]) -> None:
    figures.keep(timezone.localdate(), {("people", ""): 1} | {("sms", key): value for key, value in counts.items()})


def test_count_now(office: Person, lisi: Person) -> None:
    answer = office.post(f"{DASHBOARD}?days=7")
    assert answer.headers["Location"] == f"{DASHBOARD}?days=7"
    chart = charts(office)["adoption"]
    assert chart.entries[-1].total == "1", "the clerk himself is not counted"
    page = office.get(DASHBOARD)
    assert timezone.now() - page.context["summed_at"] < timedelta(seconds=10)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 0, "—"), (0, 5, "0%"), (1, 1000, "<1%"), (999, 1000, "99%"), (5, 5, "100%"), (1, 3, "33%")],
)
def test_a_share_is_only_whole_when_nobody_is_missing(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text


@pytest.mark.parametrize("days", ["", "0", "8", "-7", "x", "364x", "９"])
def test_odd_ranges_are_the_usual_one(office: Person, days: str) -> None:
    assert office.get(DASHBOARD, {"days": days}).context["length"] == sections.DEFAULT_RANGE


def test_a_year_is_drawn_week_by_week(office: Person) -> None:
    today = timezone.localdate()
    for ago, value in ((0, 5), (6, 2), (7, 1), (363, 9), (364, 100)):
        figures.keep(today - timedelta(days=ago), {("failure", "web"): value, ("people", ""): 10 * value})
    chart = charts(office, 364)["failures"]
    assert len(chart.rows) == 52
    assert [chart.rows[place].cells[0] for place in (0, -2, -1)] == ["9", "1", "7"]
    assert chart.entries[0].total == "17"
    adoption = charts(office, 364)["adoption"]
    assert [adoption.rows[place].cells[-1] for place in (0, 1, -1)] == ["90", "—", "50"], "the end of each week"


def test_a_department_cannot_write_into_the_page(office: Person, make_user: MakeUser) -> None:
    make_user("odd", department='"><script>alert(1)</script>')
    office.post(DASHBOARD)
    page = office.get(DASHBOARD).content.decode()
    assert "<script>alert" not in page
    assert "<script>alert(1)" in unescape(page)


# --- What it costs ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_hundreds_of_people_cost_as_many_queries_as_fifty(
    settings: Settings, django_db_blocker: DjangoDbBlocker
) -> None:
    """How long it takes, with ten thousand: `make bench`."""
    settings.DEBUG = True
    asked = set()
    with postgres.running() as url, django_db_blocker.unblock(), database(url):
        migrated.migrate(url)
        office = Person(User.objects.create_superuser("itoffice@example.edu", PASSWORD))
        office.arrive()
        for people in (50, 300):
            call_command("demo_history", people=people)
            office.get(DASHBOARD)  # connected
            for days in sections.RANGES:
                with CaptureQueriesContext(connection) as queries:
                    assert office.get(DASHBOARD, {"days": days}).status_code == 200
                asked.add(len(queries))
            User.objects.filter(is_staff=False).delete()
            DayFigure.objects.all().delete()
    assert len(asked) == 1, asked
    assert asked.pop() <= QUERIES
