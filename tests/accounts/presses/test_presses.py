"""One form, sent twice: a browser's page with its tokens, as it was shown, posted again."""

import re
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.bans.models import Failure
from accounts.imports.models import Roster
from accounts.log.models import SecurityEvent
from accounts.presses import presses
from accounts.presses.models import Press
from apppasswords.models import AppPassword
from tests.kit.people import PASSWORD, Person, code_from_phone
from tests.kit.tabs import Tab


@pytest.fixture(autouse=True)
def _strict(zhangsan: Person, wangwu: Person, lisi: Person, clerk: Person) -> None:
    for person in (zhangsan, wangwu, lisi, clerk):
        person.handler.enforce_csrf_checks = True


def sign_in_form(person: Person, **more: str) -> dict[str, str]:
    assert person.user
    return {"username": person.user.username, "password": PASSWORD, **more}


def same(first: Any, twin: Any) -> bool:
    def seen(response: Any) -> Any:
        cookies = sorted(cookie.OutputString() for cookie in response.cookies.values())
        headers = {name: value for name, value in response.headers.items() if name != "X-Request-ID"}
        return response.status_code, response.content, headers, cookies

    return bool(seen(first) == seen(twin))


def test_who_signs_in_twice_is_in_once(lisi: Person) -> None:
    tab = Tab(lisi, "/sign-in/")
    before = SimpleCookie(lisi.cookies)
    first = tab.send(**sign_in_form(lisi))
    assert first.headers["Location"] == "/"
    after = SimpleCookie(lisi.cookies)
    for cookies in (before, after):  # the first answer never arrived; it arrived, and the page was still there
        lisi.cookies = SimpleCookie(cookies)
        assert same(first, tab.send(**sign_in_form(lisi)))
        assert lisi.is_in()
    assert SecurityEvent.objects.filter(kind="signed_in").count() == 1


def test_a_code_is_entered_once(wangwu: Person) -> None:
    Tab(wangwu, "/sign-in/").send(**sign_in_form(wangwu))
    tab = Tab(wangwu, "/sign-in/code/")
    before = SimpleCookie(wangwu.cookies)
    code = {"code": code_from_phone(), "trust_browser": "on"}
    first = tab.send(**code)
    assert first.headers["Location"] == "/"
    wangwu.cookies = before
    twin = tab.send(**code)
    assert same(first, twin)
    assert wangwu.is_in()
    assert settings.TRUSTED_BROWSER_COOKIE_NAME in twin.cookies


def test_a_secret_is_shown_to_its_form_until_its_owner_goes_on(wangwu: Person) -> None:
    sign_in(wangwu)
    tab = Tab(wangwu, "/app-passwords/")
    first = tab.send(name="Foxmail")
    assert b'class="secret"' in first.content
    assert same(first, tab.send(name="Foxmail"))
    assert AppPassword.objects.count() == 1
    wangwu.get("/app-passwords/")  # 完成
    assert tab.send(name="Foxmail").headers["Location"] == "/app-passwords/"
    assert AppPassword.objects.count() == 1


def sign_in(person: Person) -> None:
    Tab(person, "/sign-in/").send(**sign_in_form(person))
    Tab(person, "/sign-in/code/").send(code=code_from_phone())


def test_half_a_minute_later_it_is_shown_no_more(wangwu: Person) -> None:
    sign_in(wangwu)
    tab = Tab(wangwu, "/app-passwords/")
    tab.send(name="Foxmail")
    Press.objects.update(until=Now())  # as it is compared: SQLite counts thousandths of a second
    assert tab.send(name="Foxmail").headers["Location"] == "/app-passwords/"


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/app-passwords/", {"name": "Foxmail"}),
        ("/security/factors/recovery/", {}),
        ("/app-passwords/profile/", {"name": "iPhone", "qr": "on"}),
    ],
)
def test_no_other_language_takes_a_secret_off_the_screen(wangwu: Person, path: str, sent: dict[str, str]) -> None:
    """It would be asked for anew, and what is shown once is gone."""
    sign_in(wangwu)
    switch = b'action="/language/"'
    assert switch in wangwu.get(path).content
    wangwu.handler.enforce_csrf_checks = False
    shown = wangwu.post(path, sent)
    assert shown.status_code == 200
    assert switch not in shown.content


def test_another_code_in_the_same_form_is_no_twin(wangwu: Person) -> None:
    """Back, and the slip corrected."""
    Tab(wangwu, "/sign-in/").send(**sign_in_form(wangwu))
    tab = Tab(wangwu, "/sign-in/code/")
    right = code_from_phone()
    assert tab.send(code="000000" if right != "000000" else "111111").status_code == 200
    assert tab.send(code=right).headers["Location"] == "/"


