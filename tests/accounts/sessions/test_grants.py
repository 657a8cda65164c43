"""What sites and mail programs are given by a sign-in: how soon after it, by what it passed with, and until when."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpRequest
from pytest_django import Settings

from accounts.browsers import browsers
from accounts.browsers.browsers import Look
from accounts.browsers.models import TrustedBrowser
from accounts.phones.models import Phone
from accounts.sessions import grants
from accounts.sessions.models import Authorization
from accounts.sessions.storage import keys, lifetimes
from accounts.users.models import User
from tests.kit.opened import come_in

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def window(request_: HttpRequest) -> Any:
    """The browser that a mail program opens."""
    return request_


def trusted(user: User) -> TrustedBrowser:
    found = browsers.trust(Phone.objects.get(user=user), "", Look("Firefox", "Linux", "192.0.2.1"))
    assert found
    return found[0]


def test_one_program_is_let_in_by_each_sign_in_and_soon(
    window: Any, owner: User, clock: time_machine.Traveller, settings: Settings
) -> None:
    come_in(window, owner)
    assert grants.may_let_a_program_in(window)
    grants.let_program_in(window)
    assert not grants.may_let_a_program_in(window), "it has let one in"
    come_in(window, owner)
    clock.shift(settings.FRESH_CODE_LIFETIME - SECOND)
    assert grants.may_let_a_program_in(window)
    clock.shift(SECOND)
    assert not grants.may_let_a_program_in(window), "it is no longer one of now"


def test_a_program_stays_and_a_site_does_not(window: Any, owner: User, settings: Settings) -> None:
    settings.MAIL_PROGRAM_LIFETIME = 90 * DAY
    phone = Phone.objects.get(user=owner)
    come_in(window, owner, device=phone)
    began = lifetimes.signed_in_at(window)
    site, program = grants.authorize(window), grants.let_program_in(window)
    assert (site.is_program, site.ends_at) == (False, began + settings.SESSION_LIFETIME)
    assert (program.is_program, program.ends_at) == (True, began + 90 * DAY)
    assert {one.session for one in (site, program)} == {window.session[keys.SIGN_IN]}
    assert {(one.user, one.phone_id, one.browser) for one in (site, program)} == {(owner, phone.pk, None)}
    window.session[keys.TEMPORARY] = True
    assert grants.let_program_in(window).ends_at == began + settings.TEMPORARY_SESSION_LIFETIME


def test_a_program_that_a_trusted_browser_let_in_goes_with_it(window: Any, owner: User, settings: Settings) -> None:
    settings.MAIL_PROGRAM_LIFETIME = 90 * DAY
    browser = trusted(owner)
    come_in(window, owner, browser=browser)
    program = grants.let_program_in(window)
    assert (program.browser, program.ends_at) == (browser, browser.expires_at)
    settings.MAIL_PROGRAM_LIFETIME = DAY
    assert grants.let_program_in(window).ends_at == lifetimes.signed_in_at(window) + DAY


def test_no_trusted_browser_stands_in_but_the_one_in_which_it_is(window: Any, owner: User, other: User) -> None:
    TrustedBrowser.objects.filter(pk=trusted(owner).pk).update(id=1)
    come_in(window, owner)
    assert grants.authorize(window).browser is None
    window.session[keys.BROWSER] = trusted(other).pk
    assert grants.authorize(window).browser is None


def test_an_application_that_asks_for_a_sign_in_of_now_is_asked_for_by_its_page_alone(
    window: Any, clock: time_machine.Traveller
) -> None:
    assert not grants.is_asked_again(window, "")
    assert not grants.is_asked_again(window, "/openid/authorize/?client_id=a")
    grants.ask_again(window, "/openid/authorize/?client_id=a")
    assert grants.is_asked_again(window, "/openid/authorize/?client_id=a")
    assert not grants.is_asked_again(window, "/openid/authorize/?client_id=b")
    grants.ask_again(window, "")
    assert not grants.is_asked_again(window, "")
    assert not Authorization.objects.exists()
