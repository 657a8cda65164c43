"""Recovery codes: made, shown once, each of which opens the account once; and what they never do."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.serializers import serialize
from django.utils import timezone
from pytest_django import Settings

from accounts.factors import recoverycodes
from accounts.factors.models import RecoveryCode, RecoverySet
from accounts.log.models import SecurityEvent
from accounts.phones import helpcodes
from accounts.phones.models import Phone
from accounts.users import ways
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.apps import add_app, shows
from tests.kit.people import OTHER_NUMBER, Person, code_from_phone
from tests.kit.recovery import codes_on

pytestmark = pytest.mark.django_db

CODE, RECOVERY, FACTORS = "/sign-in/code/", "/sign-in/recovery/", "/security/factors/"
PAPER, CONFIRM = "/security/factors/recovery/", "/security/confirm/recovery/"
ENGLISH = {"Accept-Language": "en"}


def make_codes(person: Person) -> list[str]:
    """By the button of the page."""
    version = re.search(r'name="version" value="(\d+)"', person.get(PAPER).content.decode())
    assert version
    return codes_on(person.post(PAPER, {"version": version[1]}))


@pytest.fixture
def codes(wangwu: Person, settings: Settings) -> list[str]:
    """Wangwu has a phone and ten codes, and is out."""
    settings.SMS_RESEND_AFTER = timedelta()
    wangwu.sign_in()
    made = make_codes(wangwu)
    wangwu.post("/sign-out/")
    return made


def last(kind: str) -> SecurityEvent:
    event = SecurityEvent.objects.filter(kind=kind).first()
    assert event
    return event


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


# --- Used -------------------------------------------------------------------------------------------------------------


def test_each_counts_once(wangwu: Person, codes: list[str]) -> None:
    wangwu.enter_password()
    wangwu.post(RECOVERY, {"code": codes[0]})
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    again = wangwu.post(RECOVERY, {"code": codes[0]}, headers=ENGLISH)
    assert "has been used" in again.content.decode()
    assert not wangwu.is_in()


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: code.replace(" ", ""),
        lambda code: code.upper(),
        lambda code: code.replace(" ", "-"),
        lambda code: code.replace(" ", " – "),
        lambda code: f"  {code}\u200b ",
        lambda code: "".join(chr(ord(char) + 0xFEE0) if char != " " else "\u3000" for char in code),
    ],
    ids=["in one", "capitals", "hyphens", "dashes", "blanks around", "full-width"],
)
def test_however_it_is_typed(wangwu: Person, codes: list[str], typed: Any) -> None:
    wangwu.enter_password()
    assert wangwu.post(RECOVERY, {"code": typed(codes[0])}).status_code == 302


def test_half_a_code_stays_in_the_field_and_counts_as_no_guess(wangwu: Person, codes: list[str]) -> None:
    wangwu.enter_password()
    for typed in (codes[0][:9], codes[0] + "x", "1" * 16, " ".join(codes[:3])):
        page = wangwu.post(RECOVERY, {"code": typed}, headers=ENGLISH)
        assert "sixteen letters and digits. Compare" in page.content.decode()
        assert f'value="{typed}"' in page.content.decode()
    assert wangwu.post(RECOVERY, {"code": ""}).status_code == 200
    assert User.objects.get(username="wangwu@example.edu").wrong_codes == 0
    assert recoverycodes.left(User.objects.get(username="wangwu@example.edu")) == 10


def test_who_comes_in_by_one_is_told_what_to_do_and_goes_on(wangwu: Person, codes: list[str]) -> None:
    wangwu.enter_password(next="/app-passwords/")
    mail.outbox.clear()
    page = wangwu.post(RECOVERY, {"code": codes[0]}, follow=True, headers=ENGLISH).content.decode()
    assert "9 recovery codes left" in page
    assert "add the new one here now" in page
    assert 'href="/app-passwords/"' in page
    assert "9" in mail.outbox[-1].body


def test_the_page_leads_to_no_other_site(wangwu: Person) -> None:
    wangwu.sign_in()
    for page in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        assert f'href="{page}' not in wangwu.get(FACTORS, {"next": page}).content.decode()
    assert 'href="/guides/?a"' in wangwu.get(FACTORS, {"next": "/guides/?a"}).content.decode()


def test_the_last_one_opens_too_and_then_they_are_offered_no_more(wangwu: Person, codes: list[str]) -> None:
    RecoveryCode.objects.exclude(pk=RecoveryCode.objects.earliest("pk").pk).update(used_at=timezone.now())
    wangwu.enter_password()
    page = wangwu.post(RECOVERY, {"code": codes[0]}, follow=True, headers=ENGLISH)
    assert "your last recovery code" in page.content.decode()
    assert wangwu.is_in()
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    assert RECOVERY not in wangwu.get(CODE).content.decode()
    assert wangwu.get(RECOVERY).headers["Location"] == CODE
    wangwu.post(CODE, {"send": "1"})
    wangwu.enter_code()
    assert len(make_codes(wangwu)) == 10
    assert ways.of(User.objects.get(username="wangwu@example.edu")) == ["phone", "recovery"]


def test_wrong_ones_count_with_those_of_other_ways(wangwu: Person, codes: list[str], settings: Settings) -> None:
    settings.SMS_CODE_WRONG_LIMIT = 4
    wangwu.enter_password()
    right = code_from_phone()
    for _ in range(2):
        wangwu.post(RECOVERY, {"code": "aaaa bbbb cccc dddd"})
        wangwu.post(CODE, {"code": "000000" if right != "000000" else "111111"})
    assert wangwu.post(RECOVERY, {"code": codes[0]}).status_code == 200
    assert wangwu.post(CODE, {"code": right}).status_code == 200
    assert last("codes_paused")
    assert recoverycodes.left(User.objects.get(username="wangwu@example.edu")) == 10


def test_a_page_that_asks_for_a_second_step_takes_one(
    wangwu: Person, codes: list[str], clock: time_machine.Traveller
) -> None:
    wangwu.enter_password()
    wangwu.enter_code()
    clock.shift(timedelta(minutes=11))
    assert CONFIRM in wangwu.get("/security/confirm/?next=/app-passwords/").content.decode()
    confirmed = wangwu.post(CONFIRM, {"code": codes[0], "next": "/app-passwords/"})
    assert confirmed.headers["Location"] == "/app-passwords/"
    assert wangwu.get("/app-passwords/").status_code == 200
    assert last("confirmed").detail["method"] == "recovery code"
    assert recoverycodes.left(User.objects.get(username="wangwu@example.edu")) == 9


@pytest.mark.bypass("code of one kind at the field of another")
def test_each_field_takes_its_own_kind(wangwu: Person, codes: list[str], clock: time_machine.Traveller) -> None:
    wangwu.enter_password()
    wangwu.enter_code()
    key = add_app(wangwu)
    wangwu.post("/sign-out/")
    clock.shift(timedelta(minutes=2))
    wangwu.enter_password()
    for page, code in (
        (RECOVERY, code_from_phone()),
        (RECOVERY, shows(key)),
        (CODE, codes[0]),
        ("/sign-in/app/", codes[0]),
        ("/sign-in/help/", codes[0]),
    ):
        assert wangwu.post(page, {"code": code}).status_code == 200, page
    assert not wangwu.is_in()
    assert wangwu.post(RECOVERY, {"code": codes[0]}).status_code == 302


@pytest.mark.bypass("factor of another person")
def test_those_of_somebody_else_open_nothing(wangwu: Person, codes: list[str], make_user: MakeUser) -> None:
    other = Person(make_user("other", phone="13700137001"))
    other.enter_password()
    assert other.post(RECOVERY, {"code": codes[0]}).headers["Location"] == CODE
    other.enter_code()
    make_codes(other)
    other.post("/sign-out/")
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        other.enter_password()
        assert other.post(RECOVERY, {"code": codes[0]}).status_code == 200
    assert not other.is_in()


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


# --- Keys -------------------------------------------------------------------------------------------------------------


def test_they_count_under_every_key(wangwu: Person, codes: list[str], settings: Settings) -> None:
    settings.FACTOR_KEYS = ["n" * 50, settings.FACTOR_KEYS[0]]
    wangwu.enter_password()
    assert wangwu.post(RECOVERY, {"code": codes[0]}).status_code == 302
    wangwu.post("/sign-out/")
    settings.FACTOR_KEYS = ["n" * 50]
    wangwu.enter_password()
    assert wangwu.post(RECOVERY, {"code": codes[1]}).status_code == 200
