"""The desk: find a person, and everything on one page."""

import re
from datetime import timedelta
from html import unescape
from ipaddress import ip_network

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.bans.models import Ban, Failure
from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Sms
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.phones.models import Phone
from accounts.users.models import User
from apppasswords.models import AppPassword
from portal.office.desk import facts
from tests.conftest import MakeUser
from tests.kit.counter import WHY, path
from tests.kit.outgoing import make_sms
from tests.kit.people import NUMBER, Person
from tests.kit.snapshots import changed, everything

# --- Find -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [("wangwu", True), ("王五", True), ("文学院", True), ("王五 文学院", True), ("8000", True),
     (NUMBER, True), (f"+86 {NUMBER[:3]} {NUMBER[3:]}", True), ("王五 理学院", False), ("9999", False), ("", False)],
)  # fmt: skip
def test_one_hit_leads_to_the_person(helper: Person, wangwu: Person, asked: str, found: bool) -> None:
    User.objects.filter(username="wangwu@example.edu").update(department="文学院")
    answer = helper.post("/admin/find/", {"q": asked})
    assert (answer.headers["Location"] == path(wangwu)) is found
    assert NUMBER not in re.sub(r"\D", "", answer.headers["Location"])


def test_several_hits_lead_to_the_list(helper: Person, wangwu: Person, make_user: MakeUser) -> None:
    make_user("wangwu2", phone=NUMBER)
    answer = helper.post("/admin/find/", {"q": "wangwu"})
    assert answer.headers["Location"] == "/admin/accounts/user/?q=wangwu"
    page = helper.get(answer.headers["Location"]).content.decode()
    assert f'href="{path(wangwu)}"' in page


@pytest.mark.bypass("row 42: a whole number in an address, where logs and histories keep it")
def test_a_whole_number_does_not_stay_in_the_address(office: Person, wangwu: Person) -> None:
    answer = office.get("/admin/accounts/user/", {"q": f"138 {NUMBER[3:]}"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/accounts/user/?q=8000"
    assert "后四位" in answer.content.decode()
    assert NUMBER not in answer.content.decode()
    assert "wangwu@example.edu" in answer.content.decode()


def test_colleagues_are_not_found_by_a_clerk(helper: Person, clerk: Person) -> None:
    assert helper.post("/admin/find/", {"q": "itoffice"}).headers["Location"] == "/admin/accounts/user/?q=itoffice"
    assert helper.get(path(clerk)).status_code == 404
    before = everything()
    for act in ("help_code", "unbind", "password", "sessions", "number"):
        assert helper.post(path(clerk), {"act": act, "version": "1", **WHY}).status_code == 404
    assert not changed(before)


# --- Everything on one page -------------------------------------------------------------------------------------------


def fill(user: User, rows: int) -> None:
    """A person to whom much has happened."""
    now = timezone.now()
    phone = Phone.objects.get(user=user)
    for n in range(rows):
        at = now - timedelta(minutes=n)
        where = f"198.51.100.{n}"
        make_sms(user, created_at=at, status=Sms.Status.FAILED, error="twilio 30003", reason="number")
        SecurityEvent.objects.create(kind="signed_in", user=user, username=user.username, address=where, at=at)
        SecurityEvent.objects.create(
            kind="phone_unbound", user=user, actor=user, actor_name="itoffice2@example.edu", at=at,
            detail={"old_number": "139****9000", "reason": "at the counter"},
        )  # fmt: skip
        MailLogin.objects.create(user=user, day=now.date() - timedelta(days=n % 7), protocol=f"p{n}", method="app",
                                 count=n, address=where)  # fmt: skip
        AppPassword.objects.create(user=user, name=f"Foxmail {n}", digest=str(n), last_used_at=now,
                                   last_used_protocol="imap", last_used_address=where)  # fmt: skip
        TrustedBrowser.objects.create(user=user, phone=phone, digest=str(n), browser="Firefox", system="Linux",
                                      address=where, expires_at=now + timedelta(days=3))  # fmt: skip
        Failure.objects.create(network=where, account=user.username, password_digest="d", channel="imap")
        ban = Ban.objects.create(network=where, until=now + timedelta(hours=1))
        Failure.objects.create(network=where, account=user.username, password_digest="d", channel="imap", ban=ban)


QUERIES = 24  # four of them find out who the clerk is, and is still in; one forgets what was shown once


def test_as_many_queries_for_much_as_for_nothing(office: Person, wangwu: Person) -> None:
    assert wangwu.user
    office.get(path(wangwu))  # from now on the browser is known as one that was shown a form
    with CaptureQueriesContext(connection) as for_nothing:
        assert office.get(path(wangwu)).status_code == 200
    fill(wangwu.user, 30)
    with CaptureQueriesContext(connection) as for_much:
        assert "Foxmail 29" in office.get(path(wangwu)).content.decode()
    assert len(for_much) == len(for_nothing) == QUERIES


def test_it_tells_everything(office: Person, wangwu: Person) -> None:
    assert wangwu.user
    fill(wangwu.user, 2)
    User.objects.filter(pk=wangwu.user.pk).update(codes_paused_until=timezone.now() + timedelta(minutes=50))
    page = unescape(office.get(path(wangwu)).content.decode())
    for told in ("138****8000", "Foxmail 1", "Firefox · Linux", "手机关机或不在服务区", "P1", "198.51.100.1",
                 "itoffice2@example.edu", "139****9000", "at the counter", "没有密码错误记录",
                 "验证码输错次数过多，已暂停至"):  # fmt: skip
        assert told in page, told
    assert NUMBER not in re.sub(r"[ -]", "", page)


def test_a_ban_of_another_address_is_not_shown(office: Person, wangwu: Person) -> None:
    Ban.objects.create(network="203.0.113.9", until=timezone.now() + timedelta(hours=1))
    Ban.objects.create(network="203.0.113.8", account="lisi@example.edu", until=timezone.now() + timedelta(hours=1))
    mine = Ban.objects.create(network="203.0.113.7", account="wangwu@example.edu",
                              until=timezone.now() + timedelta(hours=1))  # fmt: skip
    assert wangwu.user
    assert [ban.pk for ban in facts.about(wangwu.user).bans] == [mine.pk]


def test_failures_of_neighbours_in_a_shared_network_are_not_hers(
    settings: Settings, wangwu: Person, make_user: MakeUser
) -> None:
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/8")]
    assert wangwu.user
    for address in ("10.1.1.1", "192.0.2.5"):
        SecurityEvent.objects.create(kind="signed_in", user=wangwu.user, address=address)
        Failure.objects.create(network=address, account="lisi@example.edu", password_digest="d", channel="web")
    assert [wrong.network for wrong in facts.about(wangwu.user).failures] == ["192.0.2.5"]
