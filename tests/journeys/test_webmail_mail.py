"""From the address of webmail to a mail that was sent and read, in a real Chromium, with the whole house running."""

from collections.abc import Iterator
from itertools import count
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.kit.people import PASSWORD
from tests.kit.servers.browser import Open
from tests.kit.servers.house import House
from tests.kit.servers.visitor import Visitor
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

_persons = count()


class Owner(Visitor):
    """Of a mailbox, at a browser that knows the portal and webmail."""

    def __init__(self, house: House, page: Page) -> None:
        super().__init__(page)
        number = next(_persons)
        self.house = house
        self.name = house.mail.mailboxes[-1 - number]
        self.number = str(13700137000 + number)
        house.mail.people("add", self.name, PASSWORD, True, "王小明")

    def open_webmail(self) -> None:
        self.page.goto(self.house.webmail_url)

    def enter_password(self) -> None:
        assert self.at_portal("/sign-in/"), self.page.url
        self.page.fill("[name=username]", self.name)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("main [type=submit]")

    def bind(self) -> None:
        assert self.at_portal("/sign-in/phone/"), self.page.url
        self.ask_for_code(self.number)
        self.enter_code(self.number)

    def enter_webmail(self) -> None:
        """For the first time."""
        self.open_webmail()
        self.enter_password()
        self.bind()
        self.sees_inbox()

    def sees_inbox(self) -> None:
        expect(self.page.get_by_text(self.name).first).to_be_visible()
        expect(self.page.locator("#messagelist")).to_be_attached()
        assert self.page.url.startswith(self.house.webmail_url), self.page.url
        self.page.wait_for_load_state("networkidle")

    def at_portal(self, path: str) -> bool:
        return self.page.url.startswith(self.house.portal_url) and urlsplit(self.page.url).path == path

    def is_led_to_sign_in(self) -> None:
        """A page that only asked for news is led on after two seconds, by Roundcube's script."""
        self.page.wait_for_url(f"{self.house.portal_url}/sign-in/**")

    def send(self, to: str, subject: str, text: str) -> None:
        self.page.click("a.compose")
        self.page.wait_for_load_state("networkidle")  # its scripts empty the fields when they begin
        self.page.locator("#compose-subject").fill(subject)
        recipient = self.page.locator("#compose_to input")
        recipient.fill(to)
        recipient.press("Tab")
        self.page.frame_locator("#composebody_ifr").locator("body").fill(text)
        self.page.click("#compose-content button.send")
        expect(self.page.get_by_text("邮件已发送")).to_be_visible(timeout=30_000)  # Postfix and Dovecot take part

    def reads(self, subject: str, text: str) -> None:
        mail = self.page.locator("#messagelist").get_by_text(subject)

        def arrived() -> bool:
            self.page.click("a.refresh")
            self.page.wait_for_load_state("networkidle")
            return mail.count() > 0

        wait_until(arrived)
        mail.click()
        opened = self.page.frame_locator("#messagecontframe")
        expect(opened.get_by_text(text)).to_be_visible()
        expect(opened.get_by_text("王小明").first).to_be_visible()  # mail goes out under people's names

    def sign_out_of_webmail(self) -> None:
        self.page.click("a.logout")
        self.is_led_to_sign_in()


@pytest.fixture
def owner(house: House, open_page: Open) -> Iterator[Owner]:
    errors = house.folder / "logs/errors.log"
    before = errors.read_text() if errors.exists() else ""
    yield Owner(house, open_page(base_url=house.portal_url, any_certificate=True))
    said = errors.read_text().removeprefix(before) if errors.exists() else ""
    assert "PHP" not in said, said


def test_a_new_person_sends_and_reads_and_signs_out(owner: Owner) -> None:
    owner.open_webmail()
    owner.enter_password()
    owner.bind()
    owner.sees_inbox()
    owner.send(owner.name, "会议纪要", "下周三下午两点开会。")
    owner.reads("会议纪要", "下周三下午两点开会。")

    owner.sign_out_of_webmail()
    owner.page.goto(owner.house.portal_url)
    assert owner.at_portal("/sign-in/"), "signing out of webmail signs out of the portal"
    owner.open_webmail()
    assert owner.at_portal("/sign-in/")
    owner.page.go_back()
    owner.page.go_back()
    assert owner.name not in owner.page.content()


def test_the_next_day_a_trusted_browser_needs_no_code(owner: Owner) -> None:
    owner.enter_webmail()
    owner.sign_out_of_webmail()
    owner.open_webmail()
    owner.enter_password()
    assert owner.at_portal("/sign-in/code/")
    owner.page.get_by_label("同设备登录免二次认证").check()
    owner.enter_code(owner.number)
    owner.sees_inbox()
    owner.sign_out_of_webmail()

    owner.open_webmail()
    owner.enter_password()
    owner.sees_inbox()


def test_from_the_portal_webmail_opens_signed_in(owner: Owner) -> None:
    owner.page.goto("/")
    owner.enter_password()
    owner.bind()
    owner.page.click("text=进入邮箱")
    owner.page = owner.page.context.pages[-1]
    owner.sees_inbox()


@pytest.mark.parametrize("click", ["a.contacts", "a.settings", "a.compose", "a.refresh"])
def test_signing_out_of_the_portal_ends_webmail_at_the_next_click(owner: Owner, click: str) -> None:
    owner.enter_webmail()
    webmail = owner.page
    owner.page = webmail.context.new_page()
    owner.page.goto("/")
    owner.sign_out()

    owner.page = webmail
    webmail.click(click)
    owner.is_led_to_sign_in()


def test_a_disabled_account_ends_webmail_at_the_next_click(owner: Owner) -> None:
    owner.enter_webmail()
    owner.house.mail.people("disable", owner.name)
    owner.page.click("a.contacts")
    owner.is_led_to_sign_in()


def test_what_was_being_written_is_not_lost(owner: Owner) -> None:
    """Signed out while writing: the text waits in the browser, and is offered after the next sign-in."""
    owner.enter_webmail()
    owner.page.click("a.compose")
    owner.page.locator("#compose-subject").fill("未写完的信")
    owner.page.frame_locator("#composebody_ifr").locator("body").fill("写到一半。")
    tab = owner.page.context.new_page()
    writing, owner.page = owner.page, tab
    tab.goto("/")
    owner.sign_out()

    owner.page = writing
    writing.click("a.save")
    expect(writing.get_by_text("会话无效或已过期").first).to_be_visible()
    assert writing.url.startswith(owner.house.webmail_url)
