"""A name is compared with the mailbox password, so that it is not shown in clear; nobody finds it out that way."""

import re
from datetime import timedelta

import pytest
import time_machine
from pytest_django import Settings

from accounts.log.models import SecurityEvent
from accounts.users import mailbox_passwords
from apppasswords import names, secrets
from apppasswords.models import AppPassword, ProfileLink
from tests.kit.people import PASSWORD, Person

PAGES = {"/app-passwords/": {}, "/app-passwords/profile/": {"qr": "1"}}
LIMIT = 6


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[str]:
    settings.APP_PASSWORDS_DAILY = LIMIT
    typed: list[str] = []
    real = mailbox_passwords.check_password

    def check(name: str, password: str, *_asker: object) -> object:
        typed.append(password)
        return real(name, password)

    monkeypatch.setattr(mailbox_passwords, "check_password", check)
    return typed


@pytest.fixture
def inside(wangwu: Person) -> Person:
    """With a fresh code."""
    wangwu.arrive()
    return wangwu


@pytest.mark.bypass("C1: 300 names to a form that says which one is the mailbox password")
@pytest.mark.parametrize("page", PAGES)
def test_guesses_by_name_are_held(inside: Person, compared: list[str], page: str) -> None:
    compared.clear()
    for number in range(30):
        inside.post(page, {"name": f"guess {number}", **PAGES[page]})
        AppPassword.objects.all().delete()
        ProfileLink.objects.all().delete()
    assert compared == [f"guess {number}" for number in range(LIMIT)]
    right = inside.post(page, {"name": PASSWORD, **PAGES[page]})
    wrong = inside.post(page, {"name": "Foxmail", **PAGES[page]})
    assert (right.status_code, right.headers.get("Location")) == (wrong.status_code, wrong.headers.get("Location"))
    assert len(compared) == LIMIT
    assert not AppPassword.objects.exists()
    assert not ProfileLink.objects.exists()
    assert SecurityEvent.objects.filter(kind="making_paused").count() == 1


def test_both_pages_share_the_number(inside: Person, compared: list[str]) -> None:
    compared.clear()
    for page, more in PAGES.items():
        for number in range(LIMIT):
            inside.post(page, {"name": f"{page[1:4]} {number}", **more})
    assert len(compared) == LIMIT


def test_tomorrow_it_goes_on(inside: Person, compared: list[str], clock: time_machine.Traveller) -> None:
    inside.arrive()
    for number in range(LIMIT + 1):
        inside.post("/app-passwords/", {"name": f"phone {number}"})
    assert AppPassword.objects.count() == LIMIT
    clock.shift(timedelta(days=1))
    inside.post("/sign-out/")
    inside.arrive()
    inside.post("/app-passwords/", {"name": "phone of today"})
    assert AppPassword.objects.count() == LIMIT + 1


def test_a_password_as_the_name_is_still_refused(inside: Person) -> None:
    said = inside.post("/app-passwords/", {"name": PASSWORD}).content.decode()
    assert PASSWORD not in said
    assert not AppPassword.objects.exists()
    assert re.search("密码", said)


def test_what_is_long_is_no_secret_of_ours(inside: Person, compared: list[str]) -> None:
    """It is not taken apart: a page must not take a second over a novel."""
    assert secrets.typed("a" * 65) is None
    assert secrets.typed("-".join(["kmnp"] * 4)) == "kmnp" * 4


def test_an_app_password_is_no_name_of_one(inside: Person, compared: list[str]) -> None:
    compared.clear()
    inside.post("/app-passwords/", {"name": secrets.in_fours(secrets.new())})
    assert not AppPassword.objects.exists()
    assert compared == [], "nobody has to compare it to see that"
    assert inside.user
    assert names.fault(inside.user, secrets.new()) is names.Fault.SECRET, "whoever asks"
    assert compared == []
