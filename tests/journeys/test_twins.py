"""Buttons that are pressed twice, in a real Chromium: the person ends where one press leads, nothing is spent twice,
and a secret is on the screen. With a script the form locks itself; without it the server answers both alike."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.log.models import SecurityEvent
from accounts.phones.models import Phone
from accounts.users.models import User
from apppasswords.models import AppPassword, ProfileLink
from tests.conftest import MakeUser
from tests.kit.people import PASSWORD, Person, code_from_phone
from tests.kit.pressing import Cell, every_cell, network, press_twice, some_cells
from tests.kit.servers import steps
from tests.kit.servers.browser import Open
from tests.kit.share import share

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

NEW = "correct-horse-42-staple"
HOME = re.compile(r"//[^/]+/$")


class Browser:
    """One Chromium for all cells; in each of them somebody new sits down at it."""

    def __init__(self, page: Page, make_user: MakeUser) -> None:
        self.page, self._make_user, self._numbers = page, make_user, count()

    def person(self, *, phone: bool = True, two_step: bool = True) -> Person:
        n = next(self._numbers)
        number = f"1380013{8000 + n}" if phone else None
        return Person(self._make_user(f"p{n}", phone=number, two_step=two_step))

    def sit_down(self, person: Person) -> None:
        """As far as they have come already."""
        self.page.context.clear_cookies()
        url = self.page.context.pages[0].url
        base = re.match(r"https?://[^/]+", url)
        cookies: Any = [
            {"name": name, "value": cookie.value, "url": base[0] if base else ""}
            for name, cookie in person.cookies.items()
            if cookie.value
        ]
        self.page.context.add_cookies(cookies)


@pytest.fixture
def browser(open_page: Open, live_server: LiveServer, make_user: MakeUser, settings: Settings, request: Any) -> Browser:
    settings.SMS_RESEND_AFTER = timedelta()
    settings.SMS_ADDRESS_LIMIT = 100_000
    page = open_page(base_url=live_server.url, javascript=getattr(request, "param", False))
    page.goto("/guides/")
    return Browser(page, make_user)


def is_in(page: Page, person: Person) -> None:
    """And stays in."""
    expect(page.locator("header .account-name")).to_have_text(person.user.username if person.user else "")
    page.goto("/")
    expect(page.locator("header .account-name")).to_be_visible()
    assert SecurityEvent.objects.filter(user=person.user, kind="signed_in").count() == 1


# --- The ways ---------------------------------------------------------------------------------------------------------


def password(browser: Browser, cell: Cell) -> None:
    page, person = browser.page, browser.person(phone=False, two_step=False)
    assert person.user
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.fill("[name=username]", person.user.username)
    page.fill("[name=password]", PASSWORD)
    with network(page, cell.latency):
        press_twice(page, "[name=password]", cell)
        is_in(page, person)


def code(browser: Browser, cell: Cell) -> None:
    page, person = browser.page, browser.person()
    person.enter_password()
    browser.sit_down(person)
    page.goto("/sign-in/code/")
    with network(page, cell.latency):
        page.fill("[name=code]", code_from_phone())  # the sixth digit sends it soon
        press_twice(page, "[name=code]", cell)
        is_in(page, person)


def binding(browser: Browser, cell: Cell) -> None:
    page, person = browser.page, browser.person(phone=False)
    number = f"1390013{8000 + next(browser._numbers)}"
    person.enter_password()
    browser.sit_down(person)
    page.goto("/sign-in/phone/")
    page.fill("[name=number]", number)
    steps.agree(page)
    page.click("[name=send]")
    with network(page, cell.latency):
        page.fill("[name=code]", code_from_phone(number))  # the sixth digit sends it soon
        press_twice(page, "[name=code]", cell)
        is_in(page, person)
    assert Phone.objects.filter(user=person.user, number=f"+86{number}").exists()


def app_password(browser: Browser, cell: Cell) -> None:
    page, person = browser.page, browser.person()
    person.sign_in()
    browser.sit_down(person)
    page.goto("/app-passwords/")
    page.fill("[name=name]", "Foxmail")
    with network(page, cell.latency):
        press_twice(page, "[name=name]", cell)
        page.wait_for_timeout(cell.delay)  # the second answer has begun to come
        expect(page.locator(".secret")).to_be_visible()
        assert page.locator(".secret").inner_text()
    assert AppPassword.objects.filter(user=person.user).count() == 1


def qr_code(browser: Browser, cell: Cell) -> None:
    page, person = browser.page, browser.person()
    person.sign_in()
    browser.sit_down(person)
    page.goto("/app-passwords/profile/")
    with network(page, cell.latency):
        press_twice(page, "[name=qr]", cell._replace(by="click"))
        expect(page.locator(".qr")).to_be_visible()
    assert ProfileLink.objects.filter(user=person.user).count() == 1


def unbinding(browser: Browser, cell: Cell) -> None:
    page, person = browser.page, browser.person()
    assert person.user
    User.objects.filter(pk=person.user.pk).update(two_step_from=None)  # in with the password alone
    person.user.refresh_from_db()
    person.sign_in()
    person.post("/security/phone/unbind/", {"send": "1"})
    browser.sit_down(person)
    page.goto("/security/phone/unbind/")
    with network(page, cell.latency):
        page.fill("[name=code]", code_from_phone())  # the sixth digit sends it soon
        press_twice(page, "[name=code]", cell)
        expect(page.locator("[name=number]")).to_be_visible()
        is_in(page, person)
    assert not Phone.objects.filter(user=person.user).exists()


def new_password(browser: Browser, cell: Cell) -> None:
    page, person = browser.page, browser.person(phone=False, two_step=False)
    person.sign_in()
    browser.sit_down(person)
    page.goto("/security/password/")
    page.fill("[name=old_password]", PASSWORD)
    page.fill("[name=new_password]", NEW)
    page.fill("[name=new_password_again]", NEW)
    with network(page, cell.latency):
        press_twice(page, "[name=new_password_again]", cell)
        expect(page).to_have_url(HOME, timeout=30_000)  # left sooner, the answer with the new session would be lost
        is_in(page, person)
    assert SecurityEvent.objects.filter(user=person.user, kind="password_changed").count() == 1


WAYS: dict[str, Callable[[Browser, Cell], None]] = {
    way.__name__: way for way in (password, code, binding, app_password, qr_code, unbinding, new_password)
}
ALL_OF = ("password", "app_password")


@pytest.mark.bypass("hestiacp PR#5570, gitea#27427, statamic PR#10465: a second press takes the session away")
@pytest.mark.parametrize("way", WAYS)
def test_pressed_twice_without_a_script(browser: Browser, way: str) -> None:
    for cell in share(every_cell(way), 3) if way in ALL_OF else some_cells(way):
        try:
            WAYS[way](browser, cell)
        except AssertionError as error:
            raise AssertionError(f"{cell}: {error}") from error


@pytest.mark.parametrize("browser", [True], indirect=True, ids=["with-a-script"])
@pytest.mark.parametrize("way", WAYS)
def test_pressed_twice_with_the_lock(browser: Browser, way: str) -> None:
    for cell in some_cells(way)[:2]:
        try:
            WAYS[way](browser, cell)
        except AssertionError as error:
            raise AssertionError(f"{cell}: {error}") from error


# --- What is around it ------------------------------------------------------------------------------------------------


PRESS_BOTH = """() => new Promise(tell => {
    const [button, other] = ["qr", "bare"].map(name => document.querySelector(`[name=${name}]`));
    button.click();
    setTimeout(() => {
        other.click(); // of another form of the page
        const said = [...document.querySelectorAll("[role=alert]")].at(-1);
        tell([button.innerText, button.getAttribute("aria-disabled"), said.innerText]);
    }, 50);
})"""


@pytest.mark.parametrize("browser", [True], indirect=True, ids=["with-a-script"])
def test_the_form_says_that_it_was_sent(browser: Browser) -> None:
    page, person = browser.page, browser.person()
    person.sign_in()
    browser.sit_down(person)
    page.goto("/app-passwords/profile/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or "") if request.method == "POST" else None)
    with network(page, 1000):
        shown = page.evaluate(PRESS_BOTH)
        expect(page.locator(".qr")).to_be_visible()
    assert shown == ["请稍候…", "true", "请稍候…"]
    assert len(sent) == 1
    assert "qr=1" in sent[0]


@pytest.mark.parametrize("browser", [True], indirect=True, ids=["with-a-script"])
def test_a_file_leaves_the_form_as_it_was(browser: Browser) -> None:
    page, person = browser.page, browser.person()
    person.sign_in()
    browser.sit_down(person)
    page.goto("/app-passwords/profile/")
    button = page.locator("[name=bare]")
    words = button.inner_text()
    for _ in range(2):
        with page.expect_download():
            button.click()
        expect(button).to_have_text("请稍候…")
        expect(button).to_have_text(words)


@pytest.mark.bypass("row 41: CWE-525: a secret that comes back")
def test_a_secret_comes_back_to_its_form_until_its_owner_is_done(browser: Browser) -> None:
    page, person = browser.page, browser.person()
    person.sign_in()
    browser.sit_down(person)
    page.goto("/app-passwords/")
    page.fill("[name=name]", "Foxmail")
    page.press("[name=name]", "Enter")
    shown = page.locator(".secret").inner_text()
    page.reload()  # the browser sends the form again
    assert page.locator(".secret").inner_text() == shown
    page.get_by_role("link", name="完成").click()
    for _ in range(2):
        page.go_back()
        assert page.locator(".secret").count() == 0
        page.goto("/app-passwords/")
    assert AppPassword.objects.filter(user=person.user).count() == 1


@pytest.mark.parametrize("browser", [True], indirect=True, ids=["with-a-script"])
def test_back_reload_and_a_second_tab_after_each_step(browser: Browser) -> None:
    """Whatever somebody does between, the sign-in ends well, and the person stays in."""
    page, person = browser.page, browser.person()
    assert person.user
    # Playwright loses a page that Back takes from where the browser keeps whole pages; one that listens to this is not
    # kept there.
    page.add_init_script("addEventListener('unload', () => {})")
    page.context.clear_cookies()
    page.goto("/sign-in/?next=/security/browsers/")
    page.fill("[name=username]", person.user.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/sign-in/code/")
    for _step in ("reload", "back"):
        page.reload()
        page.go_back()
        page.goto("/sign-in/code/")
        tab = page.context.new_page()
        tab.goto("/")
        assert tab.url.endswith("/sign-in/code/")
        tab.close()
    page.fill("[name=code]", code_from_phone())
    page.keyboard.press("Enter")
    page.wait_for_url("**/security/browsers/")
    page.reload()
    page.go_back()
    page.goto("/sign-in/code/")  # again
    assert page.locator("header .account-name").count() == 1
    tab = page.context.new_page()
    tab.goto("/sign-in/")
    is_in(tab, person)
