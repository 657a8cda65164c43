"""客户端安全登录, as people use it."""

import html
import re
from datetime import timedelta
from random import Random
from string import ascii_letters, ascii_lowercase, digits
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery.models import Sms
from accounts.lib import clock
from accounts.log.models import SecurityEvent
from apppasswords import last_use, passwords, secrets
from apppasswords.guides import programs
from apppasswords.models import AppPassword
from tests.conftest import MakeUser
from tests.kit.people import IPHONE, OTHER_NUMBER, PASSWORD, Person, code_from_phone

PAGE = "/app-passwords/"


def shown_secret(response: Any) -> str:
    found = re.search(r'class="secret"[^>]*>([^<]+)<', response.content.decode())
    assert found, response.content.decode()
    return html.unescape(found.group(1))


def form_id(person: Person) -> str:
    found = re.search(r'name="request" value="([0-9a-f]{32})"', person.get(PAGE).content.decode())
    assert found
    return found.group(1)


@pytest.fixture
def owner(wangwu: Person) -> Person:
    """Somebody who has just entered a code."""
    wangwu.arrive()
    return wangwu


def test_the_secret_is_shown_once_in_fours(owner: Person) -> None:
    response = owner.post(PAGE, {"name": "Foxmail 办公室"})
    secret = shown_secret(response)
    assert re.fullmatch(r"([a-hjkmnp-z2-9]{4} ){3}[a-hjkmnp-z2-9]{4}", secret)
    assert "no-store" in response.headers["Cache-Control"]
    assert "imap.example.edu" in response.content.decode()

    listed = owner.get(PAGE).content.decode()
    assert "Foxmail 办公室" in listed
    assert secret not in listed
    assert secret.replace(" ", "") not in listed


def test_the_page_is_in_the_order_in_which_it_is_used(owner: Person) -> None:
    """The secret and its button, where to use it, what else is to be typed, whether it worked; only then the end."""
    page = owner.post(PAGE, {"name": "办公室 Foxmail"}).content.decode().partition("<h1>")[2]
    in_order = ['class="secret"', 'btn-primary w-100" data-copy=', 'href="/guides/foxmail/"', '"imap.example.edu"',
                '"wangwu@example.edu"', 'id="connection"', ">完成</a>"]  # fmt: skip
    assert sorted(in_order, key=page.index) == in_order
    assert page.count("btn-primary") == 1, "copying is the one strong button"


@pytest.mark.parametrize(("name", "agent", "first"), [("Foxmail", IPHONE, "foxmail"), ("家里", IPHONE, "iphone")])
def test_its_guide_is_offered_first(owner: Person, name: str, agent: str, first: str) -> None:
    page = owner.post(PAGE, {"name": name}, HTTP_USER_AGENT=agent).content.decode().partition("<h1>")[2]
    found = re.findall(r'href="/guides/(\w+)/" target="_blank"', page)
    assert found[0] == first
    assert sorted(found) == sorted(programs.BY_SLUG), "each of them once"


def test_the_list_stands_above_the_form_once_there_is_one(owner: Person) -> None:
    assert 'name="name"' in owner.get(PAGE).content.decode()
    owner.post(PAGE, {"name": "Foxmail"})
    page = owner.get(PAGE).content.decode()
    assert page.index('name="remove"') < page.index('name="name"')


def test_the_last_use_is_said_in_words(owner: Person) -> None:
    owner.post(PAGE, {"name": "Foxmail"})
    row = AppPassword.objects.get()
    at = timezone.now()
    with time_machine.travel(at, tick=False):
        last_use.note([last_use.Use(row.pk, "imap", "2001:db8:1234:5678:9abc:def0:1234:5678", at)])
        page = owner.get(PAGE).content.decode()
    assert f"今天 {clock.time_of_day(at)}，IMAP" in page
    assert '<span title="2001:db8:1234:5678:9abc:def0:1234:5678">2001:db8:1234:5678:…</span>' in page


def test_the_same_form_sent_again_makes_no_second_password(owner: Person) -> None:
    """Reload, double click, back and send."""
    form = {"name": "Thunderbird", "request": form_id(owner)}
    shown_secret(owner.post(PAGE, form))
    again = owner.post(PAGE, form)
    assert again.status_code == 302
    assert AppPassword.objects.count() == 1


