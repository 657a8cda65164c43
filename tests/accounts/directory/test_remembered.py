"""What is remembered of a directory’s answers, so that nobody is locked there by what reaches Mailkey."""

import time
from datetime import timedelta

import pytest
import time_machine
from pytest_django import Settings

from accounts.directory import memory, passwords
from accounts.directory.asking import client
from accounts.directory.models import Asked, Remembered
from accounts.sessions import endings
from accounts.users import mailbox_passwords
from accounts.users.keeper import Asker, CannotTell
from accounts.users.models import User
from apppasswords import names
from apppasswords.maillogin.decision import Outcome
from tests.accounts.directory.test_passwords import Staff, by_mail, locked, shown
from tests.kit.people import PASSWORD
from tests.kit.servers.directory import Directory

# --- What is remembered


def test_mail_programs_do_not_hammer_it(staff: Staff, slapd: Directory) -> None:
    lisi = staff("lisi")
    with time_machine.travel(time.time()) as clock:
        assert by_mail("lisi") is Outcome.YES
        slapd.stop()
        assert by_mail("lisi") is Outcome.YES
        assert by_mail("lisi", "wrong") is Outcome.CANNOT_TELL
        assert "暂时无法验证" in shown(lisi.enter_password())  # a sign-in asks each time
        clock.shift(timedelta(minutes=11))
        assert by_mail("lisi") is Outcome.CANNOT_TELL


def test_what_ends_sessions_ends_the_memory(staff: Staff, slapd: Directory) -> None:
    user = staff("lisi").user
    assert user
    assert by_mail("lisi") is Outcome.YES
    slapd.stop()
    user.end_sessions()
    assert by_mail("lisi") is Outcome.CANNOT_TELL


def test_a_disabled_account_is_out_at_once(staff: Staff) -> None:
    user = staff("lisi").user
    assert user
    assert by_mail("lisi") is Outcome.YES
    endings.end(endings.Occasion.DISABLED, user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert by_mail("lisi") is Outcome.NO


def test_a_lock_in_the_directory_ends_the_memory(staff: Staff, slapd: Directory) -> None:
    """As soon as it says so: at a sign-in."""
    qianqi = staff("qianqi")
    assert by_mail("qianqi") is Outcome.YES
    for number in range(6):
        client.compare(slapd.url, "qianqi@example.edu", f"wrong {number}", time.monotonic() + 5)
    assert locked(slapd, "qianqi")
    assert by_mail("qianqi") is Outcome.YES
    assert "暂时无法验证" in shown(qianqi.enter_password())
    assert by_mail("qianqi") is Outcome.CANNOT_TELL


def test_a_new_password_takes_the_place_of_the_old_one(staff: Staff, slapd: Directory) -> None:
    lisi = staff("lisi")
    assert by_mail("lisi") is Outcome.YES
    slapd.set_password("lisi", "the-new-one-77")
    try:
        assert lisi.enter_password("the-new-one-77").headers["Location"] == "/"
        assert by_mail("lisi") is Outcome.NO
        assert by_mail("lisi", "the-new-one-77") is Outcome.YES
    finally:
        slapd.set_password("lisi", PASSWORD)


def test_no_password_is_kept(staff: Staff) -> None:
    user = staff("lisi").user
    assert user
    assert by_mail("lisi") is Outcome.YES
    assert by_mail("lisi", "wrong") is Outcome.NO
    kept = {row.is_right: row.digest for row in Remembered.objects.all()}
    assert {right: len(digest) for right, digest in kept.items()} == {True: 64, False: memory.CUT}
    with time_machine.travel(time.time() + 3600):
        passwords.delete_expired()
    assert not Remembered.objects.exists()
    assert not Asked.objects.exists()


# --- Never locked


def test_an_old_phone_does_not_lock_the_account(staff: Staff, slapd: Directory) -> None:
    staff("zhangsan")
    for number in range(30):
        assert by_mail("zhangsan", "old", f"192.0.2.{number}") is Outcome.NO
    assert not locked(slapd, "zhangsan")
    assert by_mail("zhangsan") is Outcome.YES


def test_guesses_from_everywhere_do_not_lock_it(staff: Staff, slapd: Directory, settings: Settings) -> None:
    """Six lock it there."""
    zhaoliu = staff("zhaoliu")
    said = [by_mail("zhaoliu", f"guess {number}", f"198.51.100.{number}") for number in range(20)]
    assert said == [Outcome.NO] * settings.LDAP_WRONG_LIMIT + [Outcome.CANNOT_TELL] * 16
    page = zhaoliu.enter_password()
    assert "密码输错次数过多" in shown(page)
    assert not locked(slapd, "zhaoliu")
    with time_machine.travel(time.time() + 1860):
        assert zhaoliu.enter_password().headers["Location"] == "/"


def test_names_of_app_passwords_are_no_guesses(staff: Staff, slapd: Directory) -> None:
    user = staff("wangwu").user
    assert user
    for name in ("iPhone", "我的 iPhone 15", "Outlook in the office", "Thunderbird", "小米手机", "laptop"):
        assert names.fault(user, name) is None
    assert not Asked.objects.exists()
    assert names.fault(user, PASSWORD) is names.Fault.SECRET
    slapd.stop()
    assert names.fault(user, "Another-one-1") is None


def test_a_crowd_is_answered_too(staff: Staff, settings: Settings) -> None:
    user = staff("lisi").user
    assert user
    settings.LDAP_WRONG_LIMIT = 1
    Asked.objects.create(user=user, count=1, began_at=user.date_joined)
    with pytest.raises(CannotTell) as answer:
        mailbox_passwords.check_password(user.username, PASSWORD, Asker.MAIL_LOGIN)
    assert answer.value.until == user.date_joined + settings.LDAP_WRONG_WITHIN
