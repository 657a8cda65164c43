"""The ways of the guide in a real Chromium, against the portal as `make run` starts it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.kit.people import NUMBER, OTHER_NUMBER, PASSWORD
from tests.kit.servers import portal
from tests.kit.servers.browser import Open, axe_violations
from tests.kit.servers.visitor import Visitor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    limits = {"SMS_RESEND_AFTER": "1", "SMS_HOURLY_LIMIT": "100", "SMS_DAILY_LIMIT": "100"}
    with portal.running(tmp_path_factory.mktemp("portal"), MAILBOX_URL="https://webmail.example.edu/", **limits) as url:
        yield url


@pytest.mark.share(2)
@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
def test_bind_sign_in_trust_change_unbind(site: str, open_page: Open, *, javascript: bool) -> None:
    """From the first sign-in to the unbound phone."""
    page = open_page(base_url=site, javascript=javascript)
    zhangsan = Visitor(page)

    def look(*texts: str) -> None:
        for text in texts:
            expect(page.get_by_text(text).first).to_be_visible()
        assert not javascript or not (found := axe_violations(page)), "\n".join(found)

    zhangsan.sign_in()
    assert zhangsan.path == "/sign-in/phone/"
    look("绑定手机号")
    zhangsan.ask_for_code(NUMBER)
    zhangsan.enter_code(NUMBER)
    assert zhangsan.path == "/"
    look("绑定成功，手机号为 138****8000。", "二次认证已启用", "进入邮箱")
    zhangsan.sign_out()

    zhangsan.sign_in()
    assert zhangsan.path == "/sign-in/code/"
    look("138****8000")
    page.get_by_label("同设备登录免二次认证").check()
    zhangsan.enter_code(NUMBER)
    assert zhangsan.path == "/"
    look("1 个浏览器登录时无需验证码")
    zhangsan.sign_out()
    look("您已退出登录。")

    zhangsan.sign_in()
    assert zhangsan.path == "/"

    page.click("text=二次验证设置")
    page.click("text=/^修改$/")
    zhangsan.ask_for_code()
    look("138****8000")
    zhangsan.enter_code(NUMBER)
    look("验证新手机号")
    zhangsan.ask_for_code(OTHER_NUMBER)
    zhangsan.enter_code(OTHER_NUMBER)
    assert zhangsan.path == "/security/phone/"
    look("绑定成功，手机号为 139****9000。")

    page.click("text=/^解绑$/")
    look("解绑后须重新绑定手机号")
    zhangsan.ask_for_code()
    zhangsan.enter_code(OTHER_NUMBER)
    assert zhangsan.path == "/sign-in/phone/", "two-step stays on: a phone has to be bound again"
    page.click("text=不是您？退出")


def test_keyboard_alone(site: str, open_page: Open) -> None:
    """Tab, Space, Enter; every stop is where the eye expects it."""
    page = open_page(base_url=site)
    zhangsan = Visitor(page)
    page.goto("/")
    press, type_ = page.keyboard.press, page.keyboard.type
    expect(page.locator("[name=username]")).to_be_focused()
    type_("zhangsan")
    press("Tab")
    type_(PASSWORD)
    press("Enter")
    page.wait_for_url("**/sign-in/phone/")
    expect(page.locator("[name=number]")).to_be_focused()
    page.get_by_role("link", name="跳到主要内容").focus()
    stops = ["示例大学 邮箱安全", "不是您？退出", "number", "个人信息处理说明", "agreed", "send"]
    assert _stops(page, 6) == stops
    page.focus("[name=number]")
    type_(NUMBER)
    press("Tab")
    press("Tab")
    press("Space")
    press("Enter")
    expect(page.locator("[name=code]")).to_be_focused()
    type_(zhangsan.code_from_outbox(NUMBER))
    press("Enter")
    page.wait_for_url(site + "/")
    zhangsan.sign_out()

    expect(page.locator("[name=username]")).to_be_focused()
    type_("zhangsan")
    press("Tab")
    type_(PASSWORD)
    press("Enter")
    page.wait_for_url("**/sign-in/code/")
    expect(page.locator("[name=code]")).to_be_focused()
    press("Shift+Tab")  # above the code: six digits go by themselves
    press("Space")
    assert page.is_checked("[name=trust_browser]")
    assert _stops(page, 2) == ["code", "确定"]
    press("Shift+Tab")
    type_(zhangsan.code_from_outbox(NUMBER))
    page.wait_for_url(site + "/")
    page.goto("/security/browsers/")
    expect(page.get_by_text("当前浏览器")).to_be_visible()

    # As it was found: the tests of this file come in any order, and share the portal.
    page.goto("/security/phone/unbind/")
    zhangsan.ask_for_code()
    zhangsan.enter_code(NUMBER)


def _stops(page: Page, count: int) -> list[str]:
    """What Tab leads to from here: names of fields, else texts."""
    found = []
    for _ in range(count):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", "the focus must be seen"
        found.append(page.evaluate("document.activeElement.name || document.activeElement.innerText.trim()"))
    return found


def test_back_after_sign_out_shows_nothing_personal(site: str, open_page: Open) -> None:
    page = open_page(base_url=site)
    lisi = Visitor(page)
    lisi.sign_in("lisi@example.edu")
    page.goto("/security/phone/")
    page.goto("/")
    assert "李四" in page.content()
    lisi.sign_out()
    for _ in range(3):
        page.go_back()
        page.wait_for_url("**/sign-in/**")
        assert "李四" not in page.content()
        assert "lisi@" not in page.content()


def test_languages(site: str, open_page: Open) -> None:
    """The browser's language decides, Chinese where it is neither; the switch keeps the page and is remembered."""
    for language, html in (("zh-CN", "zh-hans"), ("zh-TW", "zh-hans"), ("en-GB", "en"), ("fr-FR", "zh-hans")):
        page = open_page(base_url=site, language=language)
        page.goto("/sign-in/")
        assert page.get_attribute("html", "lang") == html

    page = open_page(base_url=site)
    page.goto("/sign-in/?next=/security/browsers/")
    page.click("text=English")
    assert page.url == f"{site}/sign-in/?next=/security/browsers/"
    expect(page.get_by_role("heading", name="Sign in to your mailbox")).to_be_visible()
    page.fill("[name=username]", "lisi")
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")
    assert page.url == f"{site}/security/browsers/"
    page.click("text=简体中文")
    assert page.url == f"{site}/security/browsers/"
    expect(page.get_by_role("heading", name="同设备登录免二次认证")).to_be_visible()
