"""Recovery codes: made, shown once, each of which opens the account once; and what they never do."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.serializers import serialize
from pytest_django import Settings

from accounts.factors import recoverycodes
from accounts.factors.models import RecoveryCode, RecoverySet
from accounts.phones import helpcodes
from accounts.phones.models import Phone
from accounts.users import ways
from accounts.users.models import User
from tests.kit.apps import add_app
from tests.kit.events import last
from tests.kit.people import OTHER_NUMBER, Person, code_from_phone
from tests.kit.recovery import PAPER, codes_on, make_codes

pytestmark = pytest.mark.django_db

CODE, RECOVERY, FACTORS = "/sign-in/code/", "/sign-in/recovery/", "/security/factors/"
ENGLISH = {"Accept-Language": "en"}


# --- Made -------------------------------------------------------------------------------------------------------------


def test_ten_are_made_and_one_opens_the_account(wangwu: Person, codes: list[str]) -> None:
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[a-z2-9]{4}( [a-z2-9]{4}){3}", code) for code in codes)
    assert len(recoverycodes.ALPHABET) ** recoverycodes.LENGTH > 2**64
    assert wangwu.enter_password().headers["Location"] == CODE
    assert RECOVERY in wangwu.get(CODE).content.decode()
    assert wangwu.post(RECOVERY, {"code": codes[3]}).headers["Location"] == FACTORS
    assert wangwu.is_in()
    assert last("signed_in").detail["method"] == "recovery code"
    assert last("recovery_used").detail == {"left": 9}


def test_a_plain_post_makes_them_too(wangwu: Person) -> None:
    wangwu.sign_in()
    assert len(codes_on(wangwu.post(PAPER))) == 10


def test_they_are_shown_once(wangwu: Person) -> None:
    wangwu.sign_in()
    page = wangwu.post(PAPER)
    assert "no-store" in page.headers["Cache-Control"]
    for code in codes_on(page):
        assert code not in wangwu.get(PAPER).content.decode()
        assert code not in wangwu.get(FACTORS).content.decode()


def test_a_twin_gets_the_same_page_and_the_form_sent_again_later_makes_nothing(wangwu: Person) -> None:
    """As by loading the page anew: what is on paper by then stays good."""
    wangwu.sign_in()
    page = wangwu.get(PAPER).content.decode()
    form = dict(re.findall(r'name="(csrfmiddlewaretoken|version)" value="([^"]+)"', page))
    first, twin = wangwu.post(PAPER, form), wangwu.post(PAPER, form)
    assert codes_on(first) == codes_on(twin)
    wangwu.get(FACTORS)
    later = wangwu.post(PAPER, form, follow=True, headers=ENGLISH)
    assert codes_on(later) == []
    assert "made already" in later.content.decode()
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    assert wangwu.post(RECOVERY, {"code": codes_on(first)[0]}).status_code == 302


def test_new_ones_void_the_old(wangwu: Person, codes: list[str]) -> None:
    wangwu.enter_password()
    wangwu.enter_code()
    new = make_codes(wangwu)
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    assert wangwu.post(RECOVERY, {"code": codes[0]}).status_code == 200
    assert wangwu.post(RECOVERY, {"code": new[0]}).status_code == 302
    assert RecoveryCode.objects.count() == 10


def test_who_came_in_by_one_makes_new_ones_and_stays_in(wangwu: Person, codes: list[str]) -> None:
    wangwu.enter_password()
    wangwu.post(RECOVERY, {"code": codes[0]})
    assert len(make_codes(wangwu)) == 10
    assert wangwu.is_in()


def test_making_them_needs_a_fresh_second_step(wangwu: Person, clock: time_machine.Traveller) -> None:
    wangwu.sign_in()
    clock.shift(timedelta(minutes=11))
    for answer in (wangwu.get(PAPER), wangwu.post(PAPER)):
        assert answer.headers["Location"].startswith("/security/confirm/")
    assert not RecoverySet.objects.exists()


def test_making_them_ends_what_was_open_elsewhere_and_tells_the_owner(wangwu: Person, settings: Settings) -> None:
    settings.SMS_RESEND_AFTER = timedelta()
    wangwu.sign_in(trust_browser="on")
    other = Person(wangwu.user)
    other.sign_in()
    mail.outbox.clear()
    wangwu.post(PAPER)
    assert wangwu.is_in(), "here it goes on"
    assert not other.is_in()
    assert len(mail.outbox) == 1
    wangwu.post("/sign-out/")
    assert wangwu.enter_password().headers["Location"] == CODE, "the browser is no longer trusted"


@pytest.mark.bypass("otp_static in clear: django-otp's own recovery codes are kept as they are typed")
def test_they_are_nowhere_in_clear(wangwu: Person) -> None:
    wangwu.sign_in()
    made = codes_on(wangwu.post(PAPER))
    kept = "".join(serialize("json", model._default_manager.all()) for model in apps.get_models())
    kept += "".join(str(session.get_decoded()) for session in Session.objects.all())
    kept += "".join(str(message.body) for message in mail.outbox)
    for code in made:
        assert code not in kept
        assert code.replace(" ", "") not in kept


def test_the_page_leads_to_no_other_site(wangwu: Person) -> None:
    wangwu.sign_in()
    for page in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        assert f'href="{page}' not in wangwu.get(FACTORS, {"next": page}).content.decode()
    assert 'href="/guides/?a"' in wangwu.get(FACTORS, {"next": "/guides/?a"}).content.decode()


@pytest.mark.bypass("factor added half-way: only the password, and a page that adds one")
def test_none_are_made_half_way(wangwu: Person) -> None:
    wangwu.enter_password()
    assert wangwu.post(PAPER).headers["Location"] == CODE
    assert not RecoverySet.objects.exists()


# --- Never the only way -----------------------------------------------------------------------------------------------


def test_who_has_no_other_way_gets_none(lisi: Person) -> None:
    lisi.sign_in()
    page = lisi.post(PAPER, follow=True, headers=ENGLISH)
    assert "first" in page.content.decode()
    assert not RecoverySet.objects.exists()


def test_they_go_with_the_last_other_way(wangwu: Person, codes: list[str]) -> None:
    wangwu.enter_password()
    wangwu.enter_code()
    mail.outbox.clear()
    wangwu.post("/security/phone/unbind/", {"send": "1"})
    wangwu.post("/security/phone/unbind/", {"code": code_from_phone()})
    assert not Phone.objects.exists()
    assert not RecoverySet.objects.exists()
    assert last("phone_unbound").detail["recovery_gone"] is True
    assert len(mail.outbox) == 1
    assert wangwu.enter_password().headers["Location"] == "/sign-in/phone/"
    assert wangwu.post(RECOVERY, {"code": codes[0]}).headers["Location"] == "/sign-in/phone/"


def test_they_stay_while_an_app_is_left(wangwu: Person, codes: list[str]) -> None:
    wangwu.enter_password()
    wangwu.enter_code()
    add_app(wangwu)
    wangwu.post("/security/phone/unbind/", {"send": "1"})
    wangwu.post("/security/phone/unbind/", {"code": code_from_phone()})
    assert not Phone.objects.exists()
    assert RecoverySet.objects.exists()
    assert "recovery_gone" not in last("phone_unbound").detail


def test_nor_do_they_make_the_only_app_removable(zhangsan: Person) -> None:
    zhangsan.enter_password()
    add_app(zhangsan, page="/sign-in/app/new/")
    make_codes(zhangsan)
    app = ways.devices(User.objects.get(username="zhangsan@example.edu"))[0]
    zhangsan.post(f"/security/factors/app/{app.pk}/", {"remove": "1"})
    assert ways.of(User.objects.get(username="zhangsan@example.edu")) == ["app", "recovery"]


def test_nor_are_they_asked_for_first(wangwu: Person, codes: list[str]) -> None:
    wangwu.enter_password()
    wangwu.enter_code()
    assert wangwu.post(FACTORS, {"prefer": "recovery"}).status_code == 404


def test_they_go_with_what_is_lost(wangwu: Person, codes: list[str], settings: Settings) -> None:
    """Who got a code of the help desk may have lost the paper too."""
    settings.SMS_RESEND_AFTER = timedelta()
    owner = User.objects.get(username="wangwu@example.edu")
    phone = Phone.objects.get(user=owner)
    given = helpcodes.issue(owner, (phone.pk, 0), actor=None)
    assert isinstance(given, tuple)
    wangwu.enter_password()
    wangwu.post("/sign-in/help/", {"code": given[1]})
    assert wangwu.post(RECOVERY, {"code": codes[0]}).headers["Location"] == "/sign-in/phone/"
    assert wangwu.bind(OTHER_NUMBER).status_code == 302
    assert wangwu.is_in()
    assert not RecoverySet.objects.exists()
    assert last("recovery_removed")


def test_their_owner_removes_them(wangwu: Person, codes: list[str]) -> None:
    wangwu.enter_password()
    wangwu.enter_code()
    mail.outbox.clear()
    assert wangwu.post(PAPER, {"remove": "1"}).headers["Location"] == FACTORS
    assert wangwu.is_in()
    assert not RecoverySet.objects.exists()
    assert len(mail.outbox) == 1
    wangwu.post(PAPER, {"remove": "1"})
    assert len(mail.outbox) == 1


def test_a_way_that_the_office_does_not_allow_is_none(wangwu: Person, codes: list[str], settings: Settings) -> None:
    settings.SECOND_STEPS = ["phone"]
    wangwu.enter_password()
    assert RECOVERY not in wangwu.get(CODE).content.decode()
    assert wangwu.post(RECOVERY, {"code": codes[0]}).headers["Location"] == CODE
    wangwu.enter_code()
    assert wangwu.get(PAPER).status_code == 404
    assert wangwu.post(PAPER).status_code == 404
