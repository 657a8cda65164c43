"""Lists of millions of rows: what a page asks does not grow with them, and it says what it did not count."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.log import events
from accounts.maillogins.models import MailLogin
from portal.office.admin import long_lists
from tests.kit.people import Person

LISTS = ("log/securityevent", "maillogins/maillogin", "bans/failure", "delivery/sms", "delivery/mail")
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
