"""The page of bans: those in force first, why, who else is there, and how they are lifted."""

import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.bans import bans, digests, failures
from accounts.bans.models import Ban, Failure
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.users.models import User
from portal.office import ban_story
from tests.conftest import MakeUser
from tests.kit.ban_pages import BANS, CAMPUS, FAILURES, HOME, ONE, fail, text_of
from tests.kit.officers import SUPERUSER, clerk_with
from tests.kit.people import NUMBER, Person


@pytest.fixture
def desk(make_user: MakeUser) -> Person:
    return clerk_with(make_user, "help desk")


# --- The list --------------------------------------------------------------------------------------------------------


def test_those_in_force_come_first(desk: Person, clock: time_machine.Traveller) -> None:
    desk.arrive()
    over = Ban.objects.create(network="192.0.2.1", until=timezone.now() - timedelta(days=1))
    lifted = Ban.objects.create(
        network="192.0.2.2", until=timezone.now() + timedelta(hours=1), lifted_at=timezone.now()
    )
    old = timezone.now() - timedelta(minutes=50)
    in_force = Ban.objects.create(network="192.0.2.3", started_at=old, until=timezone.now() + timedelta(minutes=10))
    shown = [ban.pk for ban in desk.get(BANS, {"in_force": "all"}).context["cl"].result_list]
    assert shown[0] == in_force.pk
    assert set(shown) == {in_force.pk, lifted.pk, over.pk}


def test_what_is_told_of_each(desk: Person, make_user: MakeUser, clock: time_machine.Traveller) -> None:
    desk.arrive()
    make_user("wangwu")
    for channel in ("imap", "smtp"):
        fail_at = [(ONE, "old")] * 5
        for account, password in fail_at:
            failures.note_failure(HOME, account, password, channel)
            clock.shift(timedelta(minutes=1))
    page = text_of(desk.get(BANS))
    for told in (HOME, "the whole address", "IMAP, SMTP", "12:00:00 – 12:09:00", "in force until"):
        assert told in page, told


def test_names_that_are_no_account_are_not_readable(desk: Person) -> None:
    ban = fail([(digests.stranger("my secret password"), "x")] * 10)
    for page in (f"{BANS}{ban.pk}/change/", FAILURES):
        text = text_of(desk.get(page))
        assert "no account (" in text
        assert "my secret password" not in text


def test_the_list_asks_no_more_for_more_bans(desk: Person, django_assert_max_num_queries: Any) -> None:
    for n in range(60):
        Ban.objects.create(network=f"192.0.2.{n}", until=timezone.now() + timedelta(hours=1), lifted_by=desk.user)
    with django_assert_max_num_queries(14):
        desk.get(BANS)


@pytest.mark.parametrize(("asked", "found"), [(HOME, True), ("198.51", True), ("wangwu", True), ("zhaoliu", False)])
def test_bans_and_failures_are_found_by_address_and_account(desk: Person, asked: str, found: bool) -> None:
    fail([(ONE, "old")] * 10)
    for page in (BANS, FAILURES):
        assert bool(desk.get(page, {"q": asked}).context["cl"].result_list) is found


@pytest.mark.parametrize("asked", ["2001:db8:1:2::77", "2001:DB8:1:2:3:4:5:6", "2001:db8:1:2::/64"])
def test_an_ipv6_address_of_a_log_finds_its_network(desk: Person, asked: str) -> None:
    fail([(ONE, "old")] * 10, "2001:db8:1:2::9")
    for page in (BANS, FAILURES):
        assert desk.get(page, {"q": asked}).context["cl"].result_list


# --- The page of one -------------------------------------------------------------------------------------------------


def test_who_else_uses_the_address(desk: Person, wangwu: Person, make_user: MakeUser) -> None:
    now = timezone.now()
    for name, address, age in [("near", HOME, 1), ("long.ago", HOME, 30), ("elsewhere", CAMPUS, 1)]:
        SecurityEvent.objects.create(
            kind="signed_in", username=f"{name}@example.edu", address=address, at=now - timedelta(days=age)
        )
    mail = make_user("mailer")
    MailLogin.objects.create(user=mail, day=timezone.localdate(), protocol="imap", method="app", address=HOME)
    ban = fail([(ONE, "old")] * 10)
    assert {neighbour.username for neighbour in ban_story.neighbours(HOME)} == {
        "near@example.edu",
        "mailer@example.edu",
    }
    page = text_of(desk.get(f"{BANS}{ban.pk}/change/"))
    assert "near@example.edu" in page
    assert "mailer@example.edu" in page
    assert "long.ago@example.edu" not in page
    assert "elsewhere@example.edu" not in page


