"""Wrong passwords, and requests for codes, that come at once from four processes."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.bans import brake, failures
from accounts.bans.models import Ban, Brake, Failure, Network
from accounts.delivery.models import Sms, SmsDay
from accounts.log.models import SecurityEvent
from tests.kit.crowd import HOOK_LIMIT, Call, Crowd
from tests.kit.databases import database
from tests.kit.newcomers import Newcomer
from tests.kit.people import PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.share(2)]

ROUNDS = 5
BAN_AFTER = 10
SHARED = "172.16.0."  # in the crowd's SHARED_NETWORKS


def passwords(owner: Newcomer, address: str, count: int = 50) -> list[Call]:
    """Deeds `enter_password`, each with another wrong one."""
    name = owner.user.username
    return [{"name": name, "password": f"wrong {number}", "address": address} for number in range(count)]


def right_password(owner: Newcomer, address: str) -> list[Call]:
    return [{"name": owner.user.username, "password": PASSWORD, "address": address}]


def test_ten_wrong_passwords_ban_an_address(crowd: Crowd) -> None:
    """The tenth exactly: nine are told "wrong", the tenth and all later ones see the ban."""
    for _ in range(ROUNDS):
        owner, neighbour = Newcomer(), Newcomer()
        answers = Counter(crowd.rush("enter_password", passwords(owner, owner.address)))
        assert answers == {"REFUSED": BAN_AFTER - 1, "BANNED": 50 - (BAN_AFTER - 1)}
        assert Failure.objects.filter(network=owner.address).count() == BAN_AFTER
        ban = Ban.objects.get(network=owner.address)
        assert ban.failures.count() == BAN_AFTER
        assert SecurityEvent.objects.filter(kind="banned", address=owner.address).count() == 1

        assert crowd.rush("enter_password", right_password(owner, owner.address)) == ["BANNED"]
        assert crowd.rush("enter_password", right_password(neighbour, owner.address)) == ["BANNED"]
        assert crowd.rush("enter_password", right_password(owner, neighbour.address)) == ["BIND"]


def test_the_count_holds_while_the_row_behind_it_is_deleted(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        owner = Newcomer()
        calls = passwords(owner, owner.address)
        answers = Counter(crowd.rush("enter_password_while_the_network_goes", calls))
        assert answers == {"REFUSED": BAN_AFTER - 1, "BANNED": 50 - (BAN_AFTER - 1)}
        assert Failure.objects.filter(network=owner.address).count() == BAN_AFTER
        assert Ban.objects.filter(network=owner.address).count() == 1


def test_a_guess_that_counts_waits_for_no_disk(postgresql_crowd: Crowd, django_db_blocker: DjangoDbBlocker) -> None:
    """What counts would tell by its time that there is an account, and that its mailbox password opens mail."""
    lagging = "SELECT pg_current_wal_flush_lsn() < pg_current_wal_insert_lsn()"
    with django_db_blocker.unblock(), database(postgresql_crowd.database_url), connection.cursor() as cursor:
        owner = Newcomer().user
        lags = []
        for _ in range(20):
            brake.COMPARISONS.claim(owner.pk, 1000, timedelta(hours=1))
            cursor.execute(lagging)
            lags += cursor.fetchone()
        assert any(lags)
        assert Brake.objects.get(user=owner).count == 20
        cursor.execute("SHOW synchronous_commit")  # of all that follows on this connection
        assert cursor.fetchone() == ("on",)


def test_the_night_waits_for_no_failure(postgresql_crowd: Crowd, django_db_blocker: DjangoDbBlocker) -> None:
    """A row that somebody holds is passed over; it goes the next night. SQLite has one lock for all."""
    with django_db_blocker.unblock(), database(postgresql_crowd.database_url):
        held, idle = Newcomer().address, Newcomer().address
        Network.objects.bulk_create([Network(network=held), Network(network=idle)])
        old = {"account": "a", "channel": "web", "at": timezone.now() - settings.SMS_HISTORY_LIFETIME}
        for network in (held, idle):
            Failure.objects.create(network=network, **old)
        with transaction.atomic():
            failures.LOCK.row(held)
            list(Failure.objects.select_for_update().filter(network=held))
            postgresql_crowd.rush("delete_networks", [{}])
            left = set(Network.objects.filter(pk__in=[held, idle]).values_list("pk", flat=True))
            assert left == {held}
            assert [row.network for row in Failure.objects.filter(network__in=[held, idle])] == [held]


def test_two_accounts_at_one_address_share_its_ban(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        one, two = Newcomer(), Newcomer()
        calls = passwords(one, one.address, 25) + passwords(two, one.address, 25)
        assert Counter(crowd.rush("enter_password", calls)) == {
            "REFUSED": BAN_AFTER - 1,
            "BANNED": 50 - (BAN_AFTER - 1),
        }
        assert Ban.objects.filter(network=one.address).count() == 1


@pytest.mark.bypass("row 35: mailcow #1679")
def test_in_a_shared_network_one_account_is_banned(crowd: Crowd) -> None:
    for number in range(ROUNDS):
        address = f"{SHARED}{number}"
        owner, neighbour = Newcomer(), Newcomer()
        answers = Counter(crowd.rush("enter_password", passwords(owner, address)))
        assert answers == {"REFUSED": BAN_AFTER - 1, "BANNED": 50 - (BAN_AFTER - 1)}
        assert Ban.objects.get(network=address).account == owner.user.username
        assert crowd.rush("enter_password", right_password(owner, address)) == ["BANNED"]
        assert crowd.rush("enter_password", right_password(neighbour, address)) == ["BIND"]


def test_a_person_gets_one_code_a_minute(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        owner, before = Newcomer(), crowd.sms()
        answers = Counter(crowd.rush("ask_for_code", [owner.asking()] * 24))
        assert answers == {"SENT": 1, "WAIT": 23}
        assert crowd.sms() == before + 1
        assert Sms.objects.get(user=owner.user).status == Sms.Status.SENT


@pytest.mark.bypass("row 14: SMS bombing")
def test_a_number_that_many_type_gets_five_codes_an_hour(crowd: Crowd) -> None:
    """However many accounts ask for it; to their own phones it is nobody else's business."""
    for _ in range(ROUNDS):
        people, before = [Newcomer() for _ in range(24)], crowd.sms()
        number = people[0].number
        typed = [person.asking(number=number, purpose="bind") for person in people]
        answers = Counter(crowd.rush("ask_for_code", typed))
        assert answers == {"SENT": settings.SMS_HOURLY_LIMIT, "LIMIT": 24 - settings.SMS_HOURLY_LIMIT}
        assert crowd.sms() == before + settings.SMS_HOURLY_LIMIT
        owners = [person.asking(number=number) for person in people[:6]]
        assert crowd.rush("ask_for_code", owners) == ["SENT"] * 6


