"""What days come to: counted from the rows, again if need be, and kept when the rows are gone."""

from datetime import date, datetime, timedelta
from itertools import count

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from pytest_django import Settings

from accounts.bans.models import Ban, Failure
from accounts.delivery.models import Sms
from accounts.factors.models import Authenticator, RecoverySet
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.phones.models import Phone
from accounts.users.models import User
from apppasswords.models import AppPassword
from portal.office import tasks
from portal.office.models import DayFigure
from portal.office.overview import figures
from portal.office.overview.figures import Name
from tests.conftest import MakeUser
from tests.kit import upkeep
from tests.kit.crowd import Crowd
from tests.kit.newcomers import Newcomer
from tests.kit.outgoing import make_sms
from tests.kit.people import NUMBER
from tests.kit.snapshots import changed, everything

DAY = date(2026, 9, 1)
NOON = datetime(2026, 9, 1, 4, 0, tzinfo=timezone.get_fixed_timezone(0))  # in Shanghai
MINUTE = timedelta(minutes=1)
MIDNIGHT = NOON + timedelta(hours=12)  # the end of the day


def known(day: date = DAY) -> dict[tuple[str, str], int]:
    rows = DayFigure.objects.filter(day=day).exclude(name=Name.SUMMED_AT)
    return {(name, key): value for name, key, value in rows.values_list("name", "key", "value")}


def only(name: Name, day: date = DAY) -> dict[str, int]:
    return {key: value for (known_as, key), value in known(day).items() if known_as == name}


@pytest.fixture
def people(make_user: MakeUser) -> list[User]:
    """Three of the arts, one of them with everything; one of law, who came a minute after the day."""
    arts = [make_user(f"arts{n}", two_step=False, department="文学院", date_joined=NOON) for n in range(3)]
    law = make_user("law", two_step=False, department="法学院", date_joined=MIDNIGHT + MINUTE)
    make_user("gone", is_active=False, department="文学院", date_joined=NOON)
    make_user("clerk", is_staff=True, department="信息办", date_joined=NOON)
    User.objects.filter(pk=arts[0].pk).update(two_step_from=NOON)
    User.objects.filter(pk=arts[1].pk).update(two_step_from=MIDNIGHT + MINUTE)
    Phone.objects.create(user=arts[0], number=f"+86{NUMBER}", bound_at=NOON)
    for digest in "ab":
        AppPassword.objects.create(user=arts[0], name="Mail", digest=digest, created_at=NOON)
    return [*arts, law]


def test_people_at_the_end_of_the_day(people: list[User]) -> None:
    figures.sum_up(DAY)
    assert [only(name) for name in figures.WHOLE] == [{"": 3}, {"": 1}, {"": 1}, {"": 1}]
    assert [only(name) for name in figures.OF_DEPARTMENTS] == [{"文学院": 3}, *[{"文学院": 1}] * 3]
    figures.sum_up(DAY + timedelta(days=1))
    tomorrow = DAY + timedelta(days=1)
    assert only(Name.PEOPLE, tomorrow) == {"": 4}
    assert only(Name.TWO_STEP, tomorrow) == {"": 2}
    assert only(Name.TWO_STEP_OF, tomorrow) == {"文学院": 2, "法学院": 0}


def test_an_app_is_as_good_as_a_phone_and_paper_alone_is_not(people: list[User], settings: Settings) -> None:
    settings.SECOND_STEPS, settings.SECOND_STEPS_ALONE = ["phone", "app", "recovery"], ["phone", "app"]
    Authenticator.objects.create(user=people[1], name="手机", key=b"", last_step=0)
    RecoverySet.objects.create(user=people[2])
    figures.sum_up(DAY)
    assert only(Name.READY) == {"": 2}
    assert only(Name.READY_OF) == {"文学院": 2}


def test_two_step_that_begins_tonight_is_not_on_yet(make_user: MakeUser) -> None:
    user = make_user("later", two_step=False)
    User.objects.filter(pk=user.pk).update(two_step_from=timezone.now() + timedelta(seconds=5))
    figures.sum_up(timezone.localdate())
    assert only(Name.TWO_STEP, timezone.localdate()) == {"": 0}


def test_a_day_without_anybody_is_counted_too(db: None) -> None:
    figures.sum_up(DAY)
    assert only(Name.PEOPLE) == {"": 0}


