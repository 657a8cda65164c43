"""Mailbox passwords that a directory keeps: on the web and for mail programs, on its good days and on its bad ones."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from accounts.bans.models import Ban, Failure
from accounts.directory.asking import client, questions, servers
from accounts.directory.asking.answers import Answer, Away
from accounts.directory.models import Asked
from accounts.users import mailbox_passwords
from accounts.users.keeper import CannotTell
from accounts.users.models import User
from apppasswords.maillogin import decision
from apppasswords.maillogin.decision import Outcome
from tests.accounts.directory.conftest import ELSEWHERE, use
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, PASSWORD, Person
from tests.kit.servers import certificates
from tests.kit.servers.directory import Directory
from tests.kit.servers.wire import Wire

Staff = Callable[[str], Person]


def by_mail(name: str, password: str = PASSWORD, address: str = "192.0.2.1") -> Outcome:
    return decision.verify(decision.Login(f"{name}@example.edu", password, "imap", address)).outcome


def shown(page: Any) -> str:
    """What is said above the form, and below its fields."""
    return " ".join(re.findall(r'role="alert">(.*?)</div>', page.text, re.DOTALL))


def locked(directory: Directory, name: str) -> bool:
    """Whether the directory itself lets nobody in any more."""
    return client.compare(directory.url, f"{name}@example.edu", PASSWORD, time.monotonic() + 5) is Answer.LOCKED


# --- Right and wrong


def test_the_directory_decides_on_the_web(staff: Staff, make_user: MakeUser) -> None:
    lisi = staff("lisi")
    assert lisi.enter_password().headers["Location"] == "/"
    assert lisi.is_in()
    own = Person(make_user("nobodythere", two_step=False))  # has a password of Mailkey's, as before the directory came
    assert own.enter_password().status_code == 200
    assert not own.is_in()
    assert Failure.objects.filter(account="nobodythere@example.edu").count() == 1


def test_the_second_step_follows_as_always(slapd: Directory, wangwu: Person) -> None:
    assert wangwu.enter_password().headers["Location"] == "/sign-in/code/"
    assert wangwu.enter_code().headers["Location"] == "/"


def test_wrong_ones_count_and_ban(staff: Staff, settings: Settings) -> None:
    lisi = staff("lisi")
    settings.LDAP_WRONG_LIMIT = 5
    settings.BAN_AFTER_FAILURES = 3
    for _ in range(2):
        assert lisi.enter_password("wrong").status_code == 200
    assert lisi.enter_password("wrong").status_code == 429
    assert lisi.enter_password().status_code == 429


def test_mail_programs(staff: Staff, make_user: MakeUser) -> None:
    staff("lisi")
    make_user("wangwu")  # two-step: an app password only, whatever the directory would say
    assert by_mail("lisi") is Outcome.YES
    assert by_mail("lisi", "wrong") is Outcome.NO
    assert by_mail("wangwu") is Outcome.NO
    assert by_mail("nobodythere") is Outcome.NO


@pytest.mark.parametrize("password", ["", "\0", " "])
def test_an_empty_password_is_never_bound(staff: Staff, slapd: Directory, password: str) -> None:
    user = staff("lisi").user
    assert user
    if not password:
        assert client.compare(slapd.url, user.username, password, time.monotonic() + 5) is Answer.WRONG
    assert mailbox_passwords.check_password(user.username, password) is None
    assert by_mail("lisi", password) is Outcome.NO


def test_a_name_that_finds_two_entries_is_nobody(staff: Staff, slapd: Directory) -> None:
    assert staff("twin").enter_password().status_code == 200
    assert client.compare(slapd.url, "twin@example.edu", PASSWORD, time.monotonic() + 5) is Answer.NOBODY


def test_nothing_of_a_name_is_part_of_the_filter(settings: Settings, slapd: Directory) -> None:
    settings.LDAP_FILTER = "(|(mail={address})(uid={name}))"
    assert client.filter_for("*)(uid=*\\@x{name}") == r"(|(mail=\2a\29\28uid=\2a\5c@x{name})(uid=\2a\29\28uid=\2a\5c))"


# --- What Active Directory and policies of passwords say


@pytest.mark.parametrize("name", ["ad532", "ad773", "mustchange", "expired"])
def test_an_expired_password_is_told(staff: Staff, settings: Settings, name: str) -> None:
    settings.PASSWORD_RESET_URL = "https://id.example.edu/password"
    person = staff(name)
    page = person.enter_password()
    assert "密码已过期" in shown(page)
    assert '<a href="https://id.example.edu/password">' in shown(page)
    assert not person.is_in()
    assert by_mail(name) is Outcome.NO
    assert not Failure.objects.exists()


def test_a_wrong_one_is_not_told_that_it_has_expired(staff: Staff) -> None:
    assert "过期" not in shown(staff("expired").enter_password("wrong"))
    assert Failure.objects.count() == 1


@pytest.mark.parametrize("name", ["ad52e", "ad530", "ad533", "ad701"])
def test_refused_by_active_directory(staff: Staff, name: str) -> None:
    assert staff(name).enter_password().status_code == 200
    assert by_mail(name) is Outcome.NO
    assert Failure.objects.count() == 2


def test_what_is_locked_there_was_not_compared(staff: Staff) -> None:
    person = staff("ad775")
    assert "暂时无法验证" in shown(person.enter_password())
    assert by_mail("ad775") is Outcome.CANNOT_TELL
    assert not Failure.objects.exists()


# --- Away


@pytest.mark.parametrize("scheme", ["url", "tls_url"])
@pytest.mark.parametrize("way", ["killed", "frozen"])
def test_no_answer_is_cannot_tell_within_a_second(
    staff: Staff, slapd: Directory, settings: Settings, way: str, scheme: str
) -> None:
    use(settings, slapd, getattr(slapd, scheme))
    lisi = staff("lisi")
    assert by_mail("lisi", "another") is Outcome.NO
    slapd.stop() if way == "killed" else slapd.service.freeze()
    assert quickest(lambda: answers_nothing("lisi@example.edu")) < 1
    assert "暂时无法验证" in shown(lisi.enter_password())
    for password in (PASSWORD, "wrong", "wrong again"):
        assert by_mail("lisi", password) is Outcome.CANNOT_TELL
    assert Failure.objects.count() == 1
    assert not Ban.objects.exists()
    assert not Asked.objects.filter(count__gt=1).exists()


def quickest(ask: Callable[[], None]) -> float:
    """Of three times at which a silent server is asked. A busy machine is late now and then; what waits for the
    directory is late each time."""

    def once() -> float:
        questions._servers.cache_clear()  # or it would be left alone
        began = time.monotonic()
        ask()
        return time.monotonic() - began

    return min(once() for _ in range(3))


def answers_nothing(username: str) -> None:
    """And whoever asks after that does not wait at all."""
    with pytest.raises(CannotTell):
        mailbox_passwords.check_password(username, PASSWORD)
    assert by_mail(username.partition("@")[0]) is Outcome.CANNOT_TELL


def test_nobody_learns_then_who_has_a_mailbox(staff: Staff, slapd: Directory) -> None:
    known, unknown = staff("lisi"), Person()
    slapd.stop()
    pages = [known.enter_password(), unknown.enter_password(name="stranger@example.edu")]
    assert ["暂时无法验证" in shown(page) for page in pages] == [True, True]


def test_half_an_answer_is_none(staff: Staff, slapd: Directory, settings: Settings) -> None:
    staff("lisi")
    for most in (1, 14, 20, 60, 80):  # within the first answer, after it, within the entry, before the end
        with Wire(slapd.port, most=most) as wire:
            use(settings, slapd, f"ldap://127.0.0.1:{wire.port}")
            assert by_mail("lisi", f"x{most}") is Outcome.CANNOT_TELL, most
    assert not Failure.objects.exists()


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_another_server_takes_over_and_the_silent_one_is_left_alone(
    staff: Staff, slapd: Directory, settings: Settings, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one whose TLS never comes about, for which libldap has no end."""
    monkeypatch.setattr(servers, "LEFT_ALONE", 60)  # seconds; a busy machine takes its time
    lisi, settings.LDAP_ANSWER_WITHIN = staff("lisi"), 2  # half of it for each
    with Wire() as silent:
        use(settings, slapd, f"{scheme}://127.0.0.1:{silent.port}", slapd.tls_url)
        assert lisi.enter_password().headers["Location"] == "/"
        assert silent.calls == 1
        assert by_mail("lisi", "wrong") is Outcome.NO
        assert silent.calls == 1


