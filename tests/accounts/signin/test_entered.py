"""What is left of a sign-in or of a confirmation: in the browser, and in the security log."""

from datetime import timedelta

import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts.log.models import SecurityEvent
from accounts.sessions.storage.store import SessionStore
from accounts.signin import entering
from tests.kit.people import Person, code_from_phone

KNOWN = django_settings.KNOWN_BROWSER_COOKIE_NAME
CODE, CONFIRM = "/sign-in/code/", "/security/confirm/"
TOO_LONG = "登录已超时，或账号信息已变更，请重新登录。"


def test_a_browser_is_known_from_its_first_code_on(wangwu: Person) -> None:
    wangwu.enter_password()
    assert KNOWN not in wangwu.cookies
    assert KNOWN in wangwu.enter_code().cookies


def test_a_confirmation_is_logged_and_makes_the_browser_known(wangwu: Person, settings: Settings) -> None:
    settings.SMS_RESEND_AFTER = timedelta(0)
    wangwu.arrive()
    del wangwu.cookies[KNOWN]
    wangwu.post(CONFIRM)
    answer = wangwu.post(CONFIRM, {"code": code_from_phone()})
    assert KNOWN in answer.cookies
    event = SecurityEvent.objects.get(kind="confirmed")
    assert (event.user, event.address, event.detail) == (wangwu.user, "127.0.0.1", {"method": "code"})


def test_an_owner_finds_the_present_browser_in_the_list(wangwu: Person) -> None:
    """Not the sign-in of another one, which came after."""
    wangwu.arrive()
    event = SecurityEvent.objects.get(kind="signed_in")
    Person(wangwu.user).arrive()
    assert wangwu.get("/security/activity/").context["here"] == f"event-{event.pk}"


def test_a_sign_in_that_took_too_long_is_told_once(
    wangwu: Person, clock: time_machine.Traveller, settings: Settings
) -> None:
    """And nothing to somebody who has begun none."""
    wangwu.enter_password()
    clock.shift(settings.HALFWAY_LIFETIME)
    told = [wangwu.get(CODE, follow=True).content.decode() for _time in range(2)]
    assert [TOO_LONG in page for page in told] == [True, False]
    assert TOO_LONG not in Person().get(CODE, follow=True).content.decode()


def test_a_ban_that_ends_this_very_moment_is_tried_again_a_second_later(db: None) -> None:
    request = RequestFactory().get("/")
    request.session, request.user = SessionStore(), AnonymousUser()
    vars(request)["_messages"] = CookieStorage(request)
    assert entering.banned(request, timezone.now())["Retry-After"] == "1"
