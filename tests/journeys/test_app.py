"""An authenticator app in a real browser, played by oathtool: two-step begins by it, and it opens the next sign-in."""

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from accounts.factors.models import Authenticator
from tests.conftest import MakeUser
from tests.kit.apps import AT_SIGN_IN, STEP, key_on, shows
from tests.kit.servers import steps
from tests.kit.servers.browser import NARROW, Open

pytestmark = pytest.mark.slow

CODE = "/sign-in/app/"


@pytest.mark.share(2)
@pytest.mark.parametrize("javascript", [True, False])
def test_an_app_from_first_to_last(
    live_server: LiveServer, open_page: Open, make_user: MakeUser, *, javascript: bool
) -> None:
    user = make_user("zhangsan")
    page = open_page(base_url=live_server.url, width=NARROW, javascript=javascript)
    page.goto("/sign-in/")
    steps.password(page, "zhangsan")
    page.click(f"[href='{AT_SIGN_IN}']")
    page.wait_for_url(f"**{AT_SIGN_IN}")
    key = key_on(page.content())
    page.fill("[name=name]", "我的手机")
    spent = shows(key)
    steps.enter(page, spent)
    expect(page.locator(".alert-success")).to_contain_text("我的手机")

    page.goto("/")
    page.click("header [type=submit]")
    page.wait_for_url("**/sign-in/")
    steps.password(page, "zhangsan")
    expect(page).to_have_url(f"{live_server.url}{CODE}")
    steps.enter(page, spent)
    expect(page).to_have_url(f"{live_server.url}{CODE}")
    expect(page.locator("[name=code][aria-invalid=true]")).to_be_visible()
    later = shows(key, later=STEP)
    steps.enter(page, f"{later[:3]} {later[3:]}")  # as apps show it
    expect(page).to_have_url(f"{live_server.url}/")
    assert Authenticator.objects.get(user=user).name == "我的手机"
