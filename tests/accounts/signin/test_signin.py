"""The paths of the guide, part 1, as people walk them."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.bans.where import places as networks
from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Sms, SmsDay
from accounts.log.models import SecurityEvent
from accounts.phones.models import Phone
from accounts.users import mailbox_passwords
from accounts.users.hashers import Argon2id
from accounts.users.keeper import Asker
from accounts.users.models import User
from portal.middleware import LONGEST
from tests.conftest import MakeUser
from tests.kit.asking import other_than
from tests.kit.people import NUMBER, PASSWORD, Person, code_from_phone
from tests.kit.sitemap import places


def test_first_sign_in_binds_a_phone(zhangsan: Person) -> None:
    assert zhangsan.enter_password().headers["Location"] == "/sign-in/phone/"
    assert not zhangsan.is_in()
    response = zhangsan.bind("138 0013 8000".replace(" ", ""))
    assert response.headers["Location"] == "/"
    assert zhangsan.is_in()
    assert str(Phone.objects.get(user=zhangsan.user).number) == "+8613800138000"


def test_next_sign_in_asks_for_a_code_and_trusts_the_browser(wangwu: Person) -> None:
    assert wangwu.enter_password().headers["Location"] == "/sign-in/code/"
    assert not wangwu.is_in()
    wangwu.enter_code(trust_browser="on")
    assert wangwu.is_in()
    wangwu.post("/sign-out/")
    assert not wangwu.is_in()

    assert wangwu.enter_password().headers["Location"] == "/"
    assert wangwu.is_in()
    assert TrustedBrowser.objects.get(user=wangwu.user).browser == "Firefox 140"


def test_a_whole_sign_in_asks_little(wangwu: Person) -> None:
    """Of the database: 10,000 people do it within minutes. What begins and ends a transaction is not counted."""
    browser, owner = Client(), wangwu.user
    assert owner
    browser.get("/sign-in/")  # what is loaded with the first page
    SmsDay.objects.create(day=timezone.localdate())  # as the first code of the day does
    with CaptureQueriesContext(connection) as asked:
        browser.get("/sign-in/")
        browser.post("/sign-in/", {"username": owner.username, "password": PASSWORD})
        browser.get("/sign-in/code/")
        browser.post("/sign-in/code/", {"code": Sms.objects.get(user=owner).digits()})
        assert browser.get("/").status_code == 200
    statements = [query["sql"] for query in asked if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) <= 35, "\n".join(statements)


def test_two_step_off_leads_straight_in(lisi: Person) -> None:
    assert lisi.enter_password().headers["Location"] == "/"
    assert lisi.is_in()


def test_change_and_unbind(wangwu: Person) -> None:
    wangwu.sign_in()
    wangwu.post("/security/phone/change/")
    wangwu.post("/security/phone/change/", {"code": code_from_phone("13800138000")})
    wangwu.post("/security/phone/change/", {"number": "13900139000"})
    wangwu.post("/security/phone/change/", {"code": code_from_phone("13900139000")})
    assert str(Phone.objects.get(user=wangwu.user).number) == "+8613900139000"
    assert wangwu.is_in()

    wangwu.post("/security/phone/unbind/")
    wangwu.post("/security/phone/unbind/", {"code": code_from_phone("13900139000")})
    assert not Phone.objects.filter(user=wangwu.user).exists()
    assert wangwu.get("/").headers["Location"] == "/sign-in/phone/"


def test_halfway_is_over_after_ten_minutes(wangwu: Person) -> None:
    wangwu.enter_password()
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert wangwu.enter_code().headers["Location"] == "/sign-in/"
        assert not wangwu.is_in()


def test_who_is_in_already_is_led_home(wangwu: Person) -> None:
    wangwu.sign_in()
    for page in ("/sign-in/", "/sign-in/code/", "/sign-in/phone/"):
        assert wangwu.get(page).headers["Location"] == "/"
        assert wangwu.post(page, {"username": "wangwu", "password": "x", "code": "123456"}).headers["Location"] == "/"
    assert wangwu.get("/sign-in/?next=/security/phone/").headers["Location"] == "/security/phone/"
    assert wangwu.is_in()


def test_signing_out(wangwu: Person) -> None:
    wangwu.sign_in()
    assert wangwu.get("/sign-out/").status_code == 405
    assert wangwu.is_in()
    assert wangwu.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert not wangwu.is_in()
    assert SecurityEvent.objects.filter(kind="signed_out", user=wangwu.user).count() == 1


@pytest.mark.parametrize("name", ["wangwu", "wangwu@example.edu", "WANGWU@example.edu"])
def test_the_whole_address_or_the_part_before_the_at(wangwu: Person, name: str) -> None:
    assert wangwu.enter_password(name=name).headers["Location"] == "/sign-in/code/"


def test_the_way_leads_to_where_somebody_wanted_to_go(wangwu: Person) -> None:
    page = wangwu.get("/security/browsers/").headers["Location"]
    assert page == "/sign-in/?next=/security/browsers/"
    assert 'name="next" value="/security/browsers/"' in wangwu.get(page).content.decode()
    wangwu.enter_password(next="/security/browsers/")
    assert wangwu.enter_code().headers["Location"] == "/security/browsers/"


def test_the_account_page_shows_the_last_sign_ins(wangwu: Person) -> None:
    wangwu.sign_in()
    page = wangwu.get("/").content.decode()
    assert "Firefox 140 · Linux" in page
    assert "138****8000" in page
    assert 'href="https://webmail.example.edu/"' in page


# --- Both factors ----------------------------------------------------------------------------------------------------


@pytest.mark.bypass("row 16: Ajenti CVE-2026-40177: with two-step on, the password is not looked at")
def test_a_right_code_does_not_make_a_wrong_password_right(wangwu: Person) -> None:
    wangwu.enter_password()
    code = code_from_phone()
    wangwu.post("/sign-out/")
    wangwu.enter_password("wrong")
    wangwu.post("/sign-in/code/", {"code": code})
    wangwu.post("/sign-in/", {"username": "wangwu", "password": "wrong", "code": code})
    wangwu.post("/sign-in/", {"username": "wangwu", "code": code})
    assert not wangwu.is_in()


@pytest.mark.bypass("row 3: a code is sent to whoever asks")
@pytest.mark.parametrize("password", ["wrong", "", " battery-staple-2026", "BATTERY-STAPLE-2026", "x" * 5000])
def test_a_wrong_password_sends_no_code(wangwu: Person, password: str) -> None:
    assert wangwu.enter_password(password).status_code == (200 if len(password) < LONGEST else 400)
    assert not wangwu.user or not wangwu.user.events.exclude(kind="refused").exists()
    with pytest.raises(AssertionError, match="no code"):
        code_from_phone()


def test_a_wrong_code_leads_nowhere(wangwu: Person) -> None:
    wangwu.enter_password()
    page = wangwu.post("/sign-in/code/", {"code": other_than(code_from_phone()), "trust_browser": "on"})
    assert page.status_code == 200
    assert not wangwu.is_in()
    assert SecurityEvent.objects.get(kind="code_wrong").user == wangwu.user


@pytest.mark.bypass("row 16: GitLab CVE-2021-39890: Basic authentication; row 21: the admin's own sign-in")
@pytest.mark.parametrize("path", ["/", "/admin/", "/admin/login/", "/sign-in/", "/security/phone/"])
def test_there_is_no_other_way_in(clerk: Person, path: str) -> None:
    assert clerk.user
    basic = {"Authorization": "Basic aXRvZmZpY2VAZXhhbXBsZS5lZHU6YmF0dGVyeS1zdGFwbGUtMjAyNg=="}
    clerk.get(path, headers=basic)
    clerk.post(
        path, {"username": clerk.user.username, "password": PASSWORD, "this_is_the_login_form": "1"}, headers=basic
    )
    request = HttpRequest()
    request.session = clerk.session
    assert not get_user(request).is_authenticated
    assert not clerk.is_in()


@pytest.mark.bypass("row 18: Keycloak CVE-2026-18963, GitLab CVE-2024-1525: the password reset opens a session")
def test_there_is_no_password_reset() -> None:
    assert not [place for place in places() if "reset" in place.route or "forgot" in place.route]


# --- What an answer gives away ---------------------------------------------------------------------------------------


def unsigned(response: HttpResponse, name: str) -> str:
    """The page without what differs by itself."""
    text = re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1", response.content.decode())
    return text.replace(name, "NAME")


@pytest.mark.bypass("row 36: Django CVE-2024-39329, CVE-2025-13473, authentik 2025 L2: who exists shows")
@pytest.mark.usefixtures("real_passwords")
def test_unknown_disabled_and_wrong_look_and_cost_the_same(
    make_user: MakeUser, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    make_user("wangwu", phone=NUMBER)
    make_user("nophone")
    make_user("lisi", two_step=False)
    make_user("disabled", is_active=False)
    for at_home in (make_user("colleague"), make_user("neighbour", two_step=False)):
        networks.note([(at_home.pk, "192.0.2.200")])  # beside which all of these try
    make_user("nopassword").set_unusable_password()
    User.objects.filter(username="nopassword@example.edu").update(password="!" + "x" * 40)
    hashed: list[str] = []
    encode, verify = Argon2id.encode, Argon2id.verify
    monkeypatch.setattr(Argon2id, "encode", lambda *args: hashed.append("hash") or encode(*args))  # type: ignore[func-returns-value]
    monkeypatch.setattr(Argon2id, "verify", lambda *args: hashed.append("hash") or verify(*args))  # type: ignore[func-returns-value]

    answers = {}
    names = ("wangwu", "nophone", "lisi", "disabled", "nopassword", "colleague", "neighbour", "unknown")
    wrong = [(name, "wrong") for name in names]
    cases = [*wrong, ("disabled", PASSWORD), ("unknown", PASSWORD)]
    for n, (name, password) in enumerate(cases):
        person = Person(REMOTE_ADDR=f"192.0.2.{n}")
        person.cookies[settings.TRUSTED_BROWSER_COOKIE_NAME] = "x" * 43  # it is looked for among everybody's
        hashed.clear()
        with CaptureQueriesContext(connection) as queries:
            response = person.enter_password(password, name=name)
        answers[name, password] = (response.status_code, unsigned(response, name), len(hashed), len(queries))
    expected = answers["wangwu", "wrong"]
    assert expected[2] == 1
    assert {case: answer for case, answer in answers.items() if answer != expected} == {}


def test_who_is_deleted_while_the_password_is_compared_is_refused(
    wangwu: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = mailbox_passwords.check_password

    def compare_too_late(name: str, password: str, *asker: Asker) -> User | None:
        found = compare(name, password, *asker)
        User.objects.all().delete()
        return found

    monkeypatch.setattr(mailbox_passwords, "check_password", compare_too_late)
    response = wangwu.enter_password()
    assert response.status_code == 200
    assert "wangwu" in response.content.decode(), "the form, as for any wrong password"
