"""信息办's number is there to be called, on every page that says it, however it is written."""

import re

import pytest
from pytest_django import Settings

from accounts.lib import contact
from tests.kit.people import Person


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("010-6233-0000", ["+86-10-6233-0000"]),
        ("信息办 010-6233-0000", ["+86-10-6233-0000"]),
        ("行政楼 301 室，电话：（010）62330000，工作日 8:30-17:30", ["+86-10-6233-0000"]),
        ("010-6233-0000 / 010-6233-0001", ["+86-10-6233-0000", "+86-10-6233-0001"]),
        ("+86 10 6233 0000", ["+86-10-6233-0000"]),
        ("400-800-1234", ["+86-400-800-1234"]),
        ("内线 62330000", ["62330000"]),
        ("分机 3456", []),
        ("行政楼 301 室", []),
        ("", []),
    ],
)
def test_numbers_are_found_and_nothing_else_is(text: str, called: list[str]) -> None:
    shown = contact.linked(text)
    assert re.findall(r'href="tel:([^"]+)"', shown) == called
    assert re.sub(r"<[^>]+>", "", shown) == text, "it reads as it was written"


@pytest.mark.parametrize("text", ["<b>010-6233-0000</b>", '010-6233-0000"><script>', "<script>010-6233-0000"])
def test_it_is_text(text: str) -> None:
    assert not re.search("<(b|script)>", contact.linked(text))


@pytest.mark.django_db
def test_every_page_that_says_it_lets_it_be_called(zhangsan: Person, settings: Settings) -> None:
    settings.SUPPORT_CONTACT = "信息办 010-6233-0000"
    pages = [Person().get(path) for path in ("/sign-in/", "/guides/iphone/", "/no-such-page/")]
    zhangsan.sign_in()
    pages += [zhangsan.get(path) for path in ("/", "/security/phone/", "/security/activity/not-me/", "/app-passwords/")]
    pages.append(zhangsan.post("/security/activity/not-me/", follow=True))
    for page in pages:
        text = page.content.decode()
        assert "010-6233-0000" in text
        assert "010-6233-0000" not in re.sub(r"<a [^>]*href=\"tel:[^>]*>[^<]*</a>", "", text)


@pytest.mark.django_db
def test_who_has_lost_the_phone_is_told_what_to_bring_and_where_to(zhangsan: Person, settings: Settings) -> None:
    zhangsan.sign_in()
    half_way = Person(zhangsan.user)
    half_way.enter_password()
    pages = [
        (half_way, "/sign-in/help/"),
        *((zhangsan, f"/security/phone/{page}") for page in ("", "change/", "unbind/")),
    ]
    for counter in ("信息楼 101 室，工作日 8:30–17:00", ""):
        settings.SUPPORT_COUNTER = counter
        for person, path in pages:
            text = person.get(path).content.decode()
            assert text.count("身份证") == 1, path
            assert counter in text, path
