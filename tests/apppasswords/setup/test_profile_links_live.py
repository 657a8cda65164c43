"""The QR code from the screen to the phone, in real browsers; and many who take or end it at once."""

import re
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from django.utils import timezone
from PIL import Image
from playwright.sync_api import expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.log.models import SecurityEvent
from apppasswords import last_use
from apppasswords.models import AppPassword, ProfileLink
from tests.apppasswords.setup.test_profile_links import OPEN, token_of
from tests.apppasswords.setup.test_profiles import PAGE, logs_in
from tests.kit import apple
from tests.kit.crowd import Crowd
from tests.kit.newcomers import Newcomer
from tests.kit.people import IPHONE, NUMBER, PASSWORD, Person, code_from_phone
from tests.kit.servers.browser import Open


def decoded(picture: bytes) -> str:
    (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(picture)).convert("L"))
    return str(code.text)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_from_the_screen_to_the_profile(
    live_server: LiveServer, settings: Settings, open_page: Open, wangwu: Person, scheme: Any
) -> None:
    """What a camera sees of the page is decoded and opened on a phone; the page at the computer hears of it."""
    settings.PUBLIC_URL = live_server.url
    page = open_page(base_url=live_server.url, scheme=scheme)
    page.goto("/sign-in/")
    page.fill("[name=username]", "wangwu")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/sign-in/code/")
    page.fill("[name=code]", code_from_phone(NUMBER))
    page.keyboard.press("Enter")
    page.wait_for_url(live_server.url + "/")
    page.goto(PAGE)
    page.click("[name=qr]")
    expect(page.locator("img.qr")).to_be_visible()
    address = decoded(page.screenshot())
    assert re.fullmatch(re.escape(live_server.url) + r"/profile/[\w-]{43}/", address)

    phone = open_page(base_url=live_server.url, width=360, javascript=False, agent=IPHONE)
    phone.goto(address)
    assert phone.url == live_server.url + OPEN, "no token is left in the address"
    with phone.expect_download() as download:
        phone.get_by_role("button", name="下载描述文件").click()
    assert download.value.suggested_filename == "example.edu.mobileconfig"
    _, account = apple.read(download.value.path().read_bytes())
    assert wangwu.user
    assert logs_in(wangwu.user, account["IncomingPassword"])

    expect(page.get_by_role("status")).to_contain_text("下载描述文件", timeout=10_000)
    expect(page.locator("img.qr")).to_have_count(0)
    last_use.note([last_use.Use(AppPassword.objects.get().pk, "imap", "198.51.100.7", timezone.now())])
    expect(page.get_by_role("status")).to_contain_text("设置成功", timeout=10_000)


@pytest.mark.slow
def test_one_phone_of_many_takes_it(crowd: Crowd) -> None:
    for _ in range(10):
        owner = Newcomer()
        owner.bind()
        token = token_of(owner.user)
        answers = crowd.rush("take_link", [{"token": token}] * 24)
        assert answers.count("TAKEN") == 1
        assert answers.count("GONE") == 23
        assert AppPassword.objects.filter(user=owner.user).count() == 1
        assert SecurityEvent.objects.filter(user=owner.user, kind="app_password_created").count() == 1


@pytest.mark.slow
def test_removing_all_leaves_none_behind(crowd: Crowd) -> None:
    """A phone takes a link in the moment in which its owner removes everything."""
    for _ in range(10):
        owner = Newcomer()
        owner.bind()
        calls = [{"token": token_of(owner.user, f"phone {number}")} for number in range(4)]
        crowd.rush("take_link_or_remove_all", [*calls, {"user": owner.user.pk}])
        held = AppPassword.objects.filter(user=owner.user).count()
        assert held + ProfileLink.objects.filter(user=owner.user, used_at=None).count() == 0
