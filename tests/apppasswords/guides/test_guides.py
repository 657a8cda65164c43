"""客户端设置指南: the right servers, address and password in each, and the warnings where mistakes are made."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.users.models import User
from apppasswords.guides import programs
from apppasswords.guides.programs import ALL
from apppasswords.guides.shapes import Program, Step, Value
from apppasswords.models import AppPassword
from tests.conftest import MakeUser
from tests.kit import visitors
from tests.kit.people import NUMBER, Person

pytestmark = pytest.mark.django_db

LANGUAGES = ("zh-hans", "en")
EVERY_GUIDE = pytest.mark.parametrize("program", ALL, ids=lambda program: program.slug)
EVERY_LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)


def page_of(person: Person, slug: str) -> str:
    response = person.get(f"/guides/{slug}/" if slug else "/guides/")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def section(page: str, way: str) -> str:
    """`replace` or `add`: what to do with an account that is there, and without one."""
    return page.partition(f'aria-labelledby="{way}">')[2].partition("</section>")[0]


def steps_of(page: str, way: str) -> list[str]:
    return section(page, way).split('<li class="panel step">')[1:]


def mind(page: str) -> str:
    """The box of what is to be minded."""
    return page.partition('aria-labelledby="mind">')[2].partition("</section>")[0].replace("&#x27;", "'")


def fields(page: str) -> list[tuple[str, str]]:
    """Of the drawn forms: how it is shown (own, copied-value, or as it stands), and what."""
    shown = re.findall(r'<dd>\s*(?:<span class="([a-z-]+)">)?(?:<code>)?([^<]+)', page)
    return [(kind, value.strip()) for kind, value in shown]


@pytest.fixture
def reader(make_user: MakeUser) -> Person:
    """Two-step is on, signed in."""
    person = Person(make_user("wangwu", name="王五", phone=NUMBER))
    person.arrive()
    return person


# --- What is filled in -----------------------------------------------------------------------------------------------


@EVERY_LANGUAGE
@EVERY_GUIDE
def test_everybody_reads_them_without_signing_in(program: Program, language: str) -> None:
    stranger = Person(HTTP_ACCEPT_LANGUAGE=language)
    page = page_of(stranger, program.slug)
    assert "imap.example.edu" in page
    assert "smtp.example.edu" in page
    assert "@example.edu" in page
    assert "wangwu" not in page
    assert "/sign-in/?next=/app-passwords/" in page
    both = {
        "zh-hans": ("启用二次认证后", "没有启用时也可以用邮箱原生密码"),
        "en": ("With two-step verification on", "With two-step off"),
    }
    assert all(text in page for text in both[language])
    assert not stranger.cookies.get("session"), "who only reads is not remembered"


@EVERY_LANGUAGE
@EVERY_GUIDE
def test_ones_own_address_and_the_password_that_is_needed(
    reader: Person, program: Program, language: str, settings: Settings
) -> None:
    reader.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    page = page_of(reader, program.slug)
    assert "wangwu@example.edu" in page
    needed = {"zh-hans": "您需要一个客户端专用密码", "en": "You need an app password"}[language]
    assert needed in page
    assert 'href="/app-passwords/"' in page


@EVERY_LANGUAGE
@EVERY_GUIDE
def test_without_two_step_both_passwords_do(lisi: Person, program: Program, language: str) -> None:
    lisi.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    lisi.arrive()
    page = page_of(lisi, program.slug)
    assert "lisi@example.edu" in page
    both = {"zh-hans": "邮箱原生密码或客户端专用密码", "en": "mailbox password or app password"}[language]
    assert both in page
    assert {"zh-hans": "您需要一个", "en": "You need an"}[language] not in page


def test_servers_are_the_institutions(reader: Person, settings: Settings) -> None:
    settings.MAIL_SERVERS = {
        "IMAP": ("mail.somewhere.edu.cn", 1993, "SSL/TLS"),
        "POP": ("pop.somewhere.edu.cn", 1995, "SSL/TLS"),
        "SMTP": ("out.somewhere.edu.cn", 1465, "SSL/TLS"),
    }
    for program in ALL:
        page = page_of(reader, program.slug)
        assert "example.edu" not in page.replace("wangwu@example.edu", "").replace("<code>example.edu", "")
        for text in ("mail.somewhere.edu.cn", "1993", "out.somewhere.edu.cn", "1465", "pop.somewhere.edu.cn", "1995"):
            assert text in page, program.slug


def test_how_long_a_ban_lasts_is_as_it_is_set(reader: Person, settings: Settings) -> None:
    settings.BAN_AFTER_FAILURES, settings.BAN_LIFETIME = 7, 3 * settings.BAN_LIFETIME
    assert "连续输错 7 次后，您所在的 IP 地址会被临时封禁 3 小时" in page_of(reader, "other")


@pytest.mark.bypass("row 15: who is half-way is told nothing of the account")
@pytest.mark.parametrize(
    "visitor", [visitors.halfway, visitors.halfway_without_phone, visitors.overtaken, visitors.overtaken_without_phone]
)
def test_who_is_half_way_is_a_stranger(visitor: Callable[[MakeUser], Person], make_user: MakeUser) -> None:
    """Who was in before two-step was switched on, too."""
    person = visitor(make_user)
    assert person.user
    User.objects.filter(pk=person.user.pk).update(name="王五")
    for slug in ("", *programs.BY_SLUG):
        page = page_of(person, slug)
        assert not [private for private in (person.user.username, "王五", "136****", "退出") if private in page]
        assert "没有启用时也可以用邮箱原生密码" in page, "nor whether two-step is on"


def test_what_is_none(reader: Person) -> None:
    assert reader.get("/guides/netscape/").status_code == 404
    assert reader.get("/guides/iphone").status_code in (301, 404)
    assert reader.post("/guides/iphone/").status_code == 405


def test_it_costs_a_sign_in_and_no_more(
    reader: Person, django_assert_num_queries: DjangoAssertNumQueries, settings: Settings
) -> None:
    with django_assert_num_queries(0):
        page_of(Person(), "iphone")
    with django_assert_num_queries(
        5
    ):  # the session, its owner, the phone, whether its owner has ended it, other addresses
        page_of(reader, "iphone")
    assert not AppPassword.objects.exists()


def test_every_page_leads_there(reader: Person) -> None:
    assert 'href="/guides/"' in Person().get("/sign-in/").content.decode()
    for path in ("/", "/app-passwords/"):
        main = reader.get(path).content.decode().partition('<div class="page">')[2].partition("</main>")[0]
        assert 'href="/guides/"' in main, path
    overview = page_of(reader, "")
    assert all(f'href="/guides/{slug}/"' in overview for slug in programs.BY_SLUG)


def test_a_new_app_password_leads_to_each_guide_and_stays_open(reader: Person) -> None:
    made = reader.post("/app-passwords/", {"name": "Foxmail"}).content.decode()
    for slug in programs.BY_SLUG:
        assert re.search(rf'href="/guides/{slug}/" target="_blank" rel="noopener"', made), slug


# --- Replacing a password, and adding an account ---------------------------------------------------------------------


@EVERY_LANGUAGE
@EVERY_GUIDE
def test_who_has_the_account_already_comes_first(program: Program, language: str) -> None:
    page = page_of(Person(HTTP_ACCEPT_LANGUAGE=language), program.slug)
    said = {"zh-hans": ("已经在用：只需换密码", "第一次添加"), "en": ("Already in use", "Set up for the first time")}
    replace, add = (page.index(f">{text}", page.index("</nav>", page.index('class="ways"'))) for text in said[language])
    assert replace < add
    assert page.index('href="#replace"') < page.index('href="#add"')
    assert len(steps_of(page, "replace")) <= 3


@EVERY_GUIDE
def test_both_servers_get_the_new_password(program: Program, reader: Person) -> None:
    texts = section(page_of(reader, program.slug), "replace")
    assert "发件" in texts or "外发" in texts or "待发" in texts
    if program.slug != "foxmail":  # its one password is for both
        assert "smtp.example.edu" in texts
        assert "imap.example.edu" in texts
    assert "给自己发一封" in texts


@EVERY_GUIDE
def test_replacing_asks_for_nothing_that_an_account_has(program: Program) -> None:
    """Ports and kinds of encryption are as they were."""
    asked = {one.value for step in program.replacing if step.form for one in step.form.fields}
    assert asked <= {Value.ADDRESS, Value.PASSWORD, Value.IMAP, Value.SMTP}
    assert Value.PASSWORD in asked


@EVERY_GUIDE
def test_each_names_both_servers(program: Program) -> None:
    assert _steps_with(program, Value.IMAP)
    assert _steps_with(program, Value.SMTP)


def _steps_with(program: Program, value: Value) -> list[Step]:
    return [step for step in program.adding if step.form and any(one.value is value for one in step.form.fields)]


@EVERY_GUIDE
def test_chinese_pages_are_chinese(program: Program) -> None:
    with override("zh-hans"):
        texts = [str(text) for step in (*program.replacing, *program.adding) for text in (step.text, step.note) if text]
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in texts)


# --- What is typed, and what is only described -----------------------------------------------------------------------


@EVERY_GUIDE
def test_what_only_the_reader_knows_looks_like_nothing_to_type(program: Program) -> None:
    shown = {value: kind for kind, value in fields(page_of(Person(), program.slug))}
    assert shown["客户端专用密码"] == "own"
    assert shown.get("您的邮箱名@example.edu", "own") == "own"
    assert shown.get("您的姓名", "own") == "own"
    assert "‹" not in page_of(Person(), program.slug)


@EVERY_GUIDE
def test_what_is_known_is_copied(program: Program, reader: Person) -> None:
    page = page_of(reader, program.slug)
    for value in ("wangwu@example.edu", "imap.example.edu", "smtp.example.edu", "993", "465"):
        assert f'data-copy="{value}" aria-label="复制 {value}" hidden' in page, (
            "hidden: without a script it does nothing"
        )
    assert {kind for kind, value in fields(page) if "@" in value} <= {"copied-value"}
    assert 'data-copy="您的' not in page_of(Person(), program.slug)
    assert {kind for kind, value in fields(page) if value == "王五"} <= {""}, "as it stands, but no server's business"


# --- On paper --------------------------------------------------------------------------------------------------------


@EVERY_GUIDE
def test_paper_says_where_it_is_from(program: Program, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://mailkey.example.edu"
    sheet = page_of(Person(), program.slug).partition('class="on-paper"')[2]
    assert f"本页地址：https://mailkey.example.edu/guides/{program.slug}/" in sheet
    assert f"打印日期：{timezone.localdate():%Y-%m-%d}" in sheet
    assert "data:image/svg+xml" in sheet
