"""The lost phone at the counter, in a real Chromium: a clerk of the help desk, and its owner at another computer."""

import re
import time
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.log.models import SecurityEvent
from accounts.phones.models import Phone
from accounts.users.models import User
from portal.office import roles
from tests.conftest import MakeUser
from tests.kit import officers
from tests.kit.people import NUMBER, OTHER_NUMBER, PASSWORD, Person, code_from_phone
from tests.kit.servers import steps
from tests.kit.servers.browser import NARROW, WIDE, Open, resize, scrolls_sideways, violations_in

pytestmark = pytest.mark.slow

CLICKS = 5
SECONDS = 20  # of the machine; the clerk reads and types for the rest of the minute


class Hand:
    """Counts what the clerk presses, the Enter key too."""

    def __init__(self) -> None:
        self.clicks = 0

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def enter(self, page: Page) -> None:
        self.clicks += 1
        with page.expect_navigation():
            page.keyboard.press("Enter")


def look(page: Page) -> None:
    """Axe finds nothing in it, wide and narrow, light and dark; nothing scrolls sideways."""
    found = list(violations_in(page))
    for width in (WIDE, NARROW):
        resize(page, width, "light")
        found += [f"{page.url} scrolls sideways at {width}"] if scrolls_sideways(page) else []
    resize(page, WIDE, "light")
    assert not found, "\n".join(found)


def sign_in(page: Page, name: str, number: str) -> None:
    page.goto("/admin/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.press("[name=password]", "Enter")
    with page.expect_navigation():
        page.fill("[name=code]", code_from_phone(number))
        page.keyboard.press("Enter")


@pytest.fixture
def helper(make_user: MakeUser) -> User:
    user = make_user("helper", name="帮助台", phone="13700137009", is_staff=True)
    officers.give(user, roles.HELP)
    return user


def bind_another(owner: Page, code: str, *, looking: bool) -> None:
    """At another computer: password, the help desk's code, the new phone."""
    owner.goto("/")
    owner.fill("[name=username]", "wangwu")
    owner.fill("[name=password]", PASSWORD)
    owner.press("[name=password]", "Enter")
    owner.get_by_text("手机不在身边或已遗失？使用临时验证码").click()
    if looking:
        look(owner)
    owner.fill("[name=code]", code)
    owner.keyboard.press("Enter")
    owner.wait_for_url("**/sign-in/phone/")
    expect(owner.get_by_text("138****8000")).to_be_visible()
    if looking:
        look(owner)
    owner.goto("/security/phone/")
    assert urlsplit(owner.url).path == "/sign-in/phone/", "nothing else is open"
    owner.fill("[name=number]", OTHER_NUMBER)
    steps.agree(owner)
    with owner.expect_navigation():
        owner.press("[name=number]", "Enter")
    owner.fill("[name=code]", code_from_phone(OTHER_NUMBER))
    owner.keyboard.press("Enter")


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
def test_the_lost_phone(
    live_server: LiveServer, open_page: Open, make_user: MakeUser, helper: User, wangwu: Person, *, javascript: bool
) -> None:
    for n in range(30):
        make_user(f"neighbour{n}", name=f"邻居{n}", department="文学院")
    desk = open_page(base_url=live_server.url, javascript=javascript)
    sign_in(desk, "helper", "13700137009")
    hand = Hand()
    start = time.monotonic()
    expect(desk.locator("[name=q]")).to_be_focused()
    desk.keyboard.type("王五")
    hand.enter(desk)
    expect(desk.get_by_role("heading", name="王五")).to_be_visible()
    hand.click(desk.get_by_text("发放临时验证码（手机遗失）").first)
    form = desk.locator(".act[open]")
    hand.click(form.get_by_label("本人到场，已核对证件"))
    hand.click(form.get_by_role("button"))
    code = desk.locator(".secret").inner_text()
    took = time.monotonic() - start
    assert re.fullmatch(r"\d{4} \d{4}", code)
    assert hand.clicks <= CLICKS
    assert took < SECONDS

    owner = open_page(base_url=live_server.url, javascript=javascript)
    bind_another(owner, code, looking=javascript)
    owner.wait_for_url(live_server.url + "/")
    expect(owner.get_by_text("绑定成功，手机号为 139****9000。")).to_be_visible()
    assert str(Phone.objects.get(user=wangwu.user).number) == f"+86{OTHER_NUMBER}"

    desk.reload()  # sends the form again, and is answered as the first time: no second code
    expect(desk.locator(".secret")).to_have_text(code)
    assert SecurityEvent.objects.filter(kind="help_code_issued").count() == 1
    desk.goto("/admin/")
    desk.fill("[name=q]", "9000")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("使用临时验证码").first).to_be_visible()
    expect(desk.get_by_text("139****9000").first).to_be_visible()
    given = SecurityEvent.objects.get(kind="help_code_issued")
    assert (given.actor, given.detail["reason"]) == (helper, "本人到场，已核对证件")


def test_every_state_of_the_desk_is_for_everybody(
    live_server: LiveServer, open_page: Open, helper: User, wangwu: Person
) -> None:
    page = open_page(base_url=live_server.url)
    sign_in(page, "helper", "13700137009")
    look(page)
    expect(page.locator("[name=q]")).to_be_focused()
    page.keyboard.type(NUMBER)  # a whole number leads to the person, and stands in no address
    page.keyboard.press("Enter")
    expect(page.get_by_text("手机号只按后四位查找：8000")).to_be_visible()
    assert NUMBER not in page.url
    look(page)
    for summary in page.locator("summary").all():
        summary.click()
        expect(page.locator(".act[open]")).to_have_count(1)
    page.locator("summary").filter(has_text="设置初始密码").click()
    page.locator(".act[open]").get_by_label("其他原因（请填写备注）").check()
    page.locator(".act[open]").get_by_role("button").click()
    expect(page.locator(".act[open]").get_by_text("请填写原因。")).to_be_visible()
    look(page)
    page.locator(".act[open]").get_by_role("textbox").fill("窗口 3")
    page.locator(".act[open]").get_by_role("button").click()
    expect(page.locator(".secret")).to_be_visible()
    look(page)
    secret = page.locator(".secret").inner_text()
    page.get_by_text("返回用户页面").click()
    expect(page.get_by_text("窗口 3").first).to_be_visible()
    page.go_back()  # to the mistake before it, which is not sent again either
    expect(page.locator(".desk h1, .desk h2").first).to_be_visible()
    expect(page.get_by_text(secret)).to_have_count(0)
