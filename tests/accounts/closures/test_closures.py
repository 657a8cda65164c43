"""Accounts that end by themselves: owners who are told in time or come back, and offices that give them back."""

from datetime import date, timedelta
from html import unescape

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.closures import closures, tasks
from accounts.closures.models import Closure
from accounts.delivery.models import Mail
from accounts.log.models import SecurityEvent
from accounts.maillogins import maillogins
from accounts.mailsessions.models import Ending
from accounts.users.models import User
from apppasswords.maillogin import decision
from tests.conftest import MakeUser
from tests.kit.counter import path
from tests.kit.paperwork import USERS, edit, form_of
from tests.kit.people import PASSWORD, Person
from tests.kit.upkeep import sweep

DAY = timedelta(days=1)


@pytest.fixture
def dormant_after(settings: Settings) -> None:
    settings.DORMANT_AFTER, settings.CLOSING_TOLD_BEFORE = 90 * DAY, 14 * DAY


def now(person: Person) -> User:
    assert person.user
    found: User = User.objects.get(pk=person.user.pk)
    return found


def ends(person: Person, last_day: date) -> None:
    assert person.user
    User.objects.filter(pk=person.user.pk).update(last_day=last_day)


def days_pass(clock: time_machine.Traveller, days: int) -> None:
    """And the worker looks at the accounts as it does every hour."""
    clock.shift(days * DAY)
    tasks.run()
    tasks.run()


def letters(clock: time_machine.Traveller) -> list[tuple[list[str], str, str]]:
    clock.shift(timedelta(seconds=30))
    sweep()
    return [(letter.to, str(letter.subject), str(letter.body)) for letter in mail.outbox]


def reads_mail(person: Person) -> bool:
    login = decision.Login(now(person).username, PASSWORD, "imap", "192.0.2.9")
    return decision.verify(login).outcome is decision.Outcome.YES


# --- A last day -------------------------------------------------------------------------------------------------------


def test_who_leaves_is_told_and_is_out_when_the_day_is_over(
    lisi: Person, clock: time_machine.Traveller, settings: Settings
) -> None:
    settings.DOVEADM_URLS = ["https://mail.example.edu:8180"]
    ends(lisi, timezone.localdate() + 20 * DAY)
    days_pass(clock, 5)
    assert not Mail.objects.exists()
    days_pass(clock, 1)
    [(to, _subject, body)] = letters(clock)
    assert to == ["lisi@example.edu"]
    assert f"{timezone.localdate() + 14 * DAY}" in body
    assert "如有疑问，请联系信息办" in body
    assert "修改邮箱密码" not in body
    days_pass(clock, 14)
    assert lisi.enter_password().headers["Location"] == "/"
    assert reads_mail(lisi)
    days_pass(clock, 1)
    assert not lisi.is_in()
    assert not reads_mail(lisi)
    assert Ending.objects.get().people == {"lisi@example.edu": 0}
    assert len(letters(clock)) == 1
    assert SecurityEvent.objects.get(kind="closed").detail == {"why": "left"}


def test_another_day_is_told_anew(lisi: Person, clock: time_machine.Traveller) -> None:
    ends(lisi, timezone.localdate() + 5 * DAY)
    days_pass(clock, 1)
    ends(lisi, timezone.localdate() + 8 * DAY)
    days_pass(clock, 1)
    told = SecurityEvent.objects.filter(kind="closing").order_by("pk")
    assert len({event.detail["last_day"] for event in told}) == 2
    ends(lisi, timezone.localdate() + 60 * DAY)
    days_pass(clock, 7)
    assert now(lisi).is_active
    assert closures.of(now(lisi)) is None


def test_the_office_sets_it_and_gives_the_account_back(
    office: Person, lisi: Person, clock: time_machine.Traveller
) -> None:
    office.arrive()
    yesterday, tomorrow = (str(timezone.localdate() + days * DAY) for days in (-1, 1))
    assert "截止日期已过" in edit(office, lisi, last_day=yesterday).content.decode()
    assert edit(office, lisi, last_day=tomorrow).status_code == 302
    assert "请提前在邮件服务器上设置" in unescape(office.get(path(lisi)).content.decode())
    days_pass(clock, 2)
    office.arrive()
    page = unescape(office.get(path(lisi)).content.decode())
    assert "截止日期已过" in page
    assert "lisi@example.edu" in office.get(f"{USERS}?closure=left").content.decode()
    assert "截止日期已过" in edit(office, lisi, is_active="on").content.decode()
    assert edit(office, lisi, is_active="on", last_day="").status_code == 302
    days_pass(clock, 1)
    assert now(lisi).is_active
    assert not Closure.objects.exists()


