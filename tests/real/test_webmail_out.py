"""Roundcube: what ends who is in, what renews a token, and what an outage does."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.kit.servers.applications import Browser, is_sign_in
from tests.kit.servers.house import House
from tests.real.test_webmail import begin, come_back, leads_to, mailbox, owner, reader, stranger

__all__ = ["mailbox", "reader", "stranger"]  # fixtures

pytestmark = pytest.mark.slow


# --- Out -------------------------------------------------------------------------------------------------------------


def _sign_out(house: House, reader: Browser) -> None:
    reader.sign_out()


def _disable(house: House, reader: Browser) -> None:
    house.mail.people("disable", reader.name)


def _two_step(house: House, reader: Browser) -> None:
    house.mail.people("switch_two_step", reader.name, True)


ENDS = [_sign_out, _disable, _two_step]
# Contacts and settings need no mail server.
PAGES = ["/?_task=mail", "/?_task=addressbook", "/?_task=settings", "/?_task=mail&_action=compose"]


@pytest.mark.bypass("row 27: tokens and sessions that live on")
@pytest.mark.share(3)
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("end", ENDS)
def test_what_ends_the_token_ends_webmail(
    house: House, reader: Browser, end: Callable[[House, Browser], None], path: str
) -> None:
    assert reader.open(path).ok
    end(house, reader)
    page = reader.open(path, allow_redirects=False)
    assert leads_to(page) == f"{house.portal_url}/openid/authorize/"
    assert urlsplit(reader.open(path).url).path.startswith("/sign-in/")


@pytest.mark.share(3)
@pytest.mark.parametrize("action", ["list", "refresh", "check-recent", "getunread", "keep-alive"])
@pytest.mark.parametrize("end", ENDS)
def test_an_open_page_is_told_to_go_to_the_sign_in(
    house: House, reader: Browser, end: Callable[[House, Browser], None], action: str
) -> None:
    assert "session_error" not in reader.ask(action).text
    end(house, reader)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: reader.ask(action), range(4)))
    assert all("session_error" in answer.text for answer in answers)
    said = {text for answer in answers for text in re.findall(r"display_message\((.*?)\)", answer.text)}
    assert all("会话无效或已过期" in text for text in said), "one message, however many requests"
    led = re.search(r"session_error\((.*?)\)", answers[0].text)
    assert led
    path = led[1].strip('"\\').replace("\\/", "/")
    assert leads_to(reader.open(path, allow_redirects=False)) == f"{house.portal_url}/openid/authorize/"


def test_a_session_without_a_token_is_no_session(house: House, reader: Browser) -> None:
    """From before webmail was put behind the portal."""
    house.change_session(reader.cookies["roundcube_sessid"], rb"oauth_token\|", b"oauth_spoon|")
    assert leads_to(reader.open(allow_redirects=False)) == f"{house.portal_url}/openid/authorize/"


def test_signing_out_of_webmail_signs_out_of_the_portal(house: House, reader: Browser) -> None:
    page = reader.open("/", params={"_task": "logout", "_token": reader.request_token})
    assert is_sign_in(page)
    assert is_sign_in(reader.get(f"{house.portal_url}/", timeout=30))
    assert is_sign_in(reader.open())


def test_nobody_else_signs_people_out(reader: Browser) -> None:
    """A link or a picture in a mail."""
    reader.open("/?_task=logout", allow_redirects=False)
    assert owner(reader) == reader.name


# --- Tokens are renewed ----------------------------------------------------------------------------------------------


def make_old(house: House, reader: Browser) -> None:
    """The token is over its time, and Roundcube knows."""
    house.mail.people("age_tokens", reader.name)
    house.change_session(reader.cookies["roundcube_sessid"], rb's:7:"expires";i:\d+;', b's:7:"expires";i:1000000000;')


def test_requests_that_renew_at_once_all_succeed(house: House, reader: Browser) -> None:
    for _ in range(3):
        before = house.mail.people("tokens", reader.name)
        make_old(house, reader)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number: reader.ask("list", _page=str(number)), range(1, 9)))
        assert all(answer.ok and "session_error" not in answer.text for answer in answers)
        assert all('"error"' not in answer.text for answer in answers)
        assert house.mail.people("tokens", reader.name) > before
        assert owner(reader) == reader.name


def test_nothing_is_renewed_after_sign_out(house: House, reader: Browser) -> None:
    reader.sign_out()
    make_old(house, reader)
    assert is_sign_in(reader.open("/?_task=addressbook"))


# --- Outages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", [False, True], ids=["living-token", "old-token"])
def test_an_outage_of_the_portal_shows_nothing_and_ends_nothing(house: House, reader: Browser, *, old: bool) -> None:
    if old:
        make_old(house, reader)
    house.portal.stop()
    try:
        for path in PAGES:
            page = reader.open(path, allow_redirects=False)
            assert page.status_code == 503
            assert "邮箱暂时无法使用" in page.text
        asked = reader.ask("list")
        assert asked.status_code == 503
        assert "session_error" not in asked.text
    finally:
        house.start_portal()
    assert owner(reader) == reader.name


def test_an_outage_at_the_sign_in_is_said(house: House, stranger: Browser) -> None:
    state = begin(stranger)
    code = stranger.authorize()["code"]
    house.portal.stop()
    try:
        page = come_back(stranger, code=code, state=state)
    finally:
        house.start_portal()
    assert "登录未成功，请稍后再试" in page.text
    stranger.enter_webmail()
