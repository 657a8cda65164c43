"""A password that is shown while it is typed, and a ban that counts down, in a real Chromium."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from accounts.bans.models import Ban
from tests.kit.people import PASSWORD, Person
from tests.kit.servers.browser import Open, axe_violations

pytestmark = pytest.mark.slow


def test_a_password_is_shown_and_never_sent_so(live_server: LiveServer, open_page: Open, lisi: Person) -> None:
    page = open_page(base_url=live_server.url, width=360)
    page.goto("/sign-in/")
    page.fill("[name=username]", "lisi")
    field, button = page.locator("[name=password]"), page.get_by_role("button", name="显示密码")
    field.fill("not my password")
    button.click()
    expect(field).to_have_attribute("type", "text")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert not axe_violations(page)
    page.evaluate(
        "addEventListener('submit', () => { sessionStorage.type = document.querySelector('#id_password').type })"
    )
    with page.expect_navigation():
        field.press("Enter")
    assert page.evaluate("sessionStorage.type") == "password"
    expect(page).to_have_title("错误：登录 · 示例大学")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_accessible_description("邮箱地址或密码错误。")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Space")
    expect(field).to_have_attribute("type", "text")
    with page.expect_navigation():
        field.press("Enter")
    page.go_back()  # and nothing is asked to be sent again: who is in is led on
    expect(page).to_have_url(live_server.url + "/")


def test_without_a_script_there_is_no_such_button(live_server: LiveServer, open_page: Open, db: None) -> None:
    page = open_page(base_url=live_server.url, javascript=False)
    page.goto("/sign-in/")
    expect(page.locator(".reveal")).not_to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_ban_counts_down_and_leads_nowhere_false(
    live_server: LiveServer, open_page: Open, db: None, *, javascript: bool
) -> None:
    ban = Ban.objects.create(network="127.0.0.1", until=timezone.now() + timedelta(minutes=48))
    page = open_page(base_url=live_server.url, javascript=javascript)
    page.goto("/sign-in/")
    way_on = page.locator("main a[href='/sign-in/']")
    expect(way_on).not_to_be_visible()
    expect(page.get_by_role("timer")).to_be_visible(visible=javascript)
    if not javascript:
        return
    Ban.objects.filter(pk=ban.pk).update(until=timezone.now() + timedelta(seconds=3))
    page.reload()
    expect(way_on).to_be_visible()
    expect(page.get_by_text("封禁已结束")).to_be_visible()
    expect(page.get_by_role("timer")).not_to_be_visible()
    way_on.click()
    expect(page.locator("[name=password]")).to_be_visible()
