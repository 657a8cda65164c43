"""A passkey in a real Chromium, with the authenticator that it has for tests: added, used, confirmed with, removed."""

import re
from datetime import timedelta
from urllib.parse import parse_qs

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


def at_home(live_server: LiveServer, open_page: Open, settings: Settings) -> tuple[Page, VirtualKey]:
    """Somebody who has signed in with a code, at a computer that can keep a passkey."""
    settings.PUBLIC_URL = live_server.url
    page = open_page(base_url=live_server.url)
    key = VirtualKey(page)
    page.goto("/sign-in/")
    steps.password(page, "wangwu")
    steps.enter(page, steps.right_code())
    return page, key


def test_a_passkey_from_first_to_last(
    live_server: LiveServer, open_page: Open, make_user: MakeUser, settings: Settings
) -> None:
    user = make_user("wangwu", phone=NUMBER)
    page, key = at_home(live_server, open_page, settings)

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


# What stands between makes another answer of it before it goes: this one, or one with another signature.
SPOILT = """given => document.addEventListener("submit", (event) => {
    const answer = event.target.elements.answer;
    if (!answer?.value) return;
    const said = JSON.parse(answer.value);
    said.response.signature = said.response.signature.replace(/.{8}$/, "AAAAAAAA");
    answer.value = given ?? JSON.stringify(said);
}, true)"""
UNASKED = """() => {
    const form = document.querySelector("[data-passkey]"), asks = JSON.parse(form.dataset.passkey);
    form.dataset.passkey = JSON.stringify({...asks, userVerification: "discouraged"});
}"""


def go_half_way(page: Page, key: VirtualKey) -> None:
    key.is_there(False)  # or it would answer at the field of the code already
    steps.password(page, "wangwu")
    page.goto(AT_SIGN_IN)
    key.is_there(True)


def is_refused(page: Page) -> None:
    before = signed_in()
    press(page)
    expect(page).to_have_url(re.compile(f"{AT_SIGN_IN}$"))
    expect(page.locator("[data-asks]")).to_be_visible()
    assert signed_in() == before


def signed_in() -> int:
    return SecurityEvent.objects.filter(kind="signed_in").count()


def test_who_cheats_stays_half_way(
    live_server: LiveServer, open_page: Open, make_user: MakeUser, settings: Settings
) -> None:
    user = make_user("wangwu", phone=NUMBER)
    page, key = at_home(live_server, open_page, settings)
    page.goto(LIST)
    press(page)
    sign_out(page)
    stolen = key.copy()  # and from here on each counts by itself

    go_half_way(page, key)
    page.evaluate(SPOILT, None)
    is_refused(page)
    page.goto(AT_SIGN_IN)
    page.evaluate(UNASKED)
    key.unlocks(False)
    is_refused(page)
    key.unlocks(True)
    settings.PUBLIC_URL = "http://localhost:1"  # to the browser, ours is another site of the same name now
    page.goto(AT_SIGN_IN)
    is_refused(page)
    settings.PUBLIC_URL = live_server.url
    user.refresh_from_db()
    assert user.wrong_codes == 3

    page.goto(AT_SIGN_IN)
    with page.expect_request(lambda request: request.method == "POST") as sent:
        press(page)
    assert signed_in() == 2
    answered = parse_qs(sent.value.post_data or "")["answer"][0]
    sign_out(page)
    go_half_way(page, key)
    page.evaluate(SPOILT, answered)
    is_refused(page)

    key.becomes(stolen)
    page.goto(AT_SIGN_IN)
    is_refused(page)
    assert SecurityEvent.objects.filter(kind="passkey_copied", user=user).exists()


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
    settings.SMS_RESEND_AFTER = timedelta()
    make_user("wangwu", phone=NUMBER)
    page, key = at_home(live_server, open_page, settings)
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
