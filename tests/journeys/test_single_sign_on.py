"""The button of the sign-in page, a real CAS server or OpenID provider, our code, and the way out, in Chromium."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.elsewhere.models import Arrival
from accounts.openid import registration
from accounts.openid.models import Application
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, PASSWORD, code_from_phone
from tests.kit.servers import cas_server, openid_provider
from tests.kit.servers.browser import Open, axe_violations
from tests.kit.servers.http_stub import Answer, http_stub
from tests.kit.servers.sources import CLIENT, SECRET
from tests.kit.sites import challenge
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

MAILBOX = "wangwu@example.edu"


@pytest.fixture
def cas(live_server: LiveServer, settings: Settings) -> Iterator[str]:
    settings.PUBLIC_URL = live_server.url
    with cas_server.running(live_server.url, MAILBOX) as url:
        settings.CAS_URL = url
        yield url


@pytest.fixture
def provider(live_server: LiveServer, settings: Settings) -> Iterator[str]:
    settings.PUBLIC_URL = live_server.url
    settings.SMS_RESEND_AFTER *= 0
    with openid_provider.running(live_server.url, MAILBOX) as url:
        settings.OIDC_UPSTREAM_ISSUER = url
        settings.OIDC_UPSTREAM_CLIENT_ID, settings.OIDC_UPSTREAM_CLIENT_SECRET = CLIENT, SECRET
        yield url


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    return make_user("wangwu", name="王五", phone=NUMBER)


def sign_in_there(page: Page) -> None:
    page.fill("[name=username]", cas_server.NAME)
    page.fill("[name=password]", cas_server.PASSWORD)
    page.click("[type=submit]")


def enter_the_code(page: Page) -> None:
    page.wait_for_url("**/sign-in/code/")
    page.fill("[name=code]", code_from_phone())
    page.press("[name=code]", "Enter")


def test_there_and_back_and_out_again(cas: str, live_server: LiveServer, owner: User, open_page: Open) -> None:
    page = open_page(base_url=live_server.url)
    page.goto("/sign-in/")
    page.get_by_role("link", name="统一身份认证登录").click()
    page.wait_for_url(f"{cas}/login**")
    sign_in_there(page)
    enter_the_code(page)
    page.wait_for_url(f"{live_server.url}/")
    page.get_by_role("button", name="退出").first.click()
    page.wait_for_url(f"{live_server.url}/sign-in/")  # by way of its own sign-out
    page.get_by_role("link", name="统一身份认证登录").click()
    page.wait_for_url(f"{cas}/login**")  # it has forgotten who was in
    expect(page.locator("[name=password]")).to_be_visible()


def test_out_there_is_out_here(cas: str, live_server: LiveServer, owner: User, open_page: Open) -> None:
    page = open_page(base_url=live_server.url)
    page.goto("/sign-in/elsewhere/cas/")
    sign_in_there(page)
    enter_the_code(page)
    page.wait_for_url(f"{live_server.url}/")
    page.goto(f"{cas}/logout")
    assert wait_until(lambda: Arrival.objects.filter(ended_at__isnull=False).exists(), 10)
    page.goto("/")
    expect(page).to_have_url(f"{live_server.url}/sign-in/?next=/")


def test_by_a_certified_provider(provider: str, live_server: LiveServer, owner: User, open_page: Open) -> None:
    """There and back, and out again by way of its own page."""
    page = open_page(base_url=live_server.url)
    page.goto("/sign-in/")
    page.get_by_role("link", name="统一身份认证登录").click()
    page.wait_for_url(f"{provider}/interaction/**")
    sign_in_there(page)
    enter_the_code(page)
    page.wait_for_url(f"{live_server.url}/")
    page.get_by_role("button", name="退出").first.click()
    page.wait_for_url(f"{provider}/session/end**")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{live_server.url}/sign-in/**")
    page.goto("/sign-in/elsewhere/oidc/")
    sign_in_there(page)  # it has forgotten who was in
    enter_the_code(page)
    page.wait_for_url(f"{live_server.url}/")
    page.goto(f"{provider}/session/end")
    page.get_by_role("button", name="Sign out").click()
    assert wait_until(lambda: Arrival.objects.filter(ended_at__isnull=False).exists(), 10)
    page.goto("/")
    expect(page).to_have_url(f"{live_server.url}/sign-in/?next=/")


def test_a_mail_program_that_registered_itself(
    live_server: LiveServer, settings: Settings, owner: User, open_page: Open
) -> None:
    """The browser lets the form end at the program's port, which no other page names."""
    settings.PUBLIC_URL = live_server.url
    asked = {"client_name": "Mulberry", "redirect_uris": ["http://127.0.0.1/back"]}
    made = registration.register(json.dumps(asked).encode(), "192.0.2.1")
    assert isinstance(made, Application)
    with http_stub() as program:
        program.always = Answer("Back to Mulberry.")
        question = {
            "response_type": "code", "client_id": made.client_id, "redirect_uri": f"http://{program.host}/back",
            "scope": "mail", "state": "s" * 43, "code_challenge": challenge(), "code_challenge_method": "S256",
        }  # fmt: skip
        page = open_page(base_url=live_server.url)
        page.goto(f"/openid/authorize/?{urlencode(question)}")
        page.fill("[name=username]", "wangwu")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        enter_the_code(page)
        expect(page.get_by_text("信息办不认识这个程序")).to_be_visible()
        assert not (found := axe_violations(page)), "\n".join(found)
        page.get_by_role("button", name="允许").click()
        page.wait_for_url(f"http://{program.host}/back?**")
