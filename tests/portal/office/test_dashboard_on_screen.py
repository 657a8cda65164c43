"""The dashboard in a browser: from the first page to the rows behind a figure, and for everybody."""

import re
from collections.abc import Sequence
from itertools import cycle, product

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.office.dashboard import sections
from portal.office.overview import figures
from tests.conftest import MakeUser
from tests.kit.busy_day import busy_day
from tests.kit.people import PASSWORD, Person, code_from_phone
from tests.kit.servers.browser import NARROW, SCHEMES, WIDE, Open, Scheme, resize, scrolls_sideways, violations_in

DASHBOARD = "/admin/dashboard/"


def _sign_in(page: Page) -> None:
    page.goto("/admin/")
    page.fill("[name=username]", "itoffice")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/sign-in/code/")
    page.fill("[name=code]", code_from_phone())
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")


@pytest.mark.slow
@pytest.mark.share(2)
@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
def test_from_the_first_page_to_the_failed_sms(
    live_server: LiveServer, open_page: Open, clerk: Person, make_user: MakeUser, *, javascript: bool
) -> None:
    busy_day(make_user)
    page = open_page(base_url=live_server.url, language="en-US", javascript=javascript)
    _sign_in(page)
    page.locator(".to-dashboard a").click()
    page.locator(".figures-bar button").click()
    page.locator(".ranges a").first.click()
    page.wait_for_url("**/admin/dashboard/?days=7")
    expect(page.locator("#sms .drawing rect")).to_have_count(10)
    expect(page.locator("#sms tbody tr").last).not_to_be_visible()
    page.locator("#sms summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sms tbody tr").last).to_be_visible()
    page.locator("#sms .legend a").last.click()
    expect(page.locator("#result_list tbody tr")).to_have_count(6)


@pytest.mark.slow
@pytest.mark.share(2)
@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_it_is_for_everybody(
    live_server: LiveServer, open_page: Open, clerk: Person, make_user: MakeUser, language: str
) -> None:
    """Axe finds nothing, empty and full, opened, in each range, in one of them in each variant; drawings have names."""
    page = open_page(base_url=live_server.url, language=language)
    _sign_in(page)
    found: list[str] = []

    def look(days: int, variants: Sequence[tuple[int, Scheme]]) -> None:
        page.goto(f"{DASHBOARD}?days={days}")
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        found.extend(f"{days} {violation}" for violation in violations_in(page, variants))
        for width in {width for width, _scheme in variants}:
            resize(page, width, "light")
            found.extend([f"{days} {width}: sideways"] if scrolls_sideways(page) else [])

    look(30, [(NARROW, "light")])
    busy_day(make_user)
    figures.sum_up(timezone.localdate())
    for days, scheme in zip(sections.RANGES, cycle(SCHEMES), strict=False):
        # The ranges differ in nothing that axe sees but their number of rows.
        look(days, list(product((WIDE, NARROW), SCHEMES)) if days == 7 else [(NARROW, scheme)])
    assert not found, "\n".join(found)
    for chart in page.locator(".chart").all():
        title = chart.locator("h2").inner_text()
        if chart.locator(".drawing").count():
            expect(chart.locator(".drawing")).to_have_role("img")
            expect(chart.locator(".drawing")).to_have_accessible_name(re.compile(re.escape(title)))
            assert chart.locator("table tbody tr").count() > 6
