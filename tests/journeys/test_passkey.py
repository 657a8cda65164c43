"""A passkey in a real Chromium, with the authenticator that it has for tests: added, used, confirmed with, removed."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.factors.models import Passkey
from accounts.log.models import SecurityEvent
from tests.conftest import MakeUser
from tests.kit.passkeys import AT_SIGN_IN, LIST, VirtualKey
from tests.kit.people import NUMBER, Person
from tests.kit.servers import steps
from tests.kit.servers.browser import NARROW, Open

pytestmark = pytest.mark.slow


def press(page: Page) -> None:
    with page.expect_navigation():
        page.click("[data-asks]")


def sign_out(page: Page) -> None:
    page.goto("/")
    page.click("header [type=submit]")
    page.wait_for_url("**/sign-in/")


def test_a_passkey_from_first_to_last(
    live_server: LiveServer, open_page: Open, make_user: MakeUser, settings: Settings
) -> None:
    settings.PUBLIC_URL = live_server.url
    user = make_user("wangwu", phone=NUMBER)
    page = open_page(base_url=live_server.url)
    key = VirtualKey(page)
    page.goto("/sign-in/")
    steps.password(page, "wangwu")
    steps.enter(page, steps.right_code())

    page.goto(LIST)
    key.unlocks(False)
    page.click("[data-asks]")
    expect(page.locator("[data-passkey-error]")).to_contain_text("操作未完成")
    key.unlocks(True)
    page.fill("[name=name]", "办公室电脑")
    press(page)
    expect(page.locator(".alert-success")).to_contain_text("办公室电脑")
    page.click("[data-asks]")
    expect(page.locator("[data-passkey-error]")).to_contain_text("已经添加过")

    page.goto("/security/factors/")
    page.click("[name=prefer][value=passkey]")
    sign_out(page)
    steps.password(page, "wangwu")
    expect(page).to_have_url(f"{live_server.url}{AT_SIGN_IN}")
    page.keyboard.press("Enter")  # the button is in focus
    page.wait_for_url(f"{live_server.url}/")

    steps.code_is_old(page)
    page.goto("/app-passwords/")
    press(page)
    expect(page).to_have_url(f"{live_server.url}/app-passwords/")
    assert {"method": "passkey"} in SecurityEvent.objects.filter(kind="confirmed").values_list("detail", flat=True)

    page.goto(f"{LIST}{Passkey.objects.get().pk}/")
    page.click("[name=remove]")
    expect(page.locator(".alert-success")).to_contain_text("已移除")
    assert not Passkey.objects.filter(user=user).exists()


def test_where_it_cannot_be_used_the_page_says_so(
    live_server: LiveServer, open_page: Open, make_user: MakeUser, settings: Settings
) -> None:
    settings.PUBLIC_URL = live_server.url
    person = Person(make_user("wangwu", phone=NUMBER))
    Passkey.objects.create(
        user=person.user, name="key", credential_id="AAAA", public_key=b"", sign_count=0, backup_eligible=False,
        backed_up=False, transports="usb", aaguid="0" * 32,
    )  # fmt: skip
    without = open_page(base_url=live_server.url, javascript=False, width=NARROW)
    without.goto("/sign-in/")
    steps.password(without, "wangwu")
    without.click(f"a[href='{AT_SIGN_IN}']")
    expect(without.locator("[data-asks]")).to_be_hidden()
    expect(without.locator("noscript p")).to_be_visible()
    without.click("a[href='/sign-in/code/']")

    settings.PASSKEY_DOMAIN = "mail.example.edu"  # come by another name
    other = open_page(base_url=live_server.url, width=NARROW)
    other.goto("/sign-in/")
    steps.password(other, "wangwu")
    other.goto(AT_SIGN_IN)
    other.click("[data-asks]")
    expect(other.locator("[data-passkey-error]")).to_contain_text(live_server.url)


def test_the_browser_offers_it_at_the_field_of_the_code(
    live_server: LiveServer, open_page: Open, make_user: MakeUser, settings: Settings
) -> None:
    settings.PUBLIC_URL, settings.SMS_RESEND_AFTER = live_server.url, timedelta()
    make_user("wangwu", phone=NUMBER)
    page = open_page(base_url=live_server.url)
    key = VirtualKey(page)
    page.goto("/sign-in/")
    steps.password(page, "wangwu")
    steps.enter(page, steps.right_code())
    page.goto(LIST)
    press(page)
    sign_out(page)

    key.is_there(False)
    steps.password(page, "wangwu")
    expect(page.locator("[name=code]")).to_have_attribute("autocomplete", "one-time-code webauthn")
    expect(page.locator(".alert-danger")).to_have_count(0)
    steps.enter(page, steps.right_code())  # what was not chosen says nothing and stops nothing
    page.wait_for_url(f"{live_server.url}/")
    sign_out(page)

    key.is_there(True)
    steps.password(page, "wangwu")
    page.wait_for_url(f"{live_server.url}/")
    event = SecurityEvent.objects.filter(kind="signed_in").order_by("pk").last()
    assert event
    assert event.detail["method"] == "passkey"
