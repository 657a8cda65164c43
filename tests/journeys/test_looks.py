"""How pages look and behave in a real Chromium, in every state that they have."""

import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from random import random

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.phones.models import Phone
from tests.kit.people import NUMBER, PASSWORD, Person, code_from_phone
from tests.kit.servers import steps
from tests.kit.servers.browser import (
    LANGUAGES,
    VARIANTS,
    WIDE,
    ZOOMED,
    Language,
    Open,
    Scheme,
    close_up,
    resize,
    scrolls_sideways,
    small_targets,
    space_out,
    violations_in,
)
from tests.kit.servers.tour import tour
from tests.kit.share import WHOLE

pytestmark = pytest.mark.slow

FOREIGN = {"zh-CN": re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+"), "en-US": re.compile(r"[\u4e00-\u9fff]+")}
GAP = re.compile("[，。：；？！、）] +[\u4e00-\u9fff“（]|[\u4e00-\u9fff][,:;?!.](?![A-Za-z0-9])| [，。：；？！、）]")
NAMES = re.compile("腾讯身份验证器|示例大学|示例短信公司|张三|简体中文|微信内置浏览器|我的手机|办公室电脑")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def _kind(url: str) -> str:
    """Pages of one template: the guides, the rows of a list, what a query narrows."""
    return re.sub(r"\d+|(?<=/guides/)[a-z]+|\?.*", "*", url)


def _foreign(page: Page, language: Language) -> str:
    """What is in another language than the page."""
    secret = page.locator(".secret")  # random letters are no language
    text = page.inner_text("body").replace(secret.inner_text() if secret.count() else "", "")
    found = FOREIGN[language].search(NAMES.sub("", text).replace(django_settings.SUPPORT_COUNTER, ""))
    return found.group() if found else ""


def _narrow(page: Page) -> Iterator[str]:
    """A window at 400 %, and the same with the spacing of WCAG 1.4.12."""
    resize(page, ZOOMED, "light")
    if scrolls_sideways(page):
        yield f"scrolls sideways at {ZOOMED} px"
    space_out(page)
    if scrolls_sideways(page):
        yield f"scrolls sideways at {ZOOMED} px with wider spacing"
    close_up(page)


def _complaints(page: Page, state: str, variants: list[tuple[int, Scheme]], language: Language) -> Iterator[str]:
    page.wait_for_load_state()
    office = state.startswith("admin")
    if not office and (foreign := _foreign(page, language)):
        yield f"not in the page's language: {foreign}"
    if not office and language == "zh-CN" and (gap := GAP.search(page.inner_text("body"))):
        yield f"not as Chinese is punctuated: {gap.string[max(gap.start() - 10, 0) : gap.end() + 10]}"
    if (count := page.locator("h1:visible").count()) != (2 if office and page.locator("#branding h1").count() else 1):
        yield f"{count} headings of the first level"
    yield from violations_in(page, variants)
    if not office:
        yield from (f"too small for a finger: {target}" for target in small_targets(page))
        yield from _narrow(page)


@pytest.mark.share(2)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_is_for_everybody(
    live_server: LiveServer, settings: Settings, open_page: Open, tmp_path: Path, language: Language
) -> None:
    """Axe finds nothing; nothing scrolls sideways; what is pressed is large enough; Chromium complains of nothing."""
    settings.SMS_GATEWAY = "outbox"
    settings.SMS_OUTBOX = tmp_path / "outbox.jsonl"
    page = open_page(base_url=live_server.url, language=language)
    found: list[str] = []
    kinds: set[str] = set()
    one_of_them = cycle(VARIANTS)
    for state in tour(page):
        kind = _kind(page.url)
        # One state in four, in one of the variants; `make long`: all states, and Chinese pages in all variants.
        variants = [next(one_of_them)] if WHOLE or random() < 0.25 else []
        variants = VARIANTS if WHOLE and language == "zh-CN" and kind not in kinds else variants
        kinds.add(kind)
        found += [f"{state}: {complaint}" for complaint in _complaints(page, state, variants, language)]
    assert not found, "\n".join(found)
    assert len(kinds) > 40, "the tour ended early"


def test_full_width_digits_of_a_chinese_keyboard(live_server: LiveServer, open_page: Open, zhangsan: Person) -> None:
    page = open_page(base_url=live_server.url)
    page.goto("/sign-in/")
    page.fill("[name=username]", "ｚｈａｎｇｓａｎ＠example.edu")
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")
    steps.agree(page)
    page.focus("[name=number]")
    page.keyboard.insert_text(NUMBER.translate(FULL_WIDTH))  # as an input method does, without keys
    page.keyboard.press("Enter")
    expect(page.locator("[name=code]")).to_be_focused()
    code = code_from_phone(NUMBER).translate(FULL_WIDTH)
    page.keyboard.insert_text(f"{code[:3]}　{code[3:]}")
    page.keyboard.press("Enter")
    page.wait_for_url(live_server.url + "/")
    assert str(Phone.objects.get(user=zhangsan.user).number) == f"+86{NUMBER}"


@pytest.mark.parametrize("javascript", [True, False])
def test_a_narrow_screen_begins_with_the_page(
    live_server: LiveServer, open_page: Open, zhangsan: Person, *, javascript: bool
) -> None:
    """One line that leads back in place of a menu of four; the overview leads everywhere."""
    zhangsan.sign_in()
    page = open_page(base_url=live_server.url, width=ZOOMED, javascript=javascript)
    page.context.add_cookies([{"name": "session", "value": zhangsan.cookies["session"].value, "url": live_server.url}])
    for path in ("/security/phone/", "/app-passwords/", "/security/activity/", "/guides/", "/security/password/"):
        page.goto("/")
        page.click(f"main a[href='{path}']:visible >> nth=0")
        page.wait_for_url(f"**{path}")
        heading = page.locator("h1").bounding_box()
        assert heading
        assert heading["y"] < 170, "it was below 330"
        expect(page.locator(".menu")).not_to_be_visible()
        page.get_by_role("link", name="安全设置", exact=True).click()
        page.wait_for_url(live_server.url + "/")
    expect(page.locator(".way-back")).to_have_count(0)
    resize(page, WIDE, "light")
    page.goto("/security/phone/")
    expect(page.locator(".menu")).to_be_visible()
    expect(page.locator(".way-back")).not_to_be_visible()