def test_a_code_is_carried_over_once(crowd: Crowd) -> None:
    """Sessions that begin at once in one browser: it counts in one of them."""
    for _ in range(ROUNDS):
        owner = Newcomer()
        code = owner.code()
        sessions = [f"session {number}" for number in range(24)]
        crowd.rush("carry_over", [{"user": owner.user.pk, "old": owner.session, "new": new} for new in sessions])
        held = Sms.objects.get(user=owner.user).session
        assert held in sessions
        guesses = [owner.entering(code, session) for session in [owner.session, *sessions]]
        assert Counter(crowd.rush("enter_code", guesses)) == {"RIGHT": 1, "EXPIRED": 24}


@pytest.mark.bypass("row 14: SMS bombing")
def test_an_account_gets_five_codes_an_hour(crowd: Crowd) -> None:
    """Each purpose has its own minute; the hour is the account's."""
    purposes = ["sign_in", "bind", "change", "change_new", "unbind", "confirm"]
    for _ in range(ROUNDS):
        owner, before = Newcomer(), crowd.sms()
        answers = Counter(crowd.rush("ask_for_code", [owner.asking(purpose=purpose) for purpose in purposes * 4]))
        assert answers["SENT"] == settings.SMS_HOURLY_LIMIT
        assert set(answers) <= {"SENT", "WAIT", "LIMIT"}
        assert crowd.sms() == before + settings.SMS_HOURLY_LIMIT
        assert Sms.objects.filter(user=owner.user).count() == settings.SMS_HOURLY_LIMIT


@pytest.mark.bypass("row 14: SMS pumping")
def test_an_address_gets_no_more_codes_than_its_limit(crowd: Crowd) -> None:
    people, limit = [Newcomer() for _ in range(settings.SMS_ADDRESS_LIMIT + 12)], settings.SMS_ADDRESS_LIMIT
    answers = Counter(crowd.rush("ask_for_code", [person.asking(address=people[0].address) for person in people]))
    assert answers == {"SENT": limit, "LIMIT": 12}


@pytest.fixture
def three_codes_left(crowd: Crowd) -> Iterator[None]:
    """Of the site's budget; also if midnight comes during the test."""
    spent = settings.SMS_DAILY_BUDGET - 3
    days = [timezone.localdate(), timezone.localdate() + timedelta(days=1)]
    SmsDay.objects.bulk_create([SmsDay(day=day) for day in days], ignore_conflicts=True)
    SmsDay.objects.filter(day__in=days).update(codes=spent)
    yield
    SmsDay.objects.filter(day__in=days).update(codes=0)


@pytest.mark.bypass("row 14: SMS pumping")
@pytest.mark.usefixtures("three_codes_left")
def test_the_site_sends_no_more_than_its_budget(crowd: Crowd) -> None:
    people, before = [Newcomer() for _ in range(48)], crowd.sms()
    answers = Counter(crowd.rush("ask_for_code", [person.asking() for person in people]))
    assert answers == {"SENT": 3, "BUDGET": 45}
    assert crowd.sms() == before + 3
    assert SmsDay.objects.filter(codes=settings.SMS_DAILY_BUDGET).count() == 1


def test_a_filter_that_has_gone_mad_stops_no_more_than_it_may(crowd: Crowd) -> None:
    answers = Counter(crowd.rush("call_the_hook", [{"name": Newcomer().user.username} for _ in range(40)]))
    assert answers == {"DONE": HOOK_LIMIT, "TOO_MANY": 40 - HOOK_LIMIT}