def test_sms_by_gateway_and_outcome(people: list[User]) -> None:
    for at in (NOON, MIDNIGHT - MINUTE, MIDNIGHT, NOON - timedelta(hours=12, seconds=1)):
        make_sms(people[0], created_at=at, gateway="twilio", status=Sms.Status.SENT)
    make_sms(people[0], created_at=NOON, gateway="twilio", status=Sms.Status.FAILED)
    make_sms(people[0], created_at=NOON, gateway="twilio", status=Sms.Status.CLAIMED)
    make_sms(people[0], created_at=NOON, gateway="", status=Sms.Status.QUEUED)
    make_sms(people[0], created_at=NOON, gateway="", status=Sms.Status.DELAYED)
    figures.sum_up(DAY)
    assert only(Name.SMS) == {"twilio sent": 2, "twilio failed": 1, "twilio waiting": 1, "waiting": 2}


def test_delivery_times(people: list[User]) -> None:
    for seconds in (1.5, 2, 2.1, 4, 400):
        done = NOON + timedelta(seconds=seconds)
        make_sms(people[0], created_at=NOON, delivered_at=done, status=Sms.Status.DELIVERED)
    make_sms(people[0], created_at=NOON, delivered_at=NOON - MINUTE, status=Sms.Status.DELIVERED)  # a clock set back
    figures.sum_up(DAY)
    assert only(Name.DELIVERY) == {"2": 3, "5": 2, figures.SLOWER: 1}
    assert only(Name.DELIVERY_MEDIAN) == {"": 2000}
    assert only(Name.DELIVERY_P95) == {"": 400_000}


@pytest.mark.parametrize(("percent", "value"), [(1, 1.0), (50, 50.0), (51, 51.0), (95, 95.0), (100, 100.0)])
def test_percentile_is_one_of_them(percent: int, value: float) -> None:
    assert figures.percentile([float(n) for n in range(1, 101)], percent) == value
    assert figures.percentile([7.0], percent) == 7


def test_sign_ins_by_method_and_refusals(people: list[User]) -> None:
    for method in ("code", "code", "trusted browser", "password"):
        SecurityEvent.objects.create(kind="signed_in", user=people[0], at=NOON, detail={"method": method})
    SecurityEvent.objects.create(kind="signed_in", user=people[0], at=MIDNIGHT, detail={"method": "code"})
    SecurityEvent.objects.create(kind="refused", at=NOON)
    figures.sum_up(DAY)
    assert only(Name.SIGN_IN) == {"code": 2, "trusted browser": 1, "password": 1, "refused": 1}


def test_mail_logins_and_how_many_people(people: list[User]) -> None:
    rows = [(0, "imap", "app", 4), (1, "imap", "mailbox", 3), (0, "smtp", "app", 2), (2, "imap", "app", 1)]
    for person, protocol, method, times in rows:
        MailLogin.objects.create(user=people[person], day=DAY, protocol=protocol, method=method, count=times)
    figures.sum_up(DAY)
    assert only(Name.MAIL_LOGIN) == {"imap app": 5, "imap mailbox": 3, "smtp app": 2}
    assert only(Name.MAIL_PEOPLE) == {"app": 2, "mailbox": 1}


def test_failures_and_bans(db: None) -> None:
    for channel, at in (("web", NOON), ("imap", NOON), ("imap", NOON), ("imap", MIDNIGHT)):
        Failure.objects.create(network="192.0.2.1", account="a", password_digest="0", channel=channel, at=at)
    for account, at in (("", NOON), ("a", NOON), ("b", NOON), ("c", MIDNIGHT)):
        Ban.objects.create(network="192.0.2.1", account=account, started_at=at, until=MIDNIGHT)
    figures.sum_up(DAY)
    assert only(Name.FAILURE) == {"web": 1, "imap": 2}
    assert only(Name.BAN) == {"address": 1, "account": 2}


# --- Again and again --------------------------------------------------------------------------------------------------


def test_counted_again_it_is_the_same(people: list[User]) -> None:
    make_sms(people[0], created_at=NOON, gateway="twilio", status=Sms.Status.SENT)
    figures.sum_up(DAY)
    before = known()
    figures.sum_up(DAY)
    assert known() == before


def test_counted_again_it_is_what_there_is_now(people: list[User]) -> None:
    sms = make_sms(people[0], created_at=NOON, gateway="twilio", status=Sms.Status.SENT)
    figures.sum_up(DAY)
    Sms.objects.filter(pk=sms.pk).update(status=Sms.Status.DELIVERED)
    User.objects.filter(department="文学院").update(department="人文学院")
    figures.sum_up(DAY)
    assert only(Name.SMS) == {"twilio delivered": 1}, "the old outcome is gone"
    assert only(Name.PEOPLE_OF) == {"人文学院": 3}


