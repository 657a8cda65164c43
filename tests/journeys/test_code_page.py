"""The page that asks for a code, in a real Chromium, while its reader looks at it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.delivery.models import Sms
from accounts.phones.models import Phone
from tests.kit.people import NUMBER, OTHER_NUMBER, PASSWORD, Person, code_from_phone
from tests.kit.servers import steps
from tests.kit.servers.browser import Open

pytestmark = pytest.mark.slow


def _enter_password(page: Page, name: str) -> None:
    page.goto("/sign-in/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")


def _code_page(page: Page, person: Person) -> None:
    assert person.user
    _enter_password(page, person.user.username)
    page.wait_for_url("**/sign-in/code/")


def test_resend_counts_down_with_javascript(
    live_server: LiveServer, settings: Settings, open_page: Open, wangwu: Person
) -> None:
    settings.SMS_RESEND_AFTER = timedelta(seconds=3)
    page = open_page(base_url=live_server.url)
    _code_page(page, wangwu)
    button = page.locator("[name=send]")
    expect(button).to_be_disabled()
    expect(button).to_contain_text("秒")
    expect(button).to_be_enabled(timeout=6000)
    expect(button).not_to_contain_text("秒")
    button.click()
    expect(button).to_be_disabled()
    assert Sms.objects.count() == 2


def test_resend_without_javascript_is_answered_by_the_server(
    live_server: LiveServer, open_page: Open, wangwu: Person
) -> None:
    page = open_page(base_url=live_server.url, javascript=False)
    _code_page(page, wangwu)
    button = page.locator("[name=send]")
    expect(button).to_be_enabled()
    button.click()
    expect(page.get_by_text("验证码已发送，请")).to_be_visible()
    assert Sms.objects.count() == 1


def test_page_learns_by_itself_what_became_of_the_sms(live_server: LiveServer, open_page: Open, wangwu: Person) -> None:
    page = open_page(base_url=live_server.url)
    _code_page(page, wangwu)
    Sms.objects.update(status=Sms.Status.QUEUED, sent_at=None)
    page.reload()
    page.evaluate("window.stayed = true")
    page.fill("[name=code]", "123")
    expect(page.locator(".delivery")).to_contain_text("正在向 138****8000 发送短信")
    Sms.objects.update(status=Sms.Status.SENT, sent_at=timezone.now())
    expect(page.locator(".delivery")).to_contain_text("发送至 138****8000", timeout=6000)
    assert page.evaluate("window.stayed")
    assert page.input_value("[name=code]") == "123", "what was typed stays"
    expect(page.locator("[name=code]")).to_be_focused()


def test_back_and_the_password_again_lose_no_code(live_server: LiveServer, open_page: Open, wangwu: Person) -> None:
    page = open_page(base_url=live_server.url)
    _code_page(page, wangwu)
    page.go_back()
    page.fill("[name=username]", "wangwu")
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")
    page.wait_for_url("**/sign-in/code/")
    expect(page.locator(".delivery")).to_contain_text("138****8000")
    expect(page.locator("[name=code]")).to_be_focused()
    assert Sms.objects.count() == 1
    page.keyboard.insert_text(code_from_phone())
    page.keyboard.press("Enter")
    page.wait_for_url(live_server.url + "/")


def test_an_sms_that_certainly_failed_leads_to_another_one(
    live_server: LiveServer, open_page: Open, wangwu: Person
) -> None:
    page = open_page(base_url=live_server.url)
    _code_page(page, wangwu)
    Sms.objects.update(status=Sms.Status.QUEUED, sent_at=None)
    page.reload()
    button = page.locator("[name=send]")
    expect(button).to_be_disabled()
    Sms.objects.update(status=Sms.Status.FAILED, reason=Sms.Reason.NUMBER)
    expect(button).to_be_enabled(timeout=6000)
    expect(button).to_be_focused()
    page.reload()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[name=code]")).to_be_focused()
    assert Sms.objects.count() == 2


def test_a_page_without_a_code_asks_as_soon_as_it_may(
    live_server: LiveServer, settings: Settings, open_page: Open, wangwu: Person
) -> None:
    """One went to another browser a moment ago."""
    settings.SMS_RESEND_AFTER = timedelta(seconds=5)
    wangwu.enter_password()
    page = open_page(base_url=live_server.url)
    _code_page(page, wangwu)
    if Sms.objects.count() == 1:  # the machine was not so busy that the five seconds were over
        expect(page.get_by_text("已为另一次登录")).to_be_visible()
    expect(page.locator("#delivery[data-state=live]")).to_be_visible(timeout=20_000)
    assert Sms.objects.count() == 2
    page.fill("[name=code]", code_from_phone())
    page.keyboard.press("Enter")
    page.wait_for_url(live_server.url + "/")


def test_another_number_need_not_wait(live_server: LiveServer, open_page: Open, zhangsan: Person) -> None:
    page = open_page(base_url=live_server.url)
    _enter_password(page, "zhangsan")
    page.fill("[name=number]", OTHER_NUMBER)
    steps.agree(page)
    button = page.locator("[name=send]")
    button.click()
    expect(button).to_be_disabled()
    page.fill("[name=number]", NUMBER)
    steps.agree(page)
    expect(button).to_be_enabled()
    button.click()
    expect(page.locator("[name=code]")).to_be_focused()
    page.keyboard.insert_text(code_from_phone(NUMBER))
    page.keyboard.press("Enter")
    page.wait_for_url(live_server.url + "/")
    assert str(Phone.objects.get(user=zhangsan.user).number) == f"+86{NUMBER}"


def test_a_wrong_code_leaves_the_field_empty(live_server: LiveServer, open_page: Open, wangwu: Person) -> None:
    page = open_page(base_url=live_server.url)
    _code_page(page, wangwu)
    right = code_from_phone()
    for code in (f"{(int(right) + 1) % 1_000_000:06}", right):
        expect(page.locator("[name=code]")).to_be_focused()
        with page.expect_navigation():
            page.keyboard.insert_text(code)
            page.keyboard.press("Enter")
    assert page.url == live_server.url + "/"


def test_the_sixth_digit_sends_the_code(live_server: LiveServer, open_page: Open, wangwu: Person) -> None:
    page = open_page(base_url=live_server.url)
    _code_page(page, wangwu)
    field = page.locator("[name=code]")
    expect(field).to_have_accessible_description("输满 6 位数字后自动提交。")
    code = code_from_phone()
    expect(field).to_be_focused()
    with page.expect_navigation():
        page.keyboard.type(f"{(int(code) + 1) % 1_000_000:06}")
    expect(page).to_have_title("错误：输入验证码 · 示例大学")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    with page.expect_navigation():
        page.keyboard.insert_text(f"{code[:3]} {code[3:]}")
    assert page.url == live_server.url + "/"


def test_a_code_that_is_pasted_twice_is_not_sent(live_server: LiveServer, open_page: Open, wangwu: Person) -> None:
    page = open_page(base_url=live_server.url)
    _code_page(page, wangwu)
    page.evaluate(
        """code => {
            const field = document.querySelector("[name=code]");
            for (const times of [1, 2]) {
                field.value = code.repeat(times);
                field.dispatchEvent(new Event("input"));
            }
            addEventListener("submit", () => { window.sent = true; });
            field.selectionStart = 6;
            window.later = new Promise((done) => setTimeout(done, 900));
        }""",
        code_from_phone(),
    )
    page.evaluate("window.later")
    assert not page.evaluate("window.sent")
    assert len(page.input_value("[name=code]")) == 12
    with page.expect_navigation():
        page.fill("[name=code]", code_from_phone())
    assert page.url == live_server.url + "/"
