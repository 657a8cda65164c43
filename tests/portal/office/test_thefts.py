"""Somebody else was in: the button of the desk, and everybody who tries to stay in."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery.gateways import memory
from accounts.log.models import SecurityEvent
from accounts.phones.models import Phone
from accounts.rollouts import exemptions
from accounts.rollouts.models import Exemption
from accounts.security import passwords
from accounts.users.models import User
from apppasswords import passwords as app_passwords
from apppasswords.maillogin import decision
from apppasswords.models import AppPassword
from apppasswords.thefts import thefts
from tests.conftest import MakeUser
from tests.kit.counter import press, version
from tests.kit.people import NUMBER, PASSWORD, Person

ACT = "stolen"


@pytest.fixture
def secret(wangwu: Person) -> str:
    """Of an app password that the thief has made."""
    assert wangwu.user
    wangwu.sign_in(trust_browser="on")
    made = app_passwords.create(wangwu.user, "Foxmail")
    assert isinstance(made, tuple)
    return made[1]


def now(person: Person) -> User:
    assert person.user
    found: User = User.objects.get(pk=person.user.pk)
    return found


def test_nothing_opens_it_any_more(helper: Person, wangwu: Person, secret: str) -> None:
    page = press(helper, wangwu, ACT)
    assert "doveadm sieve list -u wangwu@example.edu" in page
    assert "此账号没有可用的密码" in page
    assert not wangwu.is_in()
    assert "Location" not in Person(wangwu.user).enter_password(PASSWORD).headers
    assert not AppPassword.objects.exists()
    for password in (PASSWORD, secret):
        assert not opens(wangwu, password)


def opens(person: Person, password: str) -> bool:
    login = decision.Login(now(person).username, password, "imap", "192.0.2.9")
    return decision.verify(login).outcome is decision.Outcome.YES


def test_who_is_exempt_is_no_longer(helper: Person, office: Person, make_user: MakeUser) -> None:
    user = make_user("abroad", two_step=False)
    assert office.user
    exemptions.make(user, timezone.now() + timedelta(days=90), "abroad", actor=office.user)
    press(helper, Person(user), ACT)
    user.refresh_from_db()
    assert user.two_step_is_on()
    assert not Exemption.in_force().exists()
    assert SecurityEvent.objects.get(kind="exemption_ended").actor == helper.user


def test_the_owner_is_told_by_mail_and_sms_and_comes_back_with_his_phone(
    helper: Person, wangwu: Person, secret: str, settings: Settings
) -> None:
    settings.SMS_RESEND_AFTER *= 0
    settings.MAIL_FILTERS_URL = "https://mail.example.edu/filters"
    mail.outbox.clear()
    press(helper, wangwu, ACT)
    told = next(sent for sent in mail.outbox if "疑似被盗用" in sent.subject)
    assert told.to == ["wangwu@example.edu"]
    assert "window 3" in told.body
    assert "https://mail.example.edu/filters" in told.body
    assert "领取新密码" in told.body
    assert memory.outbox[-1].to == f"+86{NUMBER}"
    assert "疑似被盗用" in memory.outbox[-1].text
    done = SecurityEvent.objects.get(kind="stolen")
    assert (done.user, done.actor) == (wangwu.user, helper.user)
    assert done.detail["app_passwords_removed"] == 1
    assert Phone.objects.filter(user=wangwu.user).exists()
    user = now(wangwu)
    assert helper.user
    new = passwords.set_starting(user, passwords.version_of(user), actor=helper.user)
    owner = Person(user)
    owner.enter_password(new or "")
    owner.enter_code()
    assert owner.get("/").headers["Location"] == "/security/password/"


def test_a_second_press_is_told_who_was_first(helper: Person, office: Person, wangwu: Person) -> None:
    held = version(helper, wangwu, ACT)
    press(office, wangwu, ACT)
    assert "itoffice@example.edu" in press(helper, wangwu, ACT, held)
    assert SecurityEvent.objects.filter(kind="stolen").count() == 1


def test_a_password_that_the_directory_keeps_is_not_ours(
    helper: Person, wangwu: Person, secret: str, settings: Settings
) -> None:
    settings.PASSWORDS_IN_DIRECTORY = True
    mail.outbox.clear()
    page = press(helper, wangwu, ACT)
    assert "密码不由本系统管理" in page
    assert any("修改密码的系统" in sent.body for sent in mail.outbox)
    assert not AppPassword.objects.exists()
    assert now(wangwu).has_usable_password()


def test_a_thief_who_changes_the_password_at_that_moment_is_refused(
    wangwu: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was compared, and is not yet written."""
    name = "accounts.security.passwords.make_password"
    assert wangwu.user

    def slowly(password: str | None) -> str:
        monkeypatch.setattr(name, make_password)
        assert thefts.stop(now(wangwu), "0", actor=None, reason="spam")
        return make_password(password)

    monkeypatch.setattr(name, slowly)
    changed = passwords.change(now(wangwu), PASSWORD, "correct-horse-42", address="192.0.2.1")
    assert changed.outcome is passwords.Outcome.WRONG
    assert not now(wangwu).has_usable_password()