@pytest.mark.parametrize("fault", ["authority", "name", "plain"])
def test_who_cannot_prove_its_name_is_told_nothing(
    staff: Staff, slapd: Directory, settings: Settings, fault: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    staff("lisi")
    if fault == "authority":
        use(settings, slapd, slapd.tls_url)
        settings.LDAP_CA_FILE = str(certificates.make(tmp_path_factory.mktemp("other") / "tls"))
    elif fault == "name":
        use(settings, slapd, f"ldaps://127.0.0.2:{slapd.tls_port}")
    else:
        settings.LDAP_STARTTLS = "on"
        settings.LDAP_CA_FILE = str(certificates.make(tmp_path_factory.mktemp("other") / "tls"))
    assert by_mail("lisi") is Outcome.CANNOT_TELL


def test_starttls(staff: Staff, settings: Settings) -> None:
    settings.LDAP_STARTTLS = "on"
    staff("lisi")
    assert by_mail("lisi") is Outcome.YES


def test_a_referral_is_not_followed(staff: Staff, slapd: Directory, settings: Settings) -> None:
    staff("lisi")
    settings.LDAP_BASE = ELSEWHERE
    with pytest.raises(Away, match="REFERRAL"):
        questions.look_up("lisi@example.edu")
    assert by_mail("lisi") is Outcome.CANNOT_TELL
    assert not Failure.objects.exists()


@pytest.mark.parametrize("fault", ["password", "base"])
def test_our_own_mistakes_are_nobodys_wrong_password(
    staff: Staff, slapd: Directory, settings: Settings, fault: str
) -> None:
    staff("lisi")
    if fault == "password":
        settings.LDAP_BIND_PASSWORD = "old"
    else:
        settings.LDAP_BASE = "dc=example,dc=com"
    assert by_mail("lisi") is Outcome.CANNOT_TELL
    assert not Failure.objects.exists()


def test_the_office_gets_in_by_a_password_of_its_own(slapd: Directory, clerk: Person) -> None:
    slapd.stop()
    assert clerk.enter_password("wrong").status_code == 200
    assert clerk.enter_password().headers["Location"] == "/sign-in/code/"


# --- Changed here


@pytest.fixture
def changes(slapd: Directory, settings: Settings) -> None:
    settings.LDAP_PASSWORD_CHANGE, settings.HAS_PASSWORD_PAGE = "rfc3062", True


def change(person: Person, old: str, new: str) -> Any:
    return person.post("/security/password/", {"old_password": old, "new_password": new, "new_password_again": new})


@pytest.mark.usefixtures("changes")
def test_it_is_changed_in_the_directory(wangwu: Person, slapd: Directory) -> None:
    assert wangwu.user
    wangwu.arrive()
    ended = User.objects.get(pk=wangwu.user.pk).sessions_ended
    new = "changed-on-the-page-88"
    try:
        assert change(wangwu, PASSWORD, new).headers["Location"] == "/"
        assert wangwu.is_in()
        assert User.objects.get(pk=wangwu.user.pk).sessions_ended == ended + 1  # all others
        assert client.compare(slapd.url, wangwu.user.username, new, time.monotonic() + 5) is Answer.RIGHT
    finally:
        slapd.set_password("wangwu", PASSWORD)


@pytest.mark.usefixtures("changes")
def test_what_the_directory_refuses_is_refused(make_user: MakeUser, slapd: Directory, settings: Settings) -> None:
    sunba = Person(make_user("sunba", phone=NUMBER))
    sunba.arrive()
    assert "当前" in shown(change(sunba, "wrong", "changed-on-the-page-88"))
    assert "统一身份目录不接受" in shown(change(sunba, PASSWORD, "changed-on-the-page-88"))
    settings.LDAP_PASSWORD_CHANGE = "ad"  # which this directory does not know
    assert "暂时无法验证" in shown(change(sunba, PASSWORD, "changed-on-the-page-88"))
    slapd.stop()
    assert "暂时无法验证" in shown(change(sunba, PASSWORD, "changed-on-the-page-88"))
    assert sunba.is_in()
