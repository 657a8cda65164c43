"""A clerk of each role at a real Chromium: what the work needs is there, and nothing else is."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.bans.models import Failure
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.users.models import User
from apppasswords import passwords
from portal.office import roles
from portal.office.models import Role
from tests.conftest import MakeUser
from tests.kit import officers
from tests.kit.officers import SUPERUSER
from tests.kit.people import NUMBER, PASSWORD, code_from_phone
from tests.kit.servers.browser import NARROW, WIDE, Open, resize, scrolls_sideways, violations_in
from tests.kit.sitemap import admin_list

pytestmark = pytest.mark.slow

CLERKS_NUMBER = "13700137009"
Enter = Callable[[str], Page]


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    """Somebody with something of everything, in the first department of two."""
    user = make_user("wangwu", name="王五", phone=NUMBER, department="文学院")
    make_user("zhaoliu", name="赵六", department="理学院", two_step=False)
    events.record(events.Kind.SIGNED_IN, user, address="192.0.2.1", method="code", browser="Firefox", system="Linux")
    assert isinstance(passwords.create(user, "Foxmail"), tuple)
    MailLogin.objects.create(user=user, day=timezone.localdate(), protocol="imap", method="app", address="192.0.2.1")
    Failure.objects.create(network="192.0.2.1", account=user.username, channel="imap", at=timezone.now())
    return user


@pytest.fixture
def enter(live_server: LiveServer, open_page: Open, make_user: MakeUser) -> Enter:
    """The first page of the administration for a clerk with this role, who has signed in with password and code."""

    def enter(role: str) -> Page:
        user = make_user("clerk", name="陈老师", phone=CLERKS_NUMBER, is_staff=True, is_superuser=role == SUPERUSER)
        if role != SUPERUSER:
            officers.give(user, role)
        page = open_page(base_url=live_server.url, language="en-US")
        page.goto("/admin/")
        page.fill("[name=username]", "clerk")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/sign-in/code/")
        page.fill("[name=code]", code_from_phone(CLERKS_NUMBER))
        page.keyboard.press("Enter")
        page.wait_for_url("**/admin/")
        look(page)
        return page

    return enter


def look(page: Page) -> None:
    """Axe finds nothing, nothing scrolls sideways, and no whole number is to be seen."""
    found = [f"{page.url} {violation}" for violation in violations_in(page)]
    for width in (WIDE, NARROW):
        resize(page, width, "light")
        found += [f"{page.url} scrolls sideways at {width}"] if scrolls_sideways(page) else []
    resize(page, WIDE, "light")
    assert not found, "\n".join(found)
    assert NUMBER not in page.content()


def sections(page: Page) -> set[str]:
    """What the page about a person tells."""
    return {heading.inner_text() for heading in page.locator(".desk h2").all()}


def find(page: Page, text: str) -> None:
    page.goto("/admin/")
    page.fill("[name=q]", text)
    page.press("[name=q]", "Enter")
    expect(page.get_by_role("heading", name="王五")).to_be_visible()


def links(page: Page) -> set[str]:
    return {link.get_attribute("href") or "" for link in page.locator("#content a").all()}


def downloaded(page: Page, button: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return Path(download.value.path()).read_text(encoding="utf-8-sig")


def refused(page: Page, path: str) -> bool:
    answer = page.goto(path)
    assert answer
    return answer.status == 403


def test_an_auditor_reads_everything_and_changes_nothing(enter: Enter, owner: User) -> None:
    page = enter(roles.AUDITOR)
    assert not [link for link in links(page) if link.endswith("/add/")]
    find(page, "8000")
    look(page)
    expect(page.locator(".acts")).to_have_count(0)
    expect(page.locator(".desk main button, .desk #content button")).to_have_count(0)
    expect(page.get_by_text("138****8000").first).to_be_visible()
    expect(page.get_by_text("Foxmail").first).to_be_visible()

    page.goto("/admin/")
    page.get_by_role("link", name="Dashboard").click()
    page.wait_for_url("**/admin/dashboard/**")
    look(page)

    page.goto("/admin/log/securityevent/")
    page.get_by_role("link", name="signed in", exact=True).first.click()
    page.wait_for_url("**kind*")
    look(page)
    rows = list(csv.DictReader(downloaded(page, "CSV").splitlines()))
    assert {row["kind"] for row in rows} == {"signed_in"}
    assert {row["user"] for row in rows} == {"wangwu@example.edu", "clerk@example.edu"}
    exported = SecurityEvent.objects.get(kind=events.Kind.LOG_EXPORTED)
    assert exported.actor == User.objects.get(username="clerk@example.edu")

    page.goto("/admin/accounts/user/?q=wangwu")
    page.get_by_role("link", name="Export", exact=True).click()
    page.get_by_label("CSV").check()
    people = downloaded(page, "Export")
    assert "138****8000" in people
    assert NUMBER not in people
    for name in ("user", "rollout", "roster", "knownnetwork", "application"):
        assert refused(page, f"{admin_list(name)}add/"), name


def test_a_two_step_manager_sees_neither_sms_nor_the_log(enter: Enter, owner: User) -> None:
    page = enter(roles.TWO_STEP)
    find(page, "王五")
    look(page)
    assert not {"SMS of the last 30 days", "At the sign-in"} & sections(page)
    expect(page.locator(".act")).to_have_count(0)
    for name in ("ban", "sms", "securityevent", "failure", "trustedbrowser"):
        assert refused(page, admin_list(name)), name
    page.goto("/admin/accounts/user/?q=zhaoliu")
    page.get_by_role("link", name="zhaoliu@example.edu").first.click()
    page.wait_for_url("**/user/*/**")
    look(page)
    expect(page.locator("[name=is_staff], [name=groups], [name=must_change_password]")).to_have_count(0)


def test_an_administrator_sees_a_whole_number_once_and_disables_an_account(enter: Enter, owner: User) -> None:
    page = enter(roles.ADMINISTRATOR)
    find(page, "wangwu")
    look(page)
    page.get_by_text("Show the whole number").first.click()
    form = page.locator(".act[open]")
    form.get_by_role("radio").first.check()
    form.get_by_role("button").click()
    expect(page.get_by_text(f"+86{NUMBER}").first).to_be_visible()
    seen = SecurityEvent.objects.get(kind=events.Kind.NUMBER_SEEN)
    assert (seen.user, seen.detail["reason"]) == (owner, "In person, identity card checked")
    page.get_by_text("Back to the person").click()
    expect(page.get_by_text("Edit the account")).to_be_visible()
    look(page)

    page.get_by_role("link", name="Edit the account").click()
    page.wait_for_url("**/change/")
    look(page)
    expect(page.locator("[name=is_staff], [name=is_superuser], [name=groups]")).to_have_count(0)
    page.uncheck("[name=is_active]")
    page.click("[name=_save]")
    page.wait_for_url("**/admin/accounts/user/")
    owner.refresh_from_db()
    assert not owner.is_active
    assert refused(page, "/admin/office/role/add/")
    assert refused(page, "/admin/openid/application/add/")


def test_only_a_superuser_makes_clerks(enter: Enter, owner: User) -> None:
    page = enter(SUPERUSER)
    roles.make()
    find(page, "wangwu")
    page.get_by_role("link", name="Edit the account").click()
    page.check("[name=is_staff]")
    page.get_by_label("help desk", exact=True).check()
    look(page)
    page.click("[name=_save]")
    page.wait_for_url("**/admin/accounts/user/")
    assert list(owner.groups.all()) == [Role.objects.get(name=roles.HELP)]
    given: Any = SecurityEvent.objects.filter(user=owner, actor__username="clerk@example.edu").values_list(
        "kind", flat=True
    )
    assert events.Kind.ACCOUNT_EDITED in given
