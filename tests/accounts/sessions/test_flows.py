"""Several tabs of one browser: a form of one person does nothing to another, and every old form leads on."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context
from pytest_django import Settings

from accounts.phones.models import Phone
from accounts.sessions.gate import decorators, flows, middleware
from accounts.users.models import User
from apppasswords.models import AppPassword
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, OTHER_NUMBER, PASSWORD, Person, code_from_phone
from tests.kit.snapshots import changed, everything
from tests.kit.tabs import Tab

HERE = "h***@example.edu"


@pytest.fixture
def browser(make_user: MakeUser) -> Person:
    """Of a computer at which ming and hong both have a mailbox."""
    make_user("ming", name="明")
    make_user("hong", name="红", phone=OTHER_NUMBER)
    return Person(enforce_csrf_checks=True)


def name(browser: Person, mailbox: str) -> None:
    assert Tab(browser, "/sign-in/").send(username=mailbox, password=PASSWORD).status_code == 302


def sign_in(browser: Person, mailbox: str) -> None:
    name(browser, mailbox)
    assert Tab(browser, "/sign-in/code/").send(code=code_from_phone()).headers["Location"] == "/"


SOMEBODY_ELSE: dict[str, Callable[[Person, str], None]] = {"half-way": name, "in": sign_in}


def is_told(response: object) -> None:
    assert response.status_code == 409, response  # type: ignore[attr-defined]
    text = response.content.decode()  # type: ignore[attr-defined]
    assert HERE in text
    assert 'href="/"' in text


@pytest.mark.bypass("mastodon#9782: the phone of the one is bound to the other")
@pytest.mark.parametrize("come", SOMEBODY_ELSE)
def test_a_number_is_bound_to_nobody_else(browser: Person, come: str) -> None:
    name(browser, "ming")
    tab = Tab(browser, "/sign-in/phone/")
    SOMEBODY_ELSE[come](browser, "hong")
    is_told(tab.send(number=NUMBER))
    assert Phone.objects.filter(number=f"+86{NUMBER}").count() == 0


@pytest.mark.parametrize("come", SOMEBODY_ELSE)
def test_a_right_code_is_no_wrong_code_of_another(browser: Person, make_user: MakeUser, come: str) -> None:
    make_user("gang", phone=NUMBER)
    name(browser, "gang")
    tab, code = Tab(browser, "/sign-in/code/"), code_from_phone(NUMBER)
    SOMEBODY_ELSE[come](browser, "hong")
    is_told(tab.send(code=code))
    assert User.objects.get(username="hong@example.edu").wrong_codes == 0
    # The way on: hong goes on where hong was.
    assert browser.get("/").headers.get("Location") == (None if come == "in" else "/sign-in/code/")


FORMS: dict[str, dict[str, str]] = {
    "/app-passwords/": {"name": "Foxmail"},
    "/security/phone/unbind/": {"send": "1"},
    "/": {},  # out
    "/security/password/": {"old_password": PASSWORD, "new_password": "x" * 20, "new_password_again": "x" * 20},
    "/admin/accounts/user/add/": {"username": "new@example.edu"},
}


@pytest.mark.parametrize("page", FORMS)
@pytest.mark.parametrize("come", SOMEBODY_ELSE)
def test_no_form_of_who_was_in_does_anything_to_who_is(
    browser: Person, make_user: MakeUser, page: str, come: str
) -> None:
    make_user("gang", phone=NUMBER, is_staff=True, is_superuser=True)
    sign_in(browser, "gang")
    tab = Tab(browser, page)
    Tab(browser, "/").sign_out()
    SOMEBODY_ELSE[come](browser, "hong")
    before = everything()
    is_told(tab.send(**entered) if (entered := FORMS[page]) else tab.sign_out())
    assert not changed(before)
    assert AppPassword.objects.count() == 0


def test_who_is_here_may_leave(browser: Person) -> None:
    name(browser, "ming")
    tab = Tab(browser, "/sign-in/phone/")
    sign_in(browser, "hong")
    told = tab.send(number=NUMBER)
    assert Tab(browser, "/sign-in/phone/", told).sign_out().headers["Location"] == "/sign-in/"
    assert not browser.is_in()


# --- The same person --------------------------------------------------------------------------------------------------


def test_two_sign_in_pages_both_work(browser: Person) -> None:
    first, second = Tab(browser, "/sign-in/?next=/guides/"), Tab(browser, "/sign-in/?next=/app-passwords/")
    assert first.send(username="hong", password=PASSWORD).headers["Location"] == "/sign-in/code/"
    assert second.send(username="hong", password=PASSWORD).headers["Location"] == "/sign-in/code/"


def test_a_sign_in_that_another_tab_has_done_leads_where_it_wanted_to_go(browser: Person) -> None:
    old = Tab(browser, "/sign-in/?next=/app-passwords/")
    sign_in(browser, "hong")
    assert old.send(username="hong", password=PASSWORD).headers["Location"] == "/app-passwords/"
    is_told(old.send(username="ming", password=PASSWORD))
    assert browser.is_in()


def test_a_code_that_another_tab_has_entered_leads_home(browser: Person) -> None:
    name(browser, "hong")
    old = Tab(browser, "/sign-in/code/")
    code = code_from_phone()
    Tab(browser, "/sign-in/code/").send(code=code)
    assert old.send(code=code, trust_browser="on").headers["Location"] == "/"
    assert browser.is_in()


def test_after_signing_out_an_old_sign_in_page_still_leads_on(browser: Person) -> None:
    old = Tab(browser, "/sign-in/?next=/app-passwords/")
    sign_in(browser, "hong")
    Tab(browser, "/").sign_out()
    response = old.send(username="hong", password=PASSWORD)
    assert response.headers["Location"] == "/sign-in/?next=/app-passwords/"
    assert "请重新登录" in browser.get(response.headers["Location"]).content.decode()


def test_an_old_form_of_the_same_person_is_said_in_words_with_a_way_on(browser: Person, settings: Settings) -> None:
    settings.SMS_RESEND_AFTER = timedelta()
    sign_in(browser, "hong")
    old = Tab(browser, "/app-passwords/")
    sign_in_again(browser)
    browser.defaults["HTTP_REFERER"] = "http://testserver/app-passwords/"
    response = old.send(name="Foxmail")
    assert response.status_code == 403
    assert 'href="http://testserver/app-passwords/"' in response.content.decode()
    browser.defaults["HTTP_REFERER"] = "https://evil.example/"
    assert "evil.example" not in old.send(name="Foxmail").content.decode()


def sign_in_again(browser: Person) -> None:
    Tab(browser, "/").sign_out()
    sign_in(browser, "hong")


def test_without_cookies_it_is_said(browser: Person) -> None:
    tab = Tab(browser, "/sign-in/")
    browser.cookies.clear()
    response = tab.send(username="hong", password=PASSWORD)
    assert response.status_code == 403
    assert "Cookie" in response.content.decode()


# --- Answers that come late -------------------------------------------------------------------------------------------


def test_a_late_answer_of_an_old_page_takes_no_session_away(browser: Person) -> None:
    """It was asked for before the sign-in, and comes after it."""
    name(browser, "hong")
    late = Person(enforce_csrf_checks=True)
    late.cookies.load({key: cookie.value for key, cookie in browser.cookies.items()})
    Tab(browser, "/sign-in/code/").send(code=code_from_phone())
    for page in ("/sign-in/code/", "/guides/", "/"):
        assert not {"session", "csrf"} & set(late.get(page).cookies)


def test_a_form_outside_of_a_request_is_nobodys() -> None:
    """As one of a mail would be; without Django's own token there is no form of ours."""
    assert flows.csrf_token(Context()) == ""
    token = flows.csrf_token(Context({"csrf_token": "x"}))
    assert "csrfmiddlewaretoken" in token
    assert flows.FIELD not in token


