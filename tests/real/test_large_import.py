"""Ten thousand people from a file, at the portal as it really runs: under a minute, and seen to get on."""

import re
import time
from collections.abc import Iterator
from html import unescape

import pytest
import requests

from tests.kit.files_of_people import as_csv, as_xlsx
from tests.kit.servers.site import Site, Visitor
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

ROWS = 10_000
SECONDS = 60  # for checking and writing together, as the office was promised
MANAGER = """
from portal.office.models import Role
from accounts.users.models import User
manager = User.objects.get(username="{name}")
User.objects.filter(pk=manager.pk).update(is_staff=True)
manager.groups.add(Role.objects.get(name="two-step manager"))
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        site.start_worker()
        site.start_worker(files=True)
        site.start_web()
        yield site


def file_of(kind: str) -> bytes:
    rows = [(f"{kind}{n}@example.edu", f"新人{n}", f"第{n % 40}学院") for n in range(ROWS)]
    return (as_csv if kind == "csv" else as_xlsx)(("邮箱地址", "姓名", "部门"), *rows)


def hand_in(manager: Visitor, kind: str) -> str:
    """The page of the import."""
    add = f"{manager.site.url}/admin/imports/roster/add/"
    fields = {"csrfmiddlewaretoken": manager.cookies["csrf"]}
    answer = manager.post(
        add, fields, files={"file": (f"people.{kind}", file_of(kind))}, timeout=30, allow_redirects=False
    )
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def wait_for(manager: Visitor, page: str, text: str) -> tuple[requests.Response, set[int]]:
    """The page when it says so, and how many rows it said were done before."""
    seen = set()

    def says_so() -> requests.Response | None:
        answer = manager.open(page)
        if step := re.search(rf"(\d+) of {ROWS} rows checked", answer.text):
            seen.add(int(step[1]))
        return answer if text in answer.text else None

    found = wait_until(says_so, SECONDS)
    assert found
    return found, seen


@pytest.mark.share(2)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_ten_thousand_rows_in_under_a_minute_with_progress(site: Site, kind: str) -> None:
    with site.visitor() as manager:
        site.run(MANAGER.format(name=manager.name))
        manager.enter_password()
        manager.enter_code()
        start = time.monotonic()
        page = hand_in(manager, kind)
        preview, checked = wait_for(manager, page, "Import all of it")
        assert f"<dd>{ROWS}</dd>" in preview.text
        version = re.search(r'name="version" value="([^"]+)"', preview.text)
        assert version
        path = page.removeprefix(site.url)
        manager.submit(path, act="import", version=unescape(version[1]))
        _done, written = wait_for(manager, page, ">imported<")
        took = time.monotonic() - start
    assert len(site.rows("SELECT 1 FROM accounts_user WHERE username LIKE ?", f"{kind}%")) == ROWS
    print(f"{kind}: {took:.0f} s, seen at {sorted(checked)} and {sorted(written)} rows")
    assert len(checked - {0, ROWS}) > 1, "who waits sees that it gets on"
    assert took < SECONDS
