"""On the day: who still used the mailbox password in a mail program is told that it has stopped, while that is true."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.maillogins import maillogins
from accounts.maillogins.models import MailLogin
from accounts.users.models import User
from apppasswords import stopped
from apppasswords.stopped import Stopped
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, Person

pytestmark = pytest.mark.django_db

Method = MailLogin.Method
SAID = "您的手机或电脑邮件客户端已不能用邮箱密码登录"
SENDING = "发件设置也要换上专用密码"


def logs_in(user: User, protocol: str, method: str, ago: timedelta = timedelta()) -> None:
    maillogins.note(user.pk, protocol, method, "192.0.2.7", timezone.now() - ago)


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    return make_user("wangwu", phone=NUMBER)


@pytest.mark.parametrize(
    ("before", "since", "said"),
    [
        ([], [], None),
        (["imap"], [], Stopped(receiving=True, sending=False)),
        (["imap", "smtp"], [], Stopped(receiving=True, sending=True)),
        (["imap", "smtp"], ["imap"], Stopped(receiving=False, sending=True)),
        (["imap", "smtp"], ["smtp"], Stopped(receiving=True, sending=False)),
        (["pop3"], ["imap"], None),
        (["imap", "smtp"], ["imap", "smtp"], None),
        (["smtp"], [], Stopped(receiving=False, sending=True)),
        (["sieve"], [], None),
    ],
)
def test_until_each_way_is_there_again(owner: User, before: list[str], since: list[str], said: Stopped | None) -> None:
    for protocol in before:
        logs_in(owner, protocol, Method.MAILBOX_PASSWORD, timedelta(days=1))
    for protocol in since:
        logs_in(owner, protocol, Method.APP_PASSWORD)
    assert stopped.of(owner) == said


def test_webmail_is_no_mail_program(owner: User) -> None:
    logs_in(owner, "imap", Method.MAILBOX_PASSWORD)
    logs_in(owner, "imap", Method.TOKEN)
    assert stopped.of(owner)


def test_what_was_long_ago_is_forgotten(owner: User, settings: Settings) -> None:
    logs_in(owner, "imap", Method.MAILBOX_PASSWORD, settings.MAILBOX_PASSWORD_SEEN + timedelta(days=1))
    assert stopped.of(owner) is None


def test_without_two_step_nothing_has_stopped(lisi: Person) -> None:
    assert lisi.user
    logs_in(lisi.user, "imap", Method.MAILBOX_PASSWORD)
    lisi.sign_in()
    assert SAID not in lisi.get("/").content.decode()


def test_anothers_programs_are_anothers(owner: User, lisi: Person) -> None:
    assert lisi.user
    logs_in(lisi.user, "imap", Method.MAILBOX_PASSWORD)
    assert stopped.of(owner) is None


# --- What people see -------------------------------------------------------------------------------------------------


def main_of(person: Person) -> str:
    return person.get("/").content.decode().partition("<h1>")[2].partition("</main>")[0]


def test_the_first_binding_ends_there(zhangsan: Person) -> None:
    """From the forced binding to a mail program that is in again."""
    assert zhangsan.user
    logs_in(zhangsan.user, "imap", Method.MAILBOX_PASSWORD, timedelta(hours=2))
    logs_in(zhangsan.user, "smtp", Method.MAILBOX_PASSWORD, timedelta(hours=2))
    assert zhangsan.sign_in().headers["Location"] == "/"
    page = main_of(zhangsan)
    assert SAID in page
    assert "生成专用密码（约 2 分钟）" in page
    assert page.count("btn-primary") == 1

    zhangsan.post("/app-passwords/", {"name": "Foxmail"})
    page = main_of(zhangsan)
    assert SAID in page, "it is entered nowhere yet"
    assert "查看换密码的步骤" in page

    logs_in(zhangsan.user, "imap", Method.APP_PASSWORD)
    page = main_of(zhangsan)
    assert SAID not in page
    assert SENDING in page
    logs_in(zhangsan.user, "smtp", Method.APP_PASSWORD)
    assert SENDING not in main_of(zhangsan)


def test_webmail_is_offered_beside_it(zhangsan: Person, settings: Settings) -> None:
    settings.MAILBOX_URL = "https://webmail.example.edu/"
    assert zhangsan.user
    zhangsan.sign_in()
    page = main_of(zhangsan)
    assert page.count("https://webmail.example.edu/") == page.count("btn-primary") == 1
    logs_in(zhangsan.user, "imap", Method.MAILBOX_PASSWORD)
    page = main_of(zhangsan)
    assert page.count("https://webmail.example.edu/") == page.count("btn-primary") == 1, "not twice"
    assert page.index("生成专用密码（约") < page.index("https://webmail.example.edu/")


def test_rows_say_how_things_stand(zhangsan: Person) -> None:
    zhangsan.sign_in()
    page = main_of(zhangsan)
    assert all(text in page for text in ("已绑定 · 138****8000", "未设置", "尚未生成"))
    assert " 0 个" not in page
    assert "zhangsan@example.edu" in page, "whose pages these are, on a narrow screen too"
    zhangsan.post("/app-passwords/", {"name": "Foxmail"})
    assert "1 个客户端专用密码" in main_of(zhangsan)