def test_what_stands_before_a_page_stays_a_page() -> None:
    def page(request: object) -> HttpResponse:
        return HttpResponse()

    for guard in (decorators.fresh_code_required, decorators.first_phone_required, decorators.leads_to_applications):
        assert guard(page).__name__ == "page"
    assert vars(decorators.leads_to_applications(page))["leads_to_applications"] is True


def test_the_language_is_everybodys(browser: Person, settings: Settings) -> None:
    """And so is the page of a name and a password."""
    name(browser, "ming")
    old, front = Tab(browser, "/sign-in/phone/"), Tab(browser, "/sign-in/")
    name(browser, "hong")
    form = next(form for form in old.forms if form.action == "/language/")
    answer = browser.post(form.action, form.hidden | {"language": "en"})
    assert answer.cookies[settings.LANGUAGE_COOKIE_NAME].value == "en"
    assert front.send(username="hong", password=PASSWORD).headers["Location"] == "/sign-in/code/"


def test_no_cache_keeps_a_page_that_does_not_say_so(browser: Person) -> None:
    assert "no-store" in browser.get("/sign-in/").headers["Cache-Control"]
    said = middleware.no_store(lambda _request: HttpResponse(headers={"Cache-Control": "max-age=60"}))
    assert said(HttpRequest()).headers["Cache-Control"] == "max-age=60"
