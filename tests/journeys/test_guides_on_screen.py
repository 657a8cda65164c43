"""The guides in a real Chromium, and on paper."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from apppasswords.guides import programs
from apppasswords.guides.on_computers import THUNDERBIRD
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, Person
from tests.kit.servers.browser import (
    SCHEMES,
    ZOOMED,
    Open,
    resize,
    scrolls_sideways,
    space_out,
    violations_in,
)
from tests.kit.share import share

pytestmark = pytest.mark.slow


@pytest.fixture
def reader(make_user: MakeUser) -> Person:
    """Two-step is on, signed in."""
    person = Person(make_user("wangwu", name="王五", phone=NUMBER))
    person.sign_in()
    return person


PATHS = ["/guides/", *(f"/guides/{slug}/" for slug in programs.BY_SLUG)]


def enter(person: Person, page: Page, live_server: LiveServer) -> Page:
    page.context.add_cookies([{"name": "session", "value": person.cookies["session"].value, "url": live_server.url}])
    return page


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_every_guide_is_for_everybody(live_server: LiveServer, open_page: Open, language: str) -> None:
    """Without signing in; the walk of test_looks.py comes to each of them signed in."""
    page = open_page(base_url=live_server.url, language=language)
    found: list[str] = []
    for path in share(PATHS, 3):
        page.goto(path)
        found += violations_in(page)
        resize(page, ZOOMED, "light")
        if scrolls_sideways(page):
            found.append(f"{path} scrolls sideways at {ZOOMED} px")
        space_out(page)
        if scrolls_sideways(page):
            found.append(f"{path} scrolls sideways at {ZOOMED} px with wider spacing")
    assert not found, "\n".join(found)


@pytest.mark.share(4)
@pytest.mark.parametrize("slug", programs.BY_SLUG)
def test_the_longest_address_fits(live_server: LiveServer, open_page: Open, make_user: MakeUser, slug: str) -> None:
    owner = Person(make_user("x" * 64, name="欧阳" * 10, phone=NUMBER))
    owner.sign_in()
    page = enter(owner, open_page(base_url=live_server.url, width=ZOOMED), live_server)
    page.goto(f"/guides/{slug}/")
    assert not scrolls_sideways(page)


def test_without_javascript_nothing_is_missing(live_server: LiveServer, open_page: Open, reader: Person) -> None:
    page = enter(reader, open_page(base_url=live_server.url, javascript=False), live_server)
    page.goto("/guides/thunderbird/")
    expect(page.locator(".step")).to_have_count(len(THUNDERBIRD.replacing + THUNDERBIRD.adding))
    expect(page.get_by_text("smtp.example.edu").first).to_be_visible()
    expect(page.locator(".copy:visible")).to_have_count(0)
    page.click("text=/^第一次添加$/")
    expect(page.locator("#add")).to_be_in_viewport()
    page.goto("/guides/")
    page.click("text=/^Windows 电脑$/")
    expect(page.locator("#windows")).to_be_in_viewport()
    page.click("text=Foxmail")
    page.wait_for_url("**/guides/foxmail/")


def test_what_is_typed_is_copied_with_one_press(live_server: LiveServer, open_page: Open, reader: Person) -> None:
    page = enter(reader, open_page(base_url=live_server.url), live_server)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/guides/other/")
    for value in ("imap.example.edu", "465", "wangwu@example.edu"):
        page.locator(".servers").get_by_role("button", name=f"复制 {value}", exact=True).press("Enter")
        expect(page.get_by_role("status")).to_have_text("已复制")
        assert page.evaluate("navigator.clipboard.readText()") == value


def test_a_click_selects_where_nothing_can_be_copied(live_server: LiveServer, open_page: Open, reader: Person) -> None:
    page = enter(reader, open_page(base_url=live_server.url), live_server)
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto("/guides/other/")
    expect(page.locator(".copy:visible")).to_have_count(0)
    page.locator(".servers code").first.click()
    assert page.evaluate("getSelection().toString()") == "imap.example.edu"


# --- On paper --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=SCHEMES)
def paper(request: pytest.FixtureRequest, live_server: LiveServer, open_page: Open, reader: Person) -> Page:
    page = enter(reader, open_page(base_url=live_server.url, scheme=request.param), live_server)
    page.goto("/guides/iphone/")
    page.emulate_media(media="print")
    return page


DARK_INK = """() => [...document.querySelectorAll("main *")]
    .filter(one => one.checkVisibility() && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .filter(one => Math.max(...getComputedStyle(one).color.match(/[0-9.]+/g).slice(0, 3)) > 170)
    .map(one => one.outerHTML)"""


def test_on_paper_ink_is_dark(paper: Page) -> None:
    """The colours of a dark screen would be pale on paper."""
    assert paper.evaluate(DARK_INK) == []


def test_on_paper_are_the_steps_and_nothing_to_press(paper: Page) -> None:
    for hidden in ("header", "nav", "footer", ".which .btn", ".other-guides", ".copy"):
        assert not paper.locator(hidden).first.is_visible(), hidden
    assert paper.locator(".step").first.is_visible()
    assert paper.locator(".troubles").is_visible()
    assert paper.get_by_text("本页地址：").is_visible()
    background = paper.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"
    for step in paper.locator(".step").all():
        assert step.evaluate("element => getComputedStyle(element).breakInside") == "avoid"
