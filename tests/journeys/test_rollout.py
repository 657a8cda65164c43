"""A two-step manager at a real Chromium: rolls out one department, imports a file with errors and its correction."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.kit.people import PASSWORD
from tests.kit.servers.browser import Open, axe_violations, scrolls_sideways
from tests.kit.servers.site import Site
from tests.kit.servers.visitor import Visitor
from tests.kit.sitemap import admin_list
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

MANAGER, NUMBER = "manager@example.edu", "13700137001"
PEOPLE = """
from django.utils import timezone
from accounts.maillogins.models import MailLogin
from accounts.phones.models import Phone
from portal.office.models import Role
from accounts.users.models import User
manager = User.objects.create(username="{manager}", name="林主任", is_staff=True, two_step_from=timezone.now(),
                              password=User.objects.get(username="zhangsan@example.edu").password)
Phone.objects.create(user=manager, number="+86{number}")
manager.groups.add(Role.objects.get(name="two-step manager"))
arts = User.objects.bulk_create(User(username=f"arts{{n}}@example.edu", department="艺术学院") for n in range(3000))
Phone.objects.bulk_create(Phone(user=user, number=f"+86139{{n:08}}") for n, user in enumerate(arts[:900]))
MailLogin.objects.bulk_create(MailLogin(user=user, day=timezone.localdate(), protocol="imap", method="mailbox",
                                        address="10.1.2.3") for user in arts[600:1200])
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(REMINDERS_AT_ONCE="20") as site:
        site.run(PEOPLE.format(manager=MANAGER, number=NUMBER))
        site.start_worker()
        site.start_worker(files=True)
        site.start_web()
        yield site


@pytest.fixture(params=[True, False], ids=["javascript", "no-javascript"])
def page(request: pytest.FixtureRequest, site: Site, open_page: Open, signed_in: list[Any]) -> Page:
    page = open_page(base_url=site.url, language="en-US", javascript=request.param)
    if not signed_in:
        visitor = Visitor(page)
        visitor.sign_in(MANAGER, PASSWORD)
        visitor.enter_code(NUMBER)
        signed_in.extend(page.context.cookies())
    page.context.add_cookies(signed_in)
    page.goto("/admin/")
    return page


@pytest.fixture(scope="module")
def signed_in() -> list[Any]:
    """The cookies of the manager, once he is in."""
    return []


@pytest.fixture
def look(page: Page, request: pytest.FixtureRequest) -> Callable[[], None]:
    """Where scripts run, axe looks at the page as it stands."""
    scripts = request.node.callspec.params["page"]

    def look() -> None:
        assert not scripts or not (found := axe_violations(page)), "\n".join(found)

    return look


class Until(Protocol):
    def __call__(self, text: str, exact: bool = False) -> None: ...


@pytest.fixture
def until(page: Page, request: pytest.FixtureRequest) -> Until:
    """
    Waits for what the page says at last: with JavaScript it asks for itself again, without there is a link. `exact`
    tells "imported" from "being imported": a page that is about to load itself again would take the next step back.
    """
    scripts = request.node.callspec.params["page"]

    def says_so(text: str, exact: bool) -> bool:
        if page.get_by_text(text, exact=exact).first.is_visible():
            return True
        if not scripts and (again := page.get_by_role("link", name="Look again")).is_visible():
            again.click()
        return False

    def until(text: str, exact: bool = False) -> None:
        wait_until(lambda: says_so(text, exact), 60)

    return until


