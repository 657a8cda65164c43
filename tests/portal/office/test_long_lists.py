"""Lists of millions of rows: what a page asks does not grow with them, and it says what it did not count."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.log import events
from accounts.maillogins.models import MailLogin
from accounts.users.models import User
from portal.office.admin import long_lists
from portal.office.admin.people.people import UserAdmin
from tests.conftest import MakeUser
from tests.kit.people import Person

LISTS = ("log/securityevent", "maillogins/maillogin", "bans/failure", "delivery/sms", "delivery/mail",
         "apppasswords/apppassword", "browsers/trustedbrowser")  # fmt: skip
READS_ALL = re.compile(r"DISTINCT|MIN\(|MAX\(|_trunc")


def test_no_page_reads_a_whole_table(office: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    assert office.user
    monkeypatch.setattr(long_lists, "MOST", 1)
    monkeypatch.setattr(long_lists, "FEW", 0)
    for protocol in ("imap", "smtp"):
        MailLogin.objects.create(user=office.user, day=timezone.localdate(), protocol=protocol, method="app")
    for name in LISTS:
        for search in ("", "?q=itoffice", "?_facets=True"):
            with CaptureQueriesContext(connection) as asked:
                assert office.get(f"/admin/{name}/{search}").status_code == 200
            statements = [query["sql"] for query in asked]
            assert not [sql for sql in statements if READS_ALL.search(sql)]
            counting = [sql for sql in statements if "COUNT(" in sql]
            assert [sql for sql in counting if "LIMIT 2)" not in sql] == []
            assert len(counting) <= 1


def test_what_was_not_counted_is_said(office: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        events.record(events.Kind.SIGNED_OUT, office.user)
    monkeypatch.setattr(long_lists, "MOST", 4)
    page = office.get("/admin/log/securityevent/", headers={"Accept-Language": "en"}).content.decode()
    assert "More than 4: filters show the rest." in page
    assert "Export these events, more than 4:" in page
    monkeypatch.setattr(long_lists, "MOST", 5)
    page = office.get("/admin/log/securityevent/", headers={"Accept-Language": "en"}).content.decode()
    assert "5 security events" in page
    assert "Export these 5 events:" in page


def listed(office: Person, address: str) -> list[str]:
    return [row.username for row in office.get(address).context["cl"].result_list]


def test_a_column_sorts_what_is_counted(office: Person, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest would be read whole for its first page: it stays as it is, and its columns lead nowhere."""
    for name in ("a", "b"):
        make_user(name, name=name)
    most = User.objects.count()
    for limit, order in ((most, ["b@", "a@"]), (most - 1, ["a@", "b@"])):
        monkeypatch.setattr(long_lists, "MOST_PEOPLE", limit)
        page = office.get("/admin/accounts/user/?o=-2")
        found = [row.username for row in page.context["cl"].result_list]
        assert [name[:2] for name in found if name[:2] in order] == order
        assert ("?o=" in page.content.decode()) is (limit == most)
    monkeypatch.setattr(long_lists, "MOST_PEOPLE", 2)
    assert [name[0] for name in listed(office, "/admin/accounts/user/?o=-2&q=b@example.edu")] == ["b"], "narrowed down"


def test_nobody_chooses_all_of_what_is_not_counted(
    office: Person, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("a")
    for limit in (100, 1):
        monkeypatch.setattr(long_lists, "MOST_PEOPLE", limit)
        assert ("action-counter" in office.get("/admin/accounts/user/").content.decode()) is (limit == 100)


def test_rows_are_found_by_whose_they_are(office: Person, make_user: MakeUser) -> None:
    today = timezone.localdate()
    for name, called, address in (("zhang", "张伟", "10.0.0.1"), ("wei", "欧阳", "10.0.0.2")):
        owner = make_user(name, name=called)
        MailLogin.objects.create(user=owner, day=today, protocol="imap", method="app", address=address)
        events.record(events.Kind.SIGNED_OUT, owner, address=address)
    for typed, found in (("张", "zhang"), ("wei", "wei"), ("zhang@example.edu", "zhang"), ("10.0.0.2", "wei"),
                         ("欧阳 10.0.0.2", "wei"), ("欧阳 10.0.0.1", None)):  # fmt: skip
        page = office.get("/admin/maillogins/maillogin/", {"q": typed})
        rows = [row.user.username for row in page.context["cl"].result_list]
        assert rows == ([f"{found}@example.edu"] if found else []), typed
    for typed, found in (("zhang@example.edu", "zhang"), ("wei@", "wei"), ("10.0.0.2", "wei")):
        page = office.get("/admin/log/securityevent/", {"q": typed})
        assert [row.username for row in page.context["cl"].result_list] == [f"{found}@example.edu"], typed


def test_a_filter_that_finds_few_is_asked_once(
    office: Person, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read every row for them. Their pages are those of a list that is counted."""
    for number in range(5):
        make_user(f"unbound{number}")
    make_user("bound", phone="13800138000")
    monkeypatch.setattr(UserAdmin, "list_per_page", 2)
    monkeypatch.setattr(UserAdmin, "list_max_show_all", 5)
    names = [f"unbound{number}@example.edu" for number in range(5)]
    for few in (1_000, 4):
        monkeypatch.setattr(long_lists, "FEW", few)
        pages = {
            page: listed(office, f"/admin/accounts/user/?two_step=no_way&{page}") for page in ("p=1", "p=3", "all=")
        }
        assert pages == {"p=1": names[:2], "p=3": names[4:], "all=": names}, few
    monkeypatch.setattr(long_lists, "FEW", 5)
    for typed, found in (("unbound", names[:2]), ("nobody", [])):
        with CaptureQueriesContext(connection) as asked:
            assert listed(office, f"/admin/accounts/user/?two_step=no_way&q={typed}") == found
        of_all = [query["sql"] for query in asked if "EXISTS" in query["sql"] and '"id" IN (' not in query["sql"]]
        assert len(of_all) == 1


@pytest.mark.parametrize("is_whole", [True, False])
def test_departments_are_those_of_whom_a_clerk_sees(
    make_user: MakeUser, monkeypatch: pytest.MonkeyPatch, is_whole: bool
) -> None:
    """Of more people than are counted no department is counted either."""
    for name, department in (("a", "文学院"), ("b", "文学院"), ("c", "物理学院"), ("d", "")):
        make_user(name, department=department)
    make_user("root", department="网络中心", is_staff=True, is_superuser=True)
    itoffice = Person(make_user("itoffice", phone="13700137000", is_staff=True, department="信息处"))
    assert itoffice.user
    itoffice.user.user_permissions.add(Permission.objects.get(codename="view_user"))
    itoffice.arrive()
    monkeypatch.setattr(long_lists, "MOST_PEOPLE", 100 if is_whole else 1)
    page = itoffice.get("/admin/accounts/user/").content.decode()
    counts = (" (1)", " (2)", " (1)") if is_whole else ("", "", "")
    own, arts, physics = (
        f"{name}{count}</option>" for name, count in zip(("信息处", "文学院", "物理学院"), counts, strict=True)
    )
    assert own in page
    assert arts in page
    assert physics in page
    assert "网络中心" not in page
