"""A professor of fifty-five on a narrow phone, who makes every mistake once: what the page then says, where the caret
is, and that it can be read and used as it stands."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.browsers.browsers import Look
from accounts.delivery.models import Sms
from accounts.sessions import signins
from accounts.sessions.models import SignIn
from tests.kit.people import NUMBER, PASSWORD, Person, code_from_phone
from tests.kit.servers import steps
from tests.kit.servers.browser import NARROW, SCHEMES, ZOOMED, Open, axe_violations, resize, scrolls_sideways

pytestmark = pytest.mark.slow

NEW = "correct-horse-42-staple"


@pytest.fixture
def page(live_server: LiveServer, settings: Settings, open_page: Open) -> Page:
    settings.SMS_RESEND_AFTER = timedelta(0)
    return open_page(base_url=live_server.url, width=NARROW)


def complaints(page: Page) -> Iterator[str]:
    for scheme in SCHEMES:
        resize(page, NARROW, scheme)
        yield from axe_violations(page)
    resize(page, ZOOMED, "light")
    if scrolls_sideways(page):
        yield f"{page.url} scrolls sideways at 400 %"
    resize(page, NARROW, "light")


def after_a_mistake(page: Page, name: str, reason: str) -> Locator:
    """The field to go on at."""
    field = page.locator(f"main [name={name}]")
    expect(page).to_have_title(re.compile("^错误："))
    expect(field).to_be_focused()
    expect(page.get_by_role("alert").filter(has_text=reason)).to_be_visible()
    if field.get_attribute("aria-invalid"):
        expect(field).to_have_accessible_description(re.compile(re.escape(reason)))
    assert not list(complaints(page))
    return field


def answered(page: Page, key: str = "Enter") -> None:
    with page.expect_navigation():
        page.keyboard.press(key)


def wrong(code: str, by: int) -> str:
    return f"{(int(code) + by) % 1_000_000:06}"


def test_every_mistake_of_the_first_day(page: Page, zhangsan: Person) -> None:
    page.goto("/")
    expect(page.locator("[name=username]")).to_be_focused()
    page.keyboard.type("zhangsan")
    page.keyboard.press("Tab")
    for reason in ("邮箱地址或密码错误。", "忘记密码？"):
        page.keyboard.type("not my password")
        answered(page)
        field = after_a_mistake(page, "password", "邮箱地址或密码错误。")
        expect(field).to_have_value("")
        expect(page.get_by_text(reason).first).to_be_visible()
    expect(page.locator("form .alert-info")).to_contain_text("忘记密码？")
    page.keyboard.type(PASSWORD)
    answered(page)

    # The number: too short, then with blanks, as it stands on a card.
    steps.agree(page)
    page.focus("[name=number]")
    page.keyboard.type("138 0013 80")
    answered(page)
    field = after_a_mistake(page, "number", "手机号码不正确，请检查后重新输入。")
    page.keyboard.type("138 0013 8000")  # over what was there
    expect(field).to_have_value("138 0013 8000")
    page.get_by_role("button", name="发送验证码").dblclick()
    code = page.locator("[name=code]")
    expect(code).to_be_focused()
    assert Sms.objects.count() == 1, "pressed twice, sent once"

    # The code: wrong twice, then one that was replaced, then right.
    first = code_from_phone(NUMBER)
    for by, left in ((1, 4), (2, 3)):
        with page.expect_navigation():
            page.keyboard.type(wrong(first, by))
        expect(after_a_mistake(page, "code", f"验证码错误，还可以再试 {left} 次。")).to_have_value("")
    with page.expect_navigation():
        page.get_by_role("button", name="发送验证码").click()
    second = code_from_phone(NUMBER)
    expect(code).to_be_focused()
    if first != second:
        with page.expect_navigation():
            page.keyboard.type(first)
        after_a_mistake(page, "code", "验证码错误")
    with page.expect_navigation():
        page.keyboard.type(second)
    expect(page.get_by_role("heading", name="您好，张三")).to_be_visible()

    page.go_back()
    page.wait_for_url("**/")
    expect(page.get_by_role("heading", name="您好，张三")).to_be_visible()


def test_every_mistake_with_passwords(page: Page, wangwu: Person, live_server: LiveServer) -> None:
    wangwu.sign_in()
    page.context.add_cookies([{"name": "session", "value": wangwu.cookies["session"].value, "url": live_server.url}])
    page.goto("/app-passwords/")
    page.fill("[name=name]", "x7Kd9Qm2Lp4Rt8Wz")
    answered(page)
    expect(after_a_mistake(page, "name", "您输入的内容像是密码。")).to_have_value("")
    page.reload()  # sends nothing again
    expect(page).to_have_title(re.compile("^客户端安全登录"))

    page.goto("/security/password/")
    page.fill("[name=old_password]", PASSWORD)
    page.fill("[name=new_password]", NEW)
    page.fill("[name=new_password_again]", f"{NEW}x")
    answered(page)
    after_a_mistake(page, "old_password", "两次输入的密码不一致。")  # the first that is empty again
    page.keyboard.type("not my password")
    page.fill("[name=new_password]", NEW)
    page.fill("[name=new_password_again]", NEW)
    answered(page)
    after_a_mistake(page, "old_password", "当前密码不正确。")
    page.get_by_role("button", name="显示密码").first.click()
    page.fill("[name=old_password]", PASSWORD)
    page.fill("[name=new_password]", NEW)
    page.fill("[name=new_password_again]", NEW)
    answered(page)
    expect(page.get_by_text("密码修改成功")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_browser_that_was_left_open_is_signed_out(
    live_server: LiveServer, open_page: Open, wangwu: Person, *, javascript: bool
) -> None:
    wangwu.sign_in()
    assert wangwu.user
    look = Look("Mobile Safari 18", "iOS 18", "2001:db8:1234:5678:9abc:def0:1234:5678")
    signins.note(
        wangwu.user, "elsewhere", look, signed_in_at=timezone.now(), ends_at=timezone.now() + timedelta(hours=12)
    )
    page = open_page(base_url=live_server.url, width=NARROW, javascript=javascript)
    page.context.add_cookies([{"name": "session", "value": wangwu.cookies["session"].value, "url": live_server.url}])
    page.goto("/security/activity/")
    expect(page.get_by_role("list", name="已登录的浏览器").get_by_role("listitem")).to_have_count(2)
    if javascript:
        assert not list(complaints(page))
    page.get_by_role("button", name=re.compile("^退出登录：Mobile Safari 18")).press("Enter")
    expect(page.get_by_text("Mobile Safari 18 · iOS 18 已退出登录。")).to_be_visible()
    expect(page.get_by_role("list", name="已登录的浏览器").get_by_role("listitem")).to_have_count(1)
    assert SignIn.objects.count() == 1


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_another_account_in_another_tab(
    live_server: LiveServer, open_page: Open, zhangsan: Person, wangwu: Person, language: str
) -> None:
    """What the first tab sends is not done to the second one's account, and the page says so."""
    page = open_page(base_url=live_server.url, width=NARROW, language=language)
    other = page.context.new_page()
    for tab, name in ((page, "zhangsan"), (other, "wangwu")):
        tab.goto("/sign-in/")
        tab.fill("[name=username]", name)
        tab.fill("[name=password]", PASSWORD)
        with tab.expect_navigation():
            tab.keyboard.press("Enter")
    page.fill("[name=number]", NUMBER)
    steps.agree(page)
    answered(page)
    resize(other, NARROW, "light")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        {"zh-CN": "另一个标签页中是其他账号", "en-US": "Another account in another tab"}[language]
    )
    assert not list(complaints(page))
    way_on = page.locator("main .btn-primary")
    expect(way_on).to_contain_text("w***@example.edu")
    way_on.click()
    page.wait_for_url("**/sign-in/code/")
