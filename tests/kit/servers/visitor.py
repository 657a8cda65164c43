"""Somebody at a real browser, who does what the pages say and reads SMS in another tab."""

from typing import ClassVar
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.kit.people import PASSWORD
from tests.kit.servers import steps
from tests.kit.waiting import wait_until


class Visitor:
    # Of all visitors: another test has left its SMS in the outbox, maybe at a portal that had another port.
    read: ClassVar[set[tuple[str, str]]] = set()  # number, and time to the microsecond

    def __init__(self, page: Page) -> None:
        self.page = page

    def sign_in(self, name: str = "zhangsan@example.edu", password: str = PASSWORD) -> None:
        self.page.goto("/")
        self.page.fill("[name=username]", name)
        self.page.fill("[name=password]", password)
        with self.page.expect_navigation():
            self.page.click("main [type=submit]")

    def sign_out(self) -> None:
        with self.page.expect_navigation():
            self.page.click("header [type=submit]")
        assert self.path == "/sign-in/"

    def ask_for_code(self, number: str = "") -> None:
        if number:
            self.page.fill("[name=number]", number)
            steps.agree(self.page)
        self.page.click("[name=send]")

    def enter_code(self, number: str) -> None:
        code = self.code_from_outbox(number)
        with self.page.expect_navigation():  # whoever goes on before it is asked for the code again
            self.page.fill("[name=code]", code)
            self.page.keyboard.press("Enter")

    def code_from_outbox(self, number: str) -> str:
        """The newest code that came to this number and was not read before."""
        tab = self.page.context.new_page()

        def newest() -> str | None:
            tab.goto("/outbox/")
            for sms in tab.locator("li.panel").filter(has=tab.locator(".code")).all():
                at = sms.locator("time").get_attribute("datetime") or ""
                seen = (number, at)
                if number in sms.locator(".panel-label").inner_text() and seen not in self.read:
                    self.read.add(seen)
                    return sms.locator(".code").inner_text()
            return None

        code = wait_until(newest, timeout=15)
        tab.close()
        assert code is not None
        return code

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path
