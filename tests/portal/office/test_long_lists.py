"""Lists of millions of rows: what a page asks does not grow with them, and it says what it did not count."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.log import events
from accounts.maillogins.models import MailLogin
from accounts.users.models import User
from portal.office.admin import long_lists
from tests.conftest import MakeUser
from tests.kit.people import Person

LISTS = ("log/securityevent", "maillogins/maillogin", "bans/failure", "delivery/sms", "delivery/mail",
         "apppasswords/apppassword", "browsers/trustedbrowser")  # fmt: skip
READS_ALL = re.compile(r"DISTINCT|MIN\(|MAX\(|_trunc")


def test_no_page_reads_a_whole_table(office: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    assert office.user
    monkeypatch.setattr(long_lists, "MOST", 1)
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
            assert len(counting) == 1


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