@pytest.mark.share(2)
def test_one_department(site: Site, page: Page, look: Callable[[], None], until: Until) -> None:
    [before] = site.rows("SELECT coalesce(max(id), 0) AS newest FROM log_securityevent")

    def switched_on() -> int:
        """People for whom it is in the log, which keeps those of an earlier test of this module too."""
        of_now = "SELECT 1 FROM log_securityevent WHERE kind = 'two_step_set' AND id > ?"
        return len(site.rows(of_now, before["newest"]))

    page.click("text=Roll-outs")
    page.get_by_role("link", name="Add roll-out").click()
    page.get_by_label("艺术学院: 3000 people").check()
    day = timezone.localdate() + timedelta(days=5)
    page.fill("[name=start]", day.isoformat())
    look()
    page.get_by_role("button", name="To the dry run").click()
    until("Dry run")
    for text in ("3000", "2100", "600", "That is likely to happen."):
        expect(page.get_by_text(text, exact=False).first).to_be_visible()
    look()
    site.execute("UPDATE accounts_user SET department = '理学院' WHERE username = 'arts0@example.edu'")
    page.get_by_role("button", name="Carry it out for 3000 people").click()
    expect(page.get_by_text("0 came, 1 went")).to_be_visible()
    assert switched_on() == 0
    page.get_by_role("button", name="Carry it out for 2999 people").click()
    until("carried out", exact=True)
    expect(page.get_by_role("heading", name="How far they are")).to_be_visible()
    assert site.rows("SELECT 1 FROM rollouts_rollout WHERE status = 'done'")
    look()
    expect(page.get_by_role("link", name="艺术学院").first).to_be_visible()
    assert switched_on() == 2999
    # Those with something to do are reminded, a few with each sweep; what is drawn leads to its list.
    wait_until(lambda: len(site.rows("SELECT 1 FROM rollouts_remindermail WHERE status = 'sent'")) > 20, 60)
    page.get_by_role("link", name="Who got one").click()
    expect(page.get_by_role("cell", name="yes").first).to_be_visible()
    look()
    page.go_back()
    page.get_by_role("button", name="Cancel for good").click()
    expect(page.get_by_text("Taken back for 2999 people.")).to_be_visible()
    assert not site.rows("SELECT 1 FROM accounts_user WHERE two_step_from > datetime('now')")
    # For the next one of this module.
    site.execute("UPDATE accounts_user SET department = '艺术学院' WHERE username = 'arts0@example.edu'")
    site.execute("DELETE FROM rollouts_remindermail")
    site.execute("UPDATE rollouts_rollout SET status = 'cancelled'")


def _file(folder: Path, rows: int, wrong: str = "") -> str:
    lines = ["邮箱地址,姓名,部门", *(f"new{n}@example.edu,新人{n},文学院" for n in range(rows)), wrong]
    path = folder / "人员.csv"
    path.write_text("\r\n".join(lines), encoding="gbk")
    return str(path)


@pytest.mark.share(2)
def test_a_file_with_errors_and_its_correction(
    site: Site, page: Page, look: Callable[[], None], until: Until, tmp_path: Path
) -> None:
    site.execute("DELETE FROM accounts_user WHERE username LIKE 'new%'")
    page.goto("/admin/accounts/user/")
    page.get_by_role("link", name="Import", exact=True).click()
    look()
    page.set_input_files("[name=file]", _file(tmp_path, 2000, "no mailbox,坏,文学院"))
    page.get_by_role("button", name="Check the file").click()
    until("Import the right rows, without the wrong ones")
    expect(page.get_by_role("row", name="2002").filter(has_text="not a mailbox address")).to_be_visible()
    expect(page.get_by_role("link", name="Download the wrong rows, with reasons")).to_be_visible()
    look()
    page.get_by_role("button", name="Drop it").click()
    page.goto("/admin/imports/roster/add/")
    page.set_input_files("[name=file]", _file(tmp_path, 2000))
    page.get_by_role("button", name="Check the file").click()
    until("Import all of it")
    assert not site.rows("SELECT 1 FROM accounts_user WHERE username LIKE 'new%'")
    look()
    page.get_by_role("button", name="Import all of it").click()
    wait_until(lambda: len(site.rows("SELECT 1 FROM accounts_user WHERE username LIKE 'new%'")) == 2000, 60)
    until("imported", exact=True)
    page.goto("/admin/accounts/user/?q=new1")
    page.get_by_role("link", name="Export", exact=True).click()
    look()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    assert download.value.suggested_filename.endswith(".xlsx")


@pytest.mark.share(3)
@pytest.mark.parametrize(
    "path", ["rollout/add/", "exemption/add/", "roster/add/", "rollout/", "roster/", "user/export/"]
)
@pytest.mark.parametrize("page", [True], indirect=True)
def test_narrow(page: Page, path: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    name, _slash, rest = path.partition("/")
    page.goto(f"{admin_list(name)}{rest}")
    assert not scrolls_sideways(page)