def test_a_wrong_password_that_is_sent_again_after_its_answer_counts(lisi: Person) -> None:
    tab = Tab(lisi, "/sign-in/")
    for count in (1, 2, 3):
        tab.send(username="lisi", password="wrong")
        assert Failure.objects.count() == count


def test_whatever_is_sent_between_makes_it_a_press_of_its_own(wangwu: Person) -> None:
    """Saved as A, as B, and with Back as A again: A it is."""
    sign_in(wangwu)
    tab = Tab(wangwu, "/app-passwords/")  # the language at the foot
    tab.send(language="en")
    tab.send(language="zh-hans")
    assert tab.send(language="en").cookies[settings.LANGUAGE_COOKIE_NAME].value == "en"


def test_who_has_left_meanwhile_gets_no_answer(lisi: Person) -> None:
    """Signed out by a link (webmail's), which is no press."""
    tab = Tab(lisi, "/sign-in/")
    tab.send(**sign_in_form(lisi))
    lisi.cookies.pop("session")
    assert tab.send(**sign_in_form(lisi)).status_code != 302 or not lisi.is_in()


@pytest.mark.parametrize("without", ["press", "session", "csrf"])
def test_a_copied_form_alone_opens_nothing(wangwu: Person, without: str) -> None:
    sign_in(wangwu)
    tab = Tab(wangwu, "/app-passwords/")
    first = tab.send(name="Foxmail")
    secret = re.search(rb'data-copy="(\w{16})"', first.content)
    assert secret
    thief = Person(enforce_csrf_checks=True)
    thief.cookies = SimpleCookie(wangwu.cookies)
    del thief.cookies[without]
    assert secret[1] not in tab.send_as(thief, name="Foxmail").content
    thief.cookies[without] = "x" * 32
    assert secret[1] not in tab.send_as(thief, name="Foxmail").content


def test_nothing_of_it_can_be_read_in_the_database(wangwu: Person) -> None:
    sign_in(wangwu)
    first = Tab(wangwu, "/app-passwords/").send(name="Foxmail")
    secret = re.search(rb'data-copy="(\w{16})"', first.content)
    assert secret
    row = Press.objects.get()
    assert row.answer
    kept = bytes(row.answer) + row.browser.encode() + row.digest.encode()
    for readable in (secret[1], b"Foxmail", wangwu.cookies["press"].value.encode(), b"session", b"headers"):
        assert readable not in kept


def test_what_fails_is_done_by_its_twin(lisi: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = Tab(lisi, "/sign-in/")
    lisi.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr("accounts.signin.signin.start", lambda *_: 1 / 0)
        assert tab.send(**sign_in_form(lisi)).status_code == 500
    assert tab.send(**sign_in_form(lisi)).headers["Location"] == "/"


def test_who_died_over_it_leaves_it_to_the_twin(lisi: Person) -> None:
    """A process that was killed leaves a row without an answer."""
    tab = Tab(lisi, "/sign-in/")
    with pytest.MonkeyPatch.context() as dying:
        dying.setattr("accounts.signin.signin.start", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            tab.send(**sign_in_form(lisi))
    assert Press.objects.get().answer is None
    Press.objects.update(until=Now())
    assert tab.send(**sign_in_form(lisi)).headers["Location"] == "/"


def test_a_file_is_taken_once(clerk: Person) -> None:
    sign_in(clerk)
    tab = Tab(clerk, "/admin/imports/roster/add/")
    for _ in range(2):
        file = SimpleUploadedFile("people.csv", "邮箱,姓名\nnew@example.edu,新\n".encode())
        assert tab.send(file=file).status_code == 302
    assert Roster.objects.count() == 1
    other = SimpleUploadedFile("people.csv", "邮箱,姓名\nother@example.edu,别\n".encode())
    assert tab.send(file=other).status_code == 302
    assert Roster.objects.count() == 2


def test_two_statements_more(lisi: Person) -> None:
    tab = Tab(lisi, "/sign-in/")
    tab.send(language="zh-hans")
    with CaptureQueriesContext(connection) as captured:
        tab.send(**sign_in_form(lisi))
    ours = [query["sql"] for query in captured if "presses_press" in query["sql"]]
    assert len(ours) == 2, ours


def test_what_is_over_is_deleted(lisi: Person) -> None:
    Tab(lisi, "/sign-in/").send(**sign_in_form(lisi))
    presses.delete_expired()
    assert Press.objects.count() == 1
    Press.objects.update(until=timezone.now() - timedelta(seconds=1))
    presses.delete_expired()
    assert Press.objects.count() == 0
