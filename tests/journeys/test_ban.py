"""A campus ban in a real Chromium: an old phone, the help desk, and an administrator who adds a network."""

import os
from ipaddress import ip_network
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.bans.models import Ban, KnownNetwork
from accounts.log.models import SecurityEvent
from apppasswords import passwords
from apppasswords.maillogin import decision
from apppasswords.maillogin.decision import Login, Outcome
from tests.conftest import MakeUser
from tests.kit.officers import clerk_with
from tests.kit.people import Person
from tests.kit.servers.browser import NARROW, SCHEMES, WIDE, Open, axe_violations, resize, scrolls_sideways

pytestmark = pytest.mark.slow

WANGWU, ZHAOLIU = "wangwu@example.edu", "zhaoliu@example.edu"
BUILDING, NEW_BUILDING = "10.20.0.1", "172.20.0.1"
PICTURES = os.environ.get("PICTURES", "")  # a folder, for who wants to look at the pages
LANGUAGE = os.environ.get("PICTURES_LANGUAGE", "en-US")


def log_in(username: str, password: str, address: str) -> Outcome:
    return decision.verify(Login(username, password, "imap", address)).outcome


def enter(person: Person, page: Page, live_server: LiveServer) -> None:
    """The session of somebody who signed in by password and code."""
    page.context.add_cookies([{"name": "session", "value": person.cookies["session"].value, "url": live_server.url}])


def look(page: Page, name: str, *, javascript: bool = True) -> None:
    if not javascript:  # axe is a script
        return
    for width in (WIDE, NARROW):
        for scheme in SCHEMES:
            resize(page, width, scheme)
            found = axe_violations(page)
            assert not found, "\n".join(found)
            assert not scrolls_sideways(page), f"{page.url} at {width}"
            if PICTURES:
                page.screenshot(path=Path(PICTURES) / f"{name}.{width}.{scheme}.png", full_page=True)
    resize(page, WIDE, "light")


@pytest.fixture
def secrets(make_user: MakeUser, settings: Settings) -> dict[str, str]:
    """What the mail programs of two neighbours sign in with."""
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/8")]
    secrets = {}
    for name in ("wangwu", "zhaoliu"):
        made = passwords.create(make_user(name), "Mail")
        assert isinstance(made, tuple)
        secrets[made[0].user.username] = made[1]
    return secrets


def an_old_phone_tries(address: str) -> None:
    """Wang Wu changed the password and forgot the phone in the drawer."""
    for _ in range(10):
        log_in(WANGWU, "the old one", address)


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
def test_the_help_desk_lifts_what_an_old_phone_brought_about(
    live_server: LiveServer, open_page: Open, make_user: MakeUser, secrets: dict[str, str], *, javascript: bool
) -> None:
    desk = clerk_with(make_user, "help desk")
    SecurityEvent.objects.create(kind="signed_in", username=ZHAOLIU, address=BUILDING)
    an_old_phone_tries(BUILDING)
    assert log_in(WANGWU, secrets[WANGWU], BUILDING) is Outcome.BANNED
    assert log_in(ZHAOLIU, secrets[ZHAOLIU], BUILDING) is Outcome.YES

    page = open_page(base_url=live_server.url, language=LANGUAGE, javascript=javascript)
    enter(desk, page, live_server)
    page.goto("/admin/bans/ban/")
    row = page.locator("#result_list tbody tr").first
    expect(row).to_contain_text(WANGWU)
    if LANGUAGE == "en-US":
        expect(row).to_contain_text("one account, the same password 10 times (perhaps an old phone)")
    look(page, "bans", javascript=javascript)
    row.get_by_role("link", name=BUILDING).click()
    expect(page.get_by_text(ZHAOLIU)).to_be_visible()
    look(page, "ban", javascript=javascript)
    page.fill("#reason", "旧手机，本人已到帮助台")
    page.locator(".lift button").click()
    page.wait_for_url("**/admin/bans/ban/")
    assert log_in(WANGWU, secrets[WANGWU], BUILDING) is Outcome.YES
    event = SecurityEvent.objects.get(kind="ban_lifted")
    assert (event.actor, event.detail["reason"]) == (desk.user, "旧手机，本人已到帮助台")

    # The phone tries on. One click on the row.
    an_old_phone_tries(BUILDING)
    page.goto("/admin/bans/ban/?in_force=yes")
    page.locator("#result_list button").click()
    page.wait_for_url("**/admin/bans/ban/?in_force=yes")
    assert log_in(WANGWU, secrets[WANGWU], BUILDING) is Outcome.YES


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
def test_an_administrator_adds_the_network_of_a_new_building(
    live_server: LiveServer, open_page: Open, make_user: MakeUser, secrets: dict[str, str], *, javascript: bool
) -> None:
    """Nobody told the server about it: one old phone, and nobody there gets mail."""
    administrator = clerk_with(make_user, "administrator")
    an_old_phone_tries(NEW_BUILDING)
    assert log_in(ZHAOLIU, secrets[ZHAOLIU], NEW_BUILDING) is Outcome.BANNED

    page = open_page(base_url=live_server.url, language=LANGUAGE, javascript=javascript)
    enter(administrator, page, live_server)
    page.goto("/admin/bans/knownnetwork/")
    page.locator(".object-tools a").first.click()
    page.fill("[name=cidr]", "172.20.0.1/16")
    page.select_option("[name=kind]", "shared")
    page.fill("[name=note]", "新校区")
    page.click("[name=_save]")
    expect(page.locator(".errorlist").first).to_contain_text("172.20.0.0/16")
    page.fill("[name=cidr]", "172.20.0.0/16")
    page.click("[name=_save]")
    expect(page.locator(".errorlist").first).to_contain_text(NEW_BUILDING)
    assert not KnownNetwork.objects.exists(), "what it means is said first"
    look(page, "network-asked", javascript=javascript)
    page.check("[name=agreed]")
    page.click("[name=_save]")
    page.wait_for_url("**/admin/bans/knownnetwork/")
    look(page, "networks", javascript=javascript)
    assert log_in(ZHAOLIU, secrets[ZHAOLIU], NEW_BUILDING) is Outcome.YES
    an_old_phone_tries(NEW_BUILDING)
    assert log_in(ZHAOLIU, secrets[ZHAOLIU], NEW_BUILDING) is Outcome.YES
    assert set(Ban.objects.filter(lifted_at=None).values_list("account", flat=True)) == {WANGWU}


def test_roles_are_read_and_given(live_server: LiveServer, open_page: Open, make_user: MakeUser) -> None:
    root = clerk_with(make_user, "superuser")
    person = make_user("lisi", name="李四")
    page = open_page(base_url=live_server.url, language=LANGUAGE)
    desk = {"en-US": "help desk", "zh-CN": "服务台"}[LANGUAGE]
    enter(root, page, live_server)
    page.goto("/admin/office/role/")
    look(page, "roles")
    page.locator("#result_list tbody a").first.click()
    page.wait_for_url("**/change/**")
    look(page, "role")
    page.goto(f"/admin/accounts/user/{person.pk}/change/")
    page.check("[name=is_staff]")
    page.get_by_label(desk, exact=True).check()
    page.click("[name=_save]")
    page.wait_for_url("**/admin/accounts/user/")
    assert [group.name for group in person.groups.all()] == ["help desk"]
    page.goto("/admin/bans/failure/")
    look(page, "failures")
