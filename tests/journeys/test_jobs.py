"""The jobs of the counter, as docs/handbook-zh.md tells them, in a real Chromium: each with so many clicks."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.bans import failures
from accounts.phones.models import HelpCode
from accounts.rollouts.models import Exemption, Rollout
from accounts.users.models import User
from portal.office import roles
from tests.conftest import MakeUser
from tests.kit import officers
from tests.kit.officers import SUPERUSER
from tests.kit.people import NUMBER, PASSWORD, code_from_phone
from tests.kit.plans import in_days
from tests.kit.servers.browser import Open

pytestmark = pytest.mark.slow

CLERKS_NUMBER = "13700137009"


class Hand:
    """One clerk's, which counts what it clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name))

    def link(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name).first)

    def find(self, text: str) -> None:
        """From the first page, where the caret stands in the box already."""
        self.page.goto("/admin/")
        expect(self.page.locator("[name=q]")).to_be_focused()
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/desk/")

    def act(self, name: str) -> None:
        """A button of the desk: open it, say why, press it."""
        self.click(self.page.locator(".act summary", has_text=name))
        act = self.page.locator(".act[open]")
        self.click(act.get_by_role("radio").first)
        self.click(act.get_by_role("button"))


Enter = Callable[[str], Hand]


@pytest.fixture
def enter(live_server: LiveServer, open_page: Open, make_user: MakeUser) -> Enter:
    def enter(role: str) -> Hand:
        clerk = make_user("clerk", name="陈老师", phone=CLERKS_NUMBER, is_staff=True, is_superuser=role == SUPERUSER)
        if role != SUPERUSER:
            officers.give(clerk, role)
        page = open_page(base_url=live_server.url)
        page.goto("/admin/")
        page.fill("[name=username]", "clerk")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/sign-in/code/")
        page.fill("[name=code]", code_from_phone(CLERKS_NUMBER))
        page.press("[name=code]", "Enter")
        page.wait_for_url("**/admin/")
        return Hand(page)

    return enter


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    return make_user("wangwu", name="王五", phone=NUMBER, department="文学院")


@pytest.mark.parametrize("text", ["王五", "wangwu", "8000"])
def test_to_find_somebody_takes_no_click(enter: Enter, owner: User, text: str) -> None:
    hand = enter(roles.HELP)
    hand.find(text)
    expect(hand.page.get_by_role("heading", name="王五")).to_be_visible()
    assert hand.clicks == 0


def test_a_lost_phone_takes_three(enter: Enter, owner: User) -> None:
    hand = enter(roles.HELP)
    hand.find("王五")
    hand.act("发放临时验证码")
    code = hand.page.locator(".slip .secret").inner_text()
    assert code.replace(" ", "").isdecimal()
    assert HelpCode.objects.filter(user=owner).exists()
    assert hand.clicks == 3
    expect(hand.page.get_by_role("button", name="打印")).to_be_visible()
    hand.page.emulate_media(media="print")
    expect(hand.page.locator("#header")).to_be_hidden()
    expect(hand.page.locator(".slip .secret")).to_be_visible()
    hand.page.emulate_media(media="screen")
    hand.link("返回用户页面")
    hand.page.go_back()
    assert code not in hand.page.content(), "nothing of it is left for who presses Back"


def test_an_exception_takes_two(enter: Enter, owner: User) -> None:
    hand = enter(roles.TWO_STEP)
    hand.find("王五")
    hand.link("启用二次认证或临时豁免")
    hand.page.fill("[name=exempt-until]", timezone.localdate(in_days(30)).isoformat())
    hand.page.fill("[name=exempt-reason]", "长期出国")
    hand.button("设置豁免")
    expect(hand.page.get_by_text("已豁免至").first).to_be_visible()
    assert Exemption.objects.filter(user=owner).exists()
    assert hand.clicks == 2


def test_a_roll_out_of_a_department_takes_three(enter: Enter, make_user: MakeUser) -> None:
    for n in range(3):
        make_user(f"w{n}", department="文学院", two_step=False)
    hand = enter(roles.TWO_STEP)
    hand.page.goto("/admin/rollouts/rollout/add/")
    hand.click(hand.page.get_by_label("文学院"))
    hand.button("下一步：预演")
    hand.button("确认执行")
    hand.page.wait_for_selector("text=准备进度")
    assert Rollout.objects.get().status == "done"
    assert hand.clicks == 3


def test_a_file_of_people_takes_three(enter: Enter) -> None:
    hand = enter(roles.ADMINISTRATOR)
    hand.page.goto("/admin/")
    hand.click(hand.page.locator("a.addlink[href$='/roster/add/']"))
    file: Any = {"name": "新教工.csv", "mimeType": "text/csv", "buffer": "邮箱地址,姓名\nnew1,赵一\n".encode("gbk")}
    hand.page.set_input_files("[name=file]", file)
    hand.button("检查文件")
    hand.button("确认导入")
    expect(hand.page.get_by_text("new1@example.edu").first).to_be_visible()
    assert User.objects.filter(username="new1@example.edu").exists()
    assert hand.clicks == 3


def test_slips_for_a_department_take_five(enter: Enter) -> None:
    for n in range(9):
        User.objects.create_user(f"n{n}@example.edu", None, name=f"新人{n}", department="文学院")
    hand = enter(roles.HELP)
    hand.page.goto("/admin/")
    hand.link("用户")
    hand.link("初始密码条")
    hand.link("文学院")
    hand.click(hand.page.get_by_label("所在部门已确认"))
    hand.button("生成 9 个初始密码并显示密码条")
    expect(hand.page.locator(".slip")).to_have_count(9)
    assert hand.clicks == 5
    hand.page.emulate_media(media="print")
    boxes: list[Any] = hand.page.locator(".slip").evaluate_all(
        "slips => slips.map(slip => slip.getBoundingClientRect())"
    )
    assert len({round(box["x"]) for box in boxes}) == 2, "two side by side"
    assert {round(box["height"]) for box in boxes} == {257}, "68 mm: four of them on a page"
    cut: list[str] = hand.page.locator(".slip").evaluate_all(
        "slips => slips.filter(slip => slip.scrollHeight > slip.clientHeight).map(slip => slip.innerText)"
    )
    assert not cut, "nothing is cut off"


def test_the_figures_take_one_click_and_a_year_of_them_two(enter: Enter, owner: User) -> None:
    hand = enter(roles.AUDITOR)
    hand.page.goto("/admin/")
    hand.link("数据概览")
    hand.page.wait_for_url("**/admin/dashboard/**")
    assert hand.clicks == 1
    hand.link("最近一年")
    hand.page.wait_for_url("**days=364**")
    assert hand.clicks == 2


def test_why_somebody_is_banned_takes_two(enter: Enter, owner: User, settings: Settings) -> None:
    for n in range(settings.BAN_AFTER_FAILURES):
        failures.note_failure("203.0.113.7", owner.username, f"wrong {n}", "imap")
    hand = enter(roles.HELP)
    hand.page.goto("/admin/")
    hand.link("条封禁正在生效")
    expect(hand.page.get_by_text("203.0.113.7").first).to_be_visible()
    hand.link("203.0.113.7")
    expect(hand.page.get_by_text("密码错误明细")).to_be_visible()
    assert hand.clicks == 2
