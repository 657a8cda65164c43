"""Lists of the administration at a clerk's screen: every column is seen, however long what stands in it."""

import pytest
from django.contrib import admin
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.bans.models import KnownNetwork
from accounts.delivery.models import Sms
from accounts.imports.models import Roster
from accounts.log import events
from accounts.maillogins.models import MailLogin
from accounts.openid.models import Application
from accounts.phones.models import Phone
from accounts.rollouts.models import Exemption, Rollout
from accounts.users.models import User
from apppasswords.models import AppPassword
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, PASSWORD, code_from_phone
from tests.kit.servers.browser import LANGUAGES, NARROW, WIDE, Open, resize, scrolls_sideways
from tests.kit.sitemap import Addresses, admin_list

pytestmark = pytest.mark.slow

LONG = "a.rather-long-mailbox-of-somebody-with-two-names@example.edu"
DEPARTMENT = "信息化建设与管理办公室（网络与数据中心）"
ADDRESS = "2001:db8:1234:5678:9abc:def0:1234:5678"
EVERYTHING = dict.fromkeys(("Ban", "Exemption"), "?in_force=all")  # these open on what is current
WIDER = """() => [...document.querySelectorAll('.results')].filter(part => part.scrollWidth > part.clientWidth).map(
    part => `${part.scrollWidth} px of ${part.clientWidth}`)"""


@pytest.fixture
def clerk(make_user: MakeUser) -> User:
    """And a row of everything, with long values."""
    clerk = make_user("clerk", name="陈老师", phone=NUMBER, is_staff=True, is_superuser=True)
    owner = make_user("owner", name="欧阳夏侯·阿卜杜拉", phone="13600136009", department=DEPARTMENT)
    Addresses(owner, Phone.objects.get(user=owner))
    User.objects.filter(pk=owner.pk).update(username=LONG)
    Sms.objects.update(gateway="tencentcloud", error="FailedOperation.SignatureIncorrectOrUnapproved", address=ADDRESS)
    MailLogin.objects.update(address=ADDRESS, protocol="managesieve")
    AppPassword.objects.update(name="办公室的 Thunderbird（台式机）与 iPhone", last_used_address=ADDRESS)
    Application.objects.update(name="一个名字很长的校内应用系统", client_id="a-long-client-id-of-an-application")
    KnownNetwork.objects.update(note="东校区图书馆与第二教学楼的无线网络出口地址", edited_by=clerk)
    Exemption.objects.update(reason="长期出国访问，当地无法接收短信，已由学院书面确认", made_by=clerk)
    Rollout.objects.update(choice={"departments": [DEPARTMENT, f"{DEPARTMENT}二", f"{DEPARTMENT}三"]}, total=12000)
    Roster.objects.update(name="2026 年秋季学期新入职教职工名单（最终版）.xlsx", made_by=clerk)
    events.record(events.Kind.SESSIONS_ENDED, owner, actor=clerk, address=ADDRESS, reason="所在部门已确认 · 书面申请")
    return clerk


def sign_in(page: Page) -> None:
    page.goto("/admin/")
    page.fill("[name=username]", "clerk")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/sign-in/code/")
    page.fill("[name=code]", code_from_phone())
    page.press("[name=code]", "Enter")
    page.wait_for_url("**/admin/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_list_is_wider_than_its_place(live_server: LiveServer, open_page: Open, clerk: User, language: str) -> None:
    page = open_page(base_url=live_server.url, language=language)
    sign_in(page)
    found = []
    for model in admin.site._registry:
        page.goto(f"{admin_list(str(model._meta.model_name))}{EVERYTHING.get(model.__name__, '')}")
        for width in (WIDE, NARROW):
            resize(page, width, "light")
            parts = page.evaluate(WIDER) if width == WIDE else []
            found += [f"{model.__name__} at {width}: {part}" for part in parts]
            found += [f"{model.__name__} at {width}: the page scrolls"] if scrolls_sideways(page) else []
            shown = page.locator("#changelist-filter:visible").count()
            found += [f"{model.__name__} at {width}: filters around the list"] if shown and width == NARROW else []
    assert not found, "\n".join(found)


def test_on_a_phone_filters_open_above_the_list(live_server: LiveServer, open_page: Open, clerk: User) -> None:
    page = open_page(base_url=live_server.url, width=NARROW, javascript=False)
    sign_in(page)
    page.goto(admin_list("sms"))
    page.get_by_role("link", name="筛选", exact=True).click()
    filters, rows = (page.locator(part).bounding_box() for part in ("#changelist-filter", "#result_list"))
    assert filters
    assert rows
    assert filters["y"] + filters["height"] <= rows["y"], "they stood below it"
    page.get_by_role("link", name="收起筛选").click()
    expect(page.locator("#changelist-filter")).not_to_be_visible()
    page.get_by_role("link", name="筛选", exact=True).click()
    page.locator("#changelist-filter").get_by_role("link", name="发送失败").click()
    expect(page.locator("#changelist-filter")).not_to_be_visible()
    page.get_by_role("link", name="清除全部筛选").locator("visible=true").click()
    expect(page.get_by_role("link", name="清除全部筛选")).to_have_count(0)


@pytest.mark.parametrize(("width", "next_to_it"), [(WIDE, "#changelist-filter"), (NARROW, "#changelist-search")])
def test_the_keyboard_goes_as_the_eye_does(
    live_server: LiveServer, open_page: Open, clerk: User, width: int, next_to_it: str
) -> None:
    page = open_page(base_url=live_server.url, width=width)
    sign_in(page)
    page.goto(admin_list("user"))
    page.locator(".object-tools a").last.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("part => document.activeElement.closest(part) !== null", next_to_it)