@pytest.mark.parametrize(
    ("address", "is_there"),
    [("2001:db8:1:2::5", True), ("2001:db8:1:2:ffff::1", True), ("2001:db8:1:3::5", False), ("2001:db80::1", False)],
)
def test_who_else_uses_a_network_of_ipv6(db: None, address: str, is_there: bool) -> None:
    SecurityEvent.objects.create(kind="signed_in", username="near@example.edu", address=address)
    assert bool(ban_story.neighbours("2001:db8:1:2::/64")) is is_there


def test_a_64_that_ends_in_zeros(db: None) -> None:
    for address in ("2001:db8::5", "2001:db8:0:0:1:2:3:4"):
        SecurityEvent.objects.create(kind="signed_in", username=f"{address[-1]}@example.edu", address=address)
    assert len(ban_story.neighbours("2001:db8::/64")) == 2


def test_whether_it_is_in_a_known_network(desk: Person, settings: Settings) -> None:
    ban = fail([(ONE, "old")] * 10, CAMPUS)
    page = f"{BANS}{ban.pk}/change/"
    assert "shared by many people" not in text_of(desk.get(page))
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/8")]
    assert "shared by many people" in text_of(desk.get(page))


def test_the_drawing_has_every_failure(desk: Person, clock: time_machine.Traveller) -> None:
    for _ in range(9):
        failures.note_failure(HOME, ONE, "old", "imap")
        clock.shift(timedelta(minutes=5))
    ban = fail([(ONE, "old")])
    desk.arrive()
    bars = ban_story.timeline(ban)
    assert len(bars) == ban_story.BARS
    assert sum(bar.failures for bar in bars) == 10
    assert max(bar.height for bar in bars) == 100
    assert all(bar.y + bar.height == 103 for bar in bars)
    page = desk.get(f"{BANS}{ban.pk}/change/").content.decode()
    assert page.count("<rect") == sum(bar.failures > 0 for bar in bars)
    assert "style=" not in page[page.index("<svg") : page.index("</svg>")]


def test_all_at_one_moment(db: None, clock: time_machine.Traveller) -> None:
    bars = ban_story.timeline(fail([(ONE, "old")] * 10))
    assert [bar.failures for bar in bars if bar.failures] == [10]


def test_failures_that_are_kept_no_more_leave_no_empty_drawing(desk: Person) -> None:
    ban = fail([(ONE, "old")] * 10)
    Failure.objects.all().delete()
    ban.refresh_from_db()
    assert ban.first_at
    assert "timeline" not in desk.get(f"{BANS}{ban.pk}/change/").content.decode()


@pytest.mark.parametrize(("address", "is_far"), [("8.8.4.4", True), (CAMPUS, False), ("2400:3200::/64", True)])
def test_an_address_from_inside_is_not_called_far_away(desk: Person, address: str, is_far: bool) -> None:
    ban = Ban.objects.create(network=address, until=timezone.now() + timedelta(hours=1))
    page = desk.get(f"{BANS}{ban.pk}/change/", headers={"accept-language": "en"})
    assert ("probably not the address of a campus" in text_of(page)) is is_far


def test_a_ban_without_failures_has_a_page(desk: Person) -> None:
    ban = Ban.objects.create(network=HOME, until=timezone.now() + timedelta(hours=1))
    page = desk.get(f"{BANS}{ban.pk}/change/")
    assert page.status_code == 200
    assert "timeline" not in page.content.decode()


# --- Lift ------------------------------------------------------------------------------------------------------------