def test_other_days_stay_as_they_are(people: list[User]) -> None:
    figures.keep(DAY - timedelta(days=1), {("sms", "twilio sent"): 5})
    figures.sum_up(DAY)
    assert only(Name.SMS, DAY - timedelta(days=1)) == {"twilio sent": 5}


def test_nothing_but_figures_is_written(people: list[User]) -> None:
    before = everything()
    figures.sum_up(DAY)
    assert set(changed(before)) == {"office.DayFigure"}


def test_no_figure_names_a_person(people: list[User]) -> None:
    make_sms(people[0], created_at=NOON, gateway="twilio")
    SecurityEvent.objects.create(kind="refused", user=people[0], username=people[0].username, at=NOON)
    Failure.objects.create(network="192.0.2.1", account=people[0].username, password_digest="0", channel="web", at=NOON)
    Ban.objects.create(network="192.0.2.1", account=people[0].username, started_at=NOON, until=MIDNIGHT)
    figures.sum_up(DAY)
    keys = " ".join(key for _name, key in known())
    assert "@" not in keys
    assert "192.0.2" not in keys
    assert NUMBER not in keys


@pytest.mark.slow
def test_counted_by_many_at_once_it_is_the_same(crowd: Crowd) -> None:
    """The beat, and clerks who press the button."""
    owner = Newcomer()
    make_sms(owner.user, created_at=NOON, gateway="twilio", status=Sms.Status.SENT)
    figures.keep(DAY, {(Name.SMS, "twilio failed"): 3})
    crowd.rush("sum_up", [{"day": str(DAY)}] * 48)
    assert only(Name.SMS)["twilio sent"] >= 1
    assert "twilio failed" not in only(Name.SMS)


# --- By themselves ----------------------------------------------------------------------------------------------------


def test_the_night_counts_yesterday_and_what_was_missed(make_user: MakeUser) -> None:
    make_user("lisi", date_joined=timezone.now() - timedelta(days=5))
    today = timezone.localdate()
    figures.keep(today - timedelta(days=3), {(Name.PEOPLE, ""): 77})
    tasks.sum_up_yesterday.delay()
    days = DayFigure.objects.filter(name=Name.PEOPLE).values_list("day", "value")
    assert dict(days) == {today - timedelta(days=ago): 77 if ago == 3 else 1 for ago in (1, 2, 3, 4, 5)}


def test_days_whose_rows_are_gone_are_not_counted(make_user: MakeUser, settings: Settings) -> None:
    make_user("lisi", date_joined=timezone.now() - timedelta(days=500))
    missing = figures.missing()
    assert missing[0] == timezone.localdate() - settings.SMS_HISTORY_LIFETIME + timedelta(days=1)
    assert missing[-1] == timezone.localdate() - timedelta(days=1)


def test_today_is_counted_again_and_again(make_user: MakeUser) -> None:
    for number in count(1):
        make_user(f"person{number}")
        tasks.sum_up_today.delay()
        assert only(Name.PEOPLE, timezone.localdate()) == {"": number}
        if number == 3:
            break


def test_figures_stay_when_their_rows_go(people: list[User]) -> None:
    figures.sum_up(DAY)
    before = known()
    upkeep.delete_expired()
    User.objects.all().delete()
    assert known() == before


# --- The demonstration ------------------------------------------------------------------------------------------------


def test_no_history_is_invented_among_real_people(settings: Settings, db: None) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("demo_history", people=10)
    assert not User.objects.exists()


@pytest.mark.slow
def test_a_history(settings: Settings, db: None) -> None:
    """Beside the demo people; with the same seed the same; of a year without a gap."""
    settings.DEBUG = True
    call_command("demo")
    demo = set(User.objects.values_list("pk", "password", "two_step_from"))
    call_command("demo_history", people=120)
    assert demo < set(User.objects.values_list("pk", "password", "two_step_from"))
    assert User.objects.count() == 123
    days = DayFigure.objects.filter(name=Name.TWO_STEP, key="").order_by("day").values_list("day", "value")
    assert len(days) == 364
    on = [value for _day, value in days]
    assert on[0] < 12
    assert on[-1] > 80
    assert (
        only(Name.TWO_STEP, timezone.localdate())[""]
        == figures.owners().filter(two_step_from__lte=timezone.now()).count()
    )
    assert not Sms.objects.filter(created_at__gt=timezone.now()).exists()
    assert not figures.missing()
    with pytest.raises(CommandError, match="already"):
        call_command("demo_history", people=120)
    names = set(User.objects.values_list("username", "name", "department"))
    User.objects.filter(username__startswith="u0").delete()
    call_command("demo_history", people=120)
    assert set(User.objects.values_list("username", "name", "department")) == names