def test_the_secret_is_in_no_session_and_no_row(owner: Person) -> None:
    secret = shown_secret(owner.post(PAGE, {"name": "Outlook"})).replace(" ", "")
    held = str(dict(owner.session.items())) + str(list(AppPassword.objects.values()))
    held += str(list(SecurityEvent.objects.values())) + "".join(str(message.body) for message in mail.outbox)
    assert secret not in held.replace(" ", "")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "x" * 61,
        PASSWORD,
        "abcd efgh jkmn pqrs",
        "ABCD-2345-WXYZ-6789",
        "x7Kd9Qm2Lp4Rt8Wz",
        "k3mXp9-Qw2r-T7yz",
    ],
)
def test_a_name_that_is_no_description_is_refused_and_not_kept(owner: Person, name: str) -> None:
    response = owner.post(PAGE, {"name": name})
    assert response.status_code == 200
    assert not AppPassword.objects.exists()
    assert not SecurityEvent.objects.filter(kind="app_password_created").exists()
    if name.strip():
        assert name not in response.content.decode()  # a password on the screen is what the guide warns of


@pytest.mark.parametrize(
    ("alphabet", "least"),
    [(ascii_letters + digits, 90), (ascii_lowercase + digits, 75), (ascii_letters + digits + "!#$%&*+=?@^~", 98)],
)
def test_most_of_what_is_random_is_seen(alphabet: str, least: int) -> None:
    """Not all of it: nobody can tell sixteen random letters from a word of a language that he does not know."""
    chance = Random(20261123)
    seen = sum(secrets.looks_like_one("".join(chance.choices(alphabet, k=16))) for _ in range(1000))
    assert seen >= 10 * least


def test_the_same_secret_again_as_a_name_is_refused(owner: Person) -> None:
    secret = shown_secret(owner.post(PAGE, {"name": "Mail"}))
    owner.post(PAGE, {"name": secret})
    assert AppPassword.objects.count() == 1


@pytest.mark.parametrize(
    "name",
    [
        "iPhone15ProMax",
        "Huawei Mate 60 Pro",
        "Thunderbird",
        "办公室电脑 Foxmail",
        "MacBook-2023",
        "DESKTOP-4K2J9QP",
        "zhangsan-desktop-pc",
        "ThinkPadX1CarbonGen11",
        "foxmail-bangongshi",
        "Office365Outlook",
    ],
)
def test_names_of_devices_are_good_names(owner: Person, name: str) -> None:
    shown_secret(owner.post(PAGE, {"name": name}))
    assert AppPassword.objects.get().name == name


def test_two_step_off_without_phone_leads_to_binding(lisi: Person) -> None:
    lisi.arrive()
    assert "/security/phone/" in lisi.get(PAGE).content.decode()
    lisi.post(PAGE, {"name": "Mail"})
    assert not AppPassword.objects.exists()


@pytest.mark.bypass("row 25: Nextcloud GHSA-j4qm-5q5x-54m5: made without asking again")
def test_an_old_code_is_asked_for_again(owner: Person) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        response = owner.post(PAGE, {"name": "Mail"})
        assert response.headers["Location"] == "/security/confirm/?next=%2Fapp-passwords%2F"
        assert not AppPassword.objects.exists()
        owner.post("/security/confirm/")
        response = owner.post("/security/confirm/", {"code": code_from_phone(), "next": PAGE})
        assert response.headers["Location"] == PAGE
        shown_secret(owner.post(PAGE, {"name": "Mail"}))


def test_a_trusted_browser_is_not_enough(owner: Person) -> None:
    owner.post("/sign-out/")
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        owner.sign_in(trust_browser="on")
        owner.post("/sign-out/")
        owner.enter_password()
        assert owner.is_in()
        assert owner.get(PAGE).status_code == 302


def test_remove_one_and_all(owner: Person) -> None:
    for name in ("one", "two", "three"):
        owner.post(PAGE, {"name": name})
    owner.post(PAGE, {"remove": AppPassword.objects.get(name="two").pk})
    assert set(AppPassword.objects.values_list("name", flat=True)) == {"one", "three"}

    assert "one" in owner.get("/app-passwords/remove-all/").content.decode()
    assert AppPassword.objects.count() == 2
    owner.post("/app-passwords/remove-all/")
    assert not AppPassword.objects.exists()
    again = owner.get("/app-passwords/remove-all/", follow=True)
    assert again.redirect_chain == [(PAGE, 302)], "there is nothing to remove"