@pytest.mark.bypass("row 35: unban by staff, one click, audited")
def test_one_click_on_the_row(desk: Person, wangwu: Person) -> None:
    assert desk.user
    ban = fail([(ONE, "old")] * 10)
    page = desk.get(BANS, {"in_force": "yes"}).content.decode()
    (target,) = re.findall(r'formaction="([^"]+)"', page)
    answer = desk.post(target, {"reason": ""})
    assert answer.headers["Location"] == f"{BANS}?in_force=yes"
    assert bans.banned_until(HOME, ONE) is None
    ban.refresh_from_db()
    assert ban.lifted_by == desk.user
    event = SecurityEvent.objects.get(kind="ban_lifted")
    assert (event.actor, event.address) == (desk.user, HOME)


def test_the_reason_is_kept_and_logged(desk: Person, wangwu: Person, settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/8")]
    ban = fail([(ONE, "old")] * 10, CAMPUS)
    desk.post(f"{BANS}{ban.pk}/lift/", {"reason": " 旧手机，已到帮助台处理 "})
    ban.refresh_from_db()
    assert ban.lift_reason == "旧手机，已到帮助台处理"
    event = SecurityEvent.objects.get(kind="ban_lifted")
    assert event.detail == {"account": ONE, "reason": "旧手机，已到帮助台处理"}
    assert event.user == wangwu.user, "the owner's page tells it"
    assert "旧手机，已到帮助台处理" in text_of(desk.get(f"{BANS}{ban.pk}/change/"))


def test_many_at_once_with_one_reason(desk: Person) -> None:
    pks = [fail([(ONE, "old")] * 10, f"198.51.100.{n}").pk for n in range(3)]
    desk.post(BANS, {"action": "lift", "_selected_action": pks, "reason": "测试"})
    assert list(Ban.objects.values_list("lift_reason", flat=True)) == ["测试"] * 3
    assert SecurityEvent.objects.filter(kind="ban_lifted").count() == 3


def test_a_second_click_changes_nothing(desk: Person, make_user: MakeUser) -> None:
    ban = fail([(ONE, "old")] * 10)
    desk.post(f"{BANS}{ban.pk}/lift/", {"reason": "first"})
    other = clerk_with(make_user, SUPERUSER)
    other.post(f"{BANS}{ban.pk}/lift/", {"reason": "second"})
    ban.refresh_from_db()
    assert (ban.lifted_by, ban.lift_reason) == (desk.user, "first")
    assert SecurityEvent.objects.filter(kind="ban_lifted").count() == 1


def test_one_that_is_over_is_not_lifted(desk: Person) -> None:
    ban = Ban.objects.create(network=HOME, until=timezone.now() - timedelta(minutes=1))
    assert "formaction" not in desk.get(BANS).content.decode()
    desk.post(f"{BANS}{ban.pk}/lift/")
    ban.refresh_from_db()
    assert ban.lifted_at is None


@pytest.mark.bypass("row 38: a link that lifts")
def test_no_link_lifts(desk: Person) -> None:
    ban = fail([(ONE, "old")] * 10)
    assert desk.get(f"{BANS}{ban.pk}/lift/").status_code == 405
    assert bans.banned_until(HOME, ONE)


def test_who_only_reads_has_no_button(make_user: MakeUser) -> None:
    auditor = clerk_with(make_user, "auditor")
    ban = fail([(ONE, "old")] * 10)
    for page in (BANS, f"{BANS}{ban.pk}/change/"):
        assert "formaction" not in auditor.get(page).content.decode()
    assert auditor.post(f"{BANS}{ban.pk}/lift/").status_code == 403
    assert bans.banned_until(HOME, ONE)


def test_a_ban_that_is_nowhere(desk: Person) -> None:
    for pk in ("999", "x", "1/2"):
        assert desk.post(f"{BANS}{pk}/lift/").status_code == 404


def test_no_number_of_a_phone_is_in_it(desk: Person, wangwu: Person) -> None:
    """Somebody types the number where the mailbox belongs."""
    wangwu.enter_password("wrong", name=NUMBER)
    fail([(digests.stranger(NUMBER), "x")] * 10)
    assert User.objects.filter(username=ONE).exists()
    for page in (BANS, FAILURES, f"{BANS}{Ban.objects.get().pk}/change/"):
        assert NUMBER not in desk.get(page).content.decode()
