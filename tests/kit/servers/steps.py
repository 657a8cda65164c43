"""What the tour does at several pages: a password, a code."""

from playwright.sync_api import Page

from accounts.bans.models import Failure
from accounts.delivery.models import Sms
from accounts.sessions.storage.store import SessionStore
from tests.kit.people import PASSWORD


def password(page: Page, name: str, typed: str = PASSWORD) -> None:
    page.fill("[name=username]", name)
    page.fill("[name=password]", typed)
    with page.expect_navigation():
        page.press("[name=password]", "Enter")
    Failure.objects.all().delete()


def enter(page: Page, code: str) -> None:
    with page.expect_navigation():
        page.fill("[name=code]", code)
        page.keyboard.press("Enter")


def agree(page: Page) -> None:
    """To what is said of the number, where it was not before."""
    for tick in page.locator("[name=agreed]:visible").all():
        tick.check()


def right_code() -> str:
    return Sms.objects.exclude(nonce="").latest("pk").digits()


def wrong_code() -> str:
    return f"{(int(right_code()) + 1) % 1_000_000:06}"


def code_is_old(page: Page) -> None:
    """As if the last code had been entered long ago."""
    key = next(cookie["value"] for cookie in page.context.cookies() if cookie.get("name") == "session")
    session = SessionStore(session_key=key)
    session["code_at"] = 0
    session.save()
