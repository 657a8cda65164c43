"""What a change of the ways ends, whom it is told, and which way may not go."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from pytest_django import Settings

from accounts.browsers.models import TrustedBrowser
from accounts.delivery.gateways import memory
from accounts.delivery.models import Mail, Sms
from accounts.factors import authenticators, changes
from accounts.factors.models import Authenticator
from accounts.phones.models import Phone
from accounts.users.models import User
from apppasswords.models import AppPassword
from tests.accounts.factors.test_authenticators import APP, CODE, FACTORS, UNBIND, key, noon
from tests.kit.apps import AT_SIGN_IN, NEW, add_app, shows
from tests.kit.people import Person, code_from_phone

__all__ = ["key", "noon"]  # fixtures

pytestmark = pytest.mark.django_db


# --- What ends --------------------------------------------------------------------------------------------------------


def test_adding_one_ends_what_the_phone_had_opened(wangwu: Person, settings: Settings) -> None:
    settings.SMS_RESEND_AFTER = timedelta()
    wangwu.sign_in(trust_browser="on")
    other, halfway = Person(wangwu.user), Person(wangwu.user)
    other.arrive()
    assert other.is_in()
    halfway.enter_password()
    add_app(wangwu)
    assert wangwu.is_in(), "here it goes on"
    assert not other.is_in()
    assert other.get("/").headers["Location"] == CODE
    assert halfway.post(CODE, {"code": code_from_phone()}).headers["Location"] == "/sign-in/"
    assert not TrustedBrowser.objects.filter(ways_version=User.objects.get(username="wangwu@example.edu").ways_version)


def test_removing_one_does_too_and_its_owner_is_told(wangwu: Person, key: str) -> None:
    wangwu.enter_password()
    wangwu.enter_code()
    other = Person(wangwu.user)
    other.enter_password()
    other.post(APP, {"code": shows(key)})
    assert other.is_in()
    app = Authenticator.objects.get()
    mail.outbox.clear()
    assert wangwu.post(f"{NEW}{app.pk}/", {"remove": "1"}).headers["Location"] == FACTORS
    assert not Authenticator.objects.exists()
    assert wangwu.is_in()
    assert other.get("/").headers["Location"] == CODE
    assert "my phone" in mail.outbox[-1].body


def test_the_owner_is_told_on_every_channel_and_no_budget_is_spent(
    wangwu: Person, key: str, settings: Settings
) -> None:
    assert ["验证方式已变更" in sms.text for sms in memory.outbox if not sms.code] == [True], "as it was added"
    wangwu.enter_password()
    wangwu.enter_code()
    user = wangwu.user
    assert user
    for _round in range(changes.SMS_A_DAY + 2):
        app = Authenticator.objects.create(user=user, name="FreeOTP", key=b"sealed", last_step=0)
        authenticators.remove(user, app.pk)
    assert Sms.objects.filter(purpose="notice_way").count() == changes.SMS_A_DAY
    assert Mail.objects.filter(event__kind="way_removed").count() == changes.SMS_A_DAY + 2


@pytest.mark.parametrize(("templates", "sent"), [({"notices": ("1", ())}, 1), ({"notice_help": ("1", ())}, 0)])
def test_without_a_template_the_owner_is_told_by_mail(
    wangwu: Person, settings: Settings, templates: dict[str, object], sent: int
) -> None:
    wangwu.arrive()
    settings.SMS_GATEWAY, settings.ALIBABA_TEMPLATES = "alibaba", templates
    settings.SMS_GATEWAYS = []
    add_app(wangwu)
    assert Sms.objects.filter(purpose="notice_way").count() == sent
    assert Mail.objects.filter(event__kind="way_added").count() == 1


def test_who_has_only_what_may_not_stand_alone_adds_another_first(wangwu: Person, settings: Settings) -> None:
    settings.SECOND_STEPS_ALONE = ["app"]
    wangwu.arrive()
    for page in ("/", "/app-passwords/", "/security/phone/unbind/", "/security/browsers/"):
        assert wangwu.get(page).headers["Location"] == FACTORS
    assert "先在这里添加" in wangwu.get(FACTORS).content.decode()
    add_app(wangwu)
    assert wangwu.get("/").status_code == 200
    assert "先在这里添加" not in wangwu.get(FACTORS).content.decode()


def test_so_does_who_is_in_by_a_trusted_browser(wangwu: Person, settings: Settings) -> None:
    settings.SMS_RESEND_AFTER = timedelta()
    wangwu.sign_in(trust_browser="on")
    wangwu.post("/sign-out/")
    assert wangwu.enter_password().headers["Location"] == "/"
    assert wangwu.get("/").status_code == 200
    settings.SECOND_STEPS_ALONE = ["app"]
    assert wangwu.get("/").headers["Location"] == FACTORS
    assert wangwu.get(NEW).headers["Location"].startswith("/security/confirm/"), "a trusted browser adds nothing"
    wangwu.post("/security/confirm/", {"send": "1"})
    assert wangwu.post("/security/confirm/", {"code": code_from_phone(), "next": NEW}).headers["Location"] == NEW
    add_app(wangwu)
    assert wangwu.get("/").status_code == 200


def test_who_has_an_app_unbinds_the_phone_and_goes_on_by_it(
    wangwu: Person, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.SMS_RESEND_AFTER = timedelta()
    wangwu.arrive()
    key = add_app(wangwu)
    assert "首先使用“验证器”" in wangwu.get(UNBIND).content.decode()
    assert "须重新绑定" not in wangwu.get(UNBIND).content.decode()
    wangwu.post(UNBIND, {"send": "1"})
    assert wangwu.post(UNBIND, {"code": code_from_phone()}).headers["Location"] == FACTORS
    assert not Phone.objects.exists()
    assert wangwu.is_in(), "by the app, which was shown here last"
    app = Authenticator.objects.get()
    wangwu.post(f"{NEW}{app.pk}/", {"remove": "1"})
    assert Authenticator.objects.exists(), "it is the last one now"
    wangwu.post("/sign-out/")
    clock.shift(timedelta(minutes=2))
    assert wangwu.enter_password().headers["Location"] == "/sign-in/app/"
    wangwu.post("/sign-in/app/", {"code": shows(key)})
    assert wangwu.is_in()


@pytest.mark.bypass("row 15: wagtail-2fa CVE-2019-16766: a way added half-way")
def test_a_password_alone_adds_none_in_place_of_the_phone(wangwu: Person, settings: Settings) -> None:
    settings.SECOND_STEPS_ALONE = ["app"]
    wangwu.enter_password()
    for page in (NEW, AT_SIGN_IN, FACTORS):
        assert wangwu.get(page).headers["Location"] == CODE
        assert wangwu.post(page, {"code": "123456", "name": "mine"}).headers["Location"] == CODE
    assert not Authenticator.objects.exists()


def test_the_only_one_is_not_removed(zhangsan: Person) -> None:
    zhangsan.enter_password()
    add_app(zhangsan, page=AT_SIGN_IN)
    app = Authenticator.objects.get()
    zhangsan.post(f"{NEW}{app.pk}/", {"remove": "1"})
    assert Authenticator.objects.filter(pk=app.pk).exists()
    assert zhangsan.is_in()


def test_an_app_password_and_pages_that_ask_for_a_code_take_any_way(
    zhangsan: Person, noon: time_machine.Traveller
) -> None:
    zhangsan.enter_password()
    key = add_app(zhangsan, page=AT_SIGN_IN)
    noon.shift(timedelta(minutes=11))
    page = zhangsan.get("/app-passwords/").headers["Location"]
    assert page.startswith("/security/confirm/app/")
    assert zhangsan.post(page, {"code": shows(key), "next": "/app-passwords/"}).headers["Location"] == "/app-passwords/"
    assert zhangsan.post("/app-passwords/", {"name": "Foxmail"}).status_code == 200
    assert AppPassword.objects.count() == 1
