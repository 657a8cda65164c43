"""Somebody goes away from the screen, in a real Chromium whose clock runs ahead."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.sessions.models import SignIn
from tests.kit.people import PASSWORD, Person
from tests.kit.servers import steps
from tests.kit.servers.browser import Open, axe_violations

pytestmark = pytest.mark.slow


def _sign_in(page: Page) -> None:
    page.fill("[name=username]", "lisi")
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")
    page.wait_for_url(lambda url: "sign-in" not in url)


def _go_away(page: Page, minutes: int) -> None:
    """For the server since when nothing was done, for the page how its clock goes."""
    SignIn.objects.update(seen_at=timezone.now() - timedelta(minutes=minutes))
    page.clock.fast_forward(minutes * 60_000)


def test_a_notice_comes_before_the_end_and_one_press_stays(
    live_server: LiveServer, open_page: Open, lisi: Person
) -> None:
    page = open_page(base_url=live_server.url)
    page.clock.install()
    page.goto("/sign-in/?next=/security/phone/")
    _sign_in(page)
    notice = page.locator("#idle")
    expect(notice).to_be_hidden()
    _go_away(page, 119)
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("即将自动退出")
    assert axe_violations(page) == []
    notice.get_by_role("button").click()
    expect(notice).to_be_hidden()
    assert timezone.now() - SignIn.objects.get().seen_at < timedelta(minutes=2)

    page.fill("[name=number]", "13700137001")
    steps.agree(page)
    _go_away(page, 121)
    expect(notice).to_contain_text("您填写的内容还在本页")
    page.click("[name=send]")
    page.wait_for_url("**/sign-in/**")
    expect(page.locator("main")).to_contain_text("系统已自动退出")
    _sign_in(page)
    expect(page.locator("[name=number]")).to_have_value("13700137001")

    page.goto("/security/activity/")
    _go_away(page, 121)
    page.wait_for_url("**/sign-in/?next=/security/activity/")