def test_what_was_removed_in_another_tab_is_told_kindly(owner: Person) -> None:
    owner.post(PAGE, {"name": "Foxmail"})
    row = AppPassword.objects.get()
    owner.post(PAGE, {"remove": row.pk})
    page = owner.post(PAGE, {"remove": row.pk}, follow=True)
    assert page.status_code == 200
    assert "该专用密码此前已移除" in page.content.decode()


@pytest.mark.bypass("row 26: CVE-2020-5240, NC-SA-2018-001")
def test_nobody_removes_what_is_another_persons(owner: Person, make_user: MakeUser) -> None:
    other = make_user("zhaoliu", phone=OTHER_NUMBER)
    row, _secret = passwords.create(other, "Mail")  # type: ignore[misc]
    assert owner.post(PAGE, {"remove": row.pk}).status_code == 302, "as if it were gone"
    assert owner.post(PAGE, {"remove": "²"}).status_code == 404
    assert AppPassword.objects.filter(pk=row.pk).exists()


def test_the_owner_is_told_of_each(owner: Person) -> None:
    mail.outbox.clear()
    owner.post(PAGE, {"name": "Foxmail"})
    owner.post(PAGE, {"remove": AppPassword.objects.get().pk})
    assert len(mail.outbox) == 2
    assert all(message.to == ["wangwu@example.edu"] and "Foxmail" in message.body for message in mail.outbox)


def test_as_many_as_the_limit(owner: Person, settings: Settings) -> None:
    settings.APP_PASSWORDS_PER_USER = 2
    for name in ("one", "two", "three"):
        owner.post(PAGE, {"name": name})
    assert AppPassword.objects.count() == 2


@pytest.mark.parametrize(("remove", "left"), [({}, 1), ({"remove_app_passwords": "on"}, 0)])
def test_unbinding_asks_whether_they_go_too(owner: Person, remove: dict[str, str], left: int) -> None:
    owner.post(PAGE, {"name": "Mail"})
    owner.post("/security/phone/unbind/")
    assert "remove_app_passwords" in owner.get("/security/phone/unbind/").content.decode()
    owner.post("/security/phone/unbind/", {"code": code_from_phone(), **remove})
    assert AppPassword.objects.count() == left


def test_forgetting_browsers_and_changing_the_phone_keep_them(owner: Person) -> None:
    owner.post(PAGE, {"name": "Mail"})
    owner.post("/security/browsers/", {"all": "1"})
    owner.post("/security/phone/change/")
    owner.post("/security/phone/change/", {"code": code_from_phone()})
    owner.post("/security/phone/change/", {"number": OTHER_NUMBER})
    owner.post("/security/phone/change/", {"code": code_from_phone(OTHER_NUMBER)})
    assert Sms.objects.filter(purpose="notice_changed").exists()
    assert AppPassword.objects.count() == 1


@pytest.mark.bypass("row 24: app password at web sign-in")
def test_an_app_password_opens_no_page_and_counts_as_a_failure(owner: Person, settings: Settings) -> None:
    secret = shown_secret(owner.post(PAGE, {"name": "Mail"}))
    stranger = Person(owner.user)
    for password in (secret, secret.replace(" ", "")):
        assert stranger.enter_password(password).status_code == 200
    assert not stranger.is_in()
    assert SecurityEvent.objects.filter(kind="refused").count() == 2
    assert Person(HTTP_AUTHORIZATION="Basic d2FuZ3d1OngK").get("/").status_code == 302


def test_secrets_use_every_character_that_nobody_mixes_up() -> None:
    made = [secrets.new() for _ in range(400)]
    assert set("".join(made)) == set("abcdefghjkmnpqrstuvwxyz23456789")
    assert len(set(made)) == 400


def test_a_new_key_keeps_old_passwords(owner: Person, settings: Settings) -> None:
    secret = shown_secret(owner.post(PAGE, {"name": "Mail"})).replace(" ", "")
    settings.APP_PASSWORD_KEYS = ["another key", *settings.APP_PASSWORD_KEYS]
    assert AppPassword.objects.get().digest in secrets.digests(secret)
    settings.APP_PASSWORD_KEYS = ["another key"]
    assert AppPassword.objects.get().digest not in secrets.digests(secret)