def test_a_guest_has_one_from_the_beginning(office: Person) -> None:
    page = f"{USERS}add/"
    last_day = timezone.localdate() + 30 * DAY
    guest = form_of(office, page) | {"username": "guest@example.edu", "last_day": str(last_day)}
    assert office.post(page, guest).status_code == 302
    assert User.objects.get(username="guest@example.edu").last_day == last_day


def test_who_has_all_rights_has_none(office: Person) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ends(office, timezone.localdate())
    tomorrow = str(timezone.localdate() + DAY)
    assert "不能设置截止日期" in edit(office, office, last_day=tomorrow).content.decode()


# --- Not used ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("dormant_after")
def test_who_does_not_come_is_told_once_and_out_a_fortnight_later(lisi: Person, clock: time_machine.Traveller) -> None:
    days_pass(clock, 74)
    assert not Mail.objects.exists()
    days_pass(clock, 7)
    [(_to, subject, _body)] = letters(clock)
    assert f"{timezone.localdate() + 14 * DAY}" in subject
    days_pass(clock, 7)
    assert len(letters(clock)) == 1
    assert now(lisi).is_active
    days_pass(clock, 8)
    assert not now(lisi).is_active
    assert SecurityEvent.objects.get(kind="closed").detail == {"why": "dormant"}


@pytest.mark.usefixtures("dormant_after")
@pytest.mark.parametrize("way", ["web", "mail"])
def test_who_comes_after_all_stays(lisi: Person, clock: time_machine.Traveller, way: str) -> None:
    days_pass(clock, 80)
    clock.shift(13 * DAY)
    user = now(lisi)
    if way == "web":
        assert lisi.enter_password().headers["Location"] == "/"
    else:
        maillogins.note(user.pk, "imap", "mailbox", "192.0.2.1", timezone.now())
    days_pass(clock, 60)
    assert now(lisi).is_active
    days_pass(clock, 20)  # told once more
    assert SecurityEvent.objects.filter(kind="closing").count() == 2


@pytest.mark.usefixtures("dormant_after")
def test_what_the_office_gives_back_has_all_its_days_again(
    office: Person, lisi: Person, clock: time_machine.Traveller
) -> None:
    days_pass(clock, 80)
    days_pass(clock, 15)
    office.arrive()
    assert "lisi@example.edu" in office.get(f"{USERS}?closure=dormant").content.decode()
    assert "长期未使用" in unescape(office.get(path(lisi)).content.decode())
    assert edit(office, lisi, is_active="on").status_code == 302
    days_pass(clock, 74)
    assert now(lisi).is_active
    assert SecurityEvent.objects.filter(kind="closing").count() == 1


@pytest.mark.usefixtures("dormant_after")
def test_the_office_itself_is_never_dormant(office: Person, manager: Person, clock: time_machine.Traveller) -> None:
    days_pass(clock, 100)
    days_pass(clock, 100)
    assert User.objects.filter(is_active=True).count() == 2


def test_off_by_default(lisi: Person, office: Person, clock: time_machine.Traveller) -> None:
    days_pass(clock, 1000)
    assert now(lisi).is_active
    office.arrive()
    assert "closure=leaving" in (page := office.get(USERS).content.decode())
    assert "closure=dormant" not in page


@pytest.mark.usefixtures("dormant_after")
def test_not_all_letters_at_once(make_user: MakeUser, clock: time_machine.Traveller, settings: Settings) -> None:
    settings.REMINDERS_AT_ONCE = 2
    for number in range(5):
        make_user(f"p{number}")
    clock.shift(80 * DAY)
    for expected in (2, 4, 5):
        tasks.run()
        assert Mail.objects.count() == expected
