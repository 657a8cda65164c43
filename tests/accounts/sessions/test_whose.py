"""Rows of sign-ins and of what hangs on them: whose they are, how long they are good, and that no other one ends."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.browsers import browsers
from accounts.browsers.browsers import Look
from accounts.browsers.models import TrustedBrowser
from accounts.factors.models import Authenticator, Passkey
from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from accounts.phones.models import Phone
from accounts.sessions import authorizations, signins, typed
from accounts.sessions.models import Authorization, SignIn
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Device

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
LOOK = Look("Firefox", "Linux", "192.0.2.1")


def is_in(user: User, session: str) -> SignIn:
    now = timezone.now()
    signins.note(user, session, LOOK, signed_in_at=now, ends_at=now + 12 * HOUR, is_new=True)
    return SignIn.objects.get(session=session)


def granted(
    user: User,
    session: str,
    *,
    device: Device | None = None,
    browser: TrustedBrowser | None = None,
    is_program: bool = False,
) -> Authorization:
    now = timezone.now()
    return authorizations.begin(
        user, session, signed_in_at=now, ends_at=now + 2 * HOUR, device=device, browser=browser, is_program=is_program
    )


def left() -> set[str]:
    return set(Authorization.objects.values_list("session", flat=True))


# --- What hangs on a sign-in ------------------------------------------------------------------------------------------


def test_what_one_sign_in_was_given_ends_and_nothing_else(owner: User, other: User, settings: Settings) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    for user, session in ((owner, "a"), (owner, "a"), (owner, "b"), (other, "c")):
        granted(user, session)
    authorizations.end("a")
    assert left() == {"b", "c"}
    assert not Ending.objects.exists(), "no mail program hangs on it"
    program = granted(owner, "d", is_program=True)
    granted(other, "e", is_program=True)
    authorizations.revoke(program)
    assert left() == {"b", "c", "e"}
    assert [list(ending.people) for ending in Ending.objects.all()] == [["wangwu@example.edu"]]


def test_what_is_over_goes_by_itself(
    owner: User, other: User, clock: time_machine.Traveller, settings: Settings
) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    granted(owner, "old", is_program=True)
    is_in(owner, "old")
    clock.shift(11 * HOUR)
    granted(other, "new", is_program=True)
    is_in(other, "new")
    clock.shift(HOUR)
    signins.delete_expired()
    assert SignIn.objects.count() == 2, "until its end it is none of the old ones"
    clock.shift(SECOND)
    authorizations.delete_expired()
    signins.delete_expired()
    assert left() == {"new"}
    assert SignIn.objects.get().session == "new"
    assert [list(ending.people) for ending in Ending.objects.all()] == [["wangwu@example.edu"]]


def test_it_is_good_as_long_as_what_it_came_by(owner: User, other: User, clock: time_machine.Traveller) -> None:
    phone = Phone.objects.get(user=owner)
    is_in(owner, "here")
    is_in(other, "there")
    good = granted(owner, "here", device=phone)
    assert good.is_live
    assert not granted(owner, "here").is_live, "two-step is on, and none was taken"
    assert not granted(owner, "nowhere", device=phone).is_live, "that sign-in is over"
    assert granted(owner, "nowhere", device=phone, is_program=True).is_live, "a mail program outlives it"
    clock.shift(2 * HOUR - SECOND)
    assert good.is_live
    clock.shift(SECOND)
    assert not good.is_live
    clock.shift(-(2 * HOUR + timedelta(seconds=60)))
    assert good.is_live, "clocks differ by a minute"
    clock.shift(-SECOND)
    assert not good.is_live, "one was set back"


def test_it_ends_with_the_trusted_browser_that_stood_in(owner: User, clock: time_machine.Traveller) -> None:
    trusted = browsers.trust(Phone.objects.get(user=owner), "", LOOK)
    assert trusted
    is_in(owner, "here")
    opened = granted(owner, "here", browser=trusted[0])
    assert opened.is_live
    Authorization.objects.update(ends_at=timezone.now() + timedelta(days=99))
    clock.shift(timedelta(days=30) - SECOND)
    assert Authorization.objects.get().is_live
    clock.shift(SECOND)
    assert not Authorization.objects.get().is_live


def test_a_change_of_ways_ends_it(owner: User) -> None:
    app = Authenticator.objects.create(user=owner, name="手机", key=b"", last_step=0)
    is_in(owner, "here")
    by_app, elsewhere, alone = granted(owner, "here", device=app), granted(owner, "here"), granted(owner, "here")
    authorizations.note_elsewhere(elsewhere)
    alone.refresh_from_db()
    assert alone.ways_version is None
    assert [one.is_live for one in (by_app, elsewhere)] == [True, True]
    assert Authorization.objects.filter(ways_version=owner.ways_version).count() == 2
    ways.changed(owner)
    assert not any(one.is_live for one in Authorization.objects.all())


def test_how_it_was_shown_is_said_as_it_was(owner: User) -> None:
    app = Authenticator(user=owner, pk=1)
    hardware, copied = Passkey(user=owner, pk=1), Passkey(user=owner, pk=2, backup_eligible=True)
    said = {
        device: (authorizations.shown(granted(owner, "s", device=device)))
        for device in (Phone.objects.get(user=owner), app, hardware, copied)
    }
    assert list(said.values()) == [["pwd", method, "mfa"] for method in ("sms", "otp", "hwk", "swk")]
    alone = granted(owner, "s")
    assert (authorizations.shown(alone), alone.phone_id, alone.ways_version) == (["pwd"], None, None)
    assert authorizations.level(alone).endswith(":PasswordProtectedTransport")


# --- Who is in --------------------------------------------------------------------------------------------------------


def test_a_sign_in_is_found_by_its_owner_and_name(owner: User, other: User) -> None:
    here, there = is_in(owner, "here"), is_in(owner, "there")
    is_in(other, "elsewhere")
    assert signins.find(owner, "here") == here
    assert signins.find(other, "here") is None
    assert signins.of(owner) == [there, here]
    assert signins.end_one(other, here.pk, here="elsewhere", address="") is None
    assert signins.end_one(owner, here.pk, here="here", address="") is None, "it has a button of its own"
    assert signins.end_named(other, "here", address="") is None
    assert not SecurityEvent.objects.exists()
    granted(owner, "here"), granted(owner, "there")
    assert signins.end_one(owner, here.pk, here="there", address="192.0.2.9") == here
    event = SecurityEvent.objects.get(kind="browser_signed_out")
    assert (event.user, event.address) == (owner, "192.0.2.9")
    assert event.detail == {"browser": "Firefox", "system": "Linux"}
    assert left() == {"there"}
    assert signins.end_one(owner, here.pk, here="there", address="") is None, "twice"
    is_in(owner, "here")
    signins.end_others(owner, "there")
    assert {row.session for row in SignIn.objects.all()} == {"there", "elsewhere"}
    signins.end("there")
    assert SignIn.objects.get().session == "elsewhere"


def test_what_is_over_or_of_another_password_is_not_listed(owner: User, clock: time_machine.Traveller) -> None:
    is_in(owner, "old")
    clock.shift(12 * HOUR)
    assert signins.of(owner) == []
    now = is_in(owner, "new")
    assert signins.of(owner) == [now]
    owner.set_password("another-horse-42")
    assert signins.of(owner) == []


@pytest.mark.parametrize(("idle", "seconds", "is_written"), [
    (7200, 59, False), (7200, 60, True), (7200, -1, True), (300, 29, False), (300, 30, True),
    (0, 59, False), (0, 60, True),
])  # fmt: skip
def test_when_something_was_last_done_is_written_once_a_minute(
    owner: User, other: User, clock: time_machine.Traveller, settings: Settings, idle: int, seconds: int,
    *, is_written: bool,
) -> None:  # fmt: skip
    settings.IDLE_LIFETIME = settings.IDLE_LIFETIME_OF_STAFF = timedelta(seconds=idle)
    row, before = is_in(owner, "here"), is_in(other, "there").seen_at
    clock.shift(seconds)
    signins.see(row, "198.51.100.7")
    seen = {one.session: (one.seen_at, one.address) for one in SignIn.objects.all()}
    told = (timezone.now(), "198.51.100.7") if is_written else (before, "192.0.2.1")
    assert seen == {"here": told, "there": (before, "192.0.2.1")}


@pytest.mark.parametrize(("seconds", "is_idle"), [(0, False), (3599, False), (3600, True), (-60, False), (-61, True)])
def test_who_does_nothing_is_idle_after_so_long(
    owner: User, clock: time_machine.Traveller, seconds: int, *, is_idle: bool
) -> None:
    row = is_in(owner, "here")
    clock.shift(seconds)
    assert row.is_idle(HOUR) is is_idle
    assert not row.is_idle(timedelta()), "it does not matter"


def test_a_sign_in_that_comes_anew_takes_the_place_of_its_row(owner: User, clock: time_machine.Traveller) -> None:
    is_in(owner, "here")
    clock.shift(HOUR)
    now = timezone.now()
    signins.note(owner, "here", Look("Safari", "macOS", ""), signed_in_at=now, ends_at=now + HOUR, is_temporary=True)
    row = SignIn.objects.get()
    assert (row.browser, row.system, row.address, row.is_temporary) == ("Safari", "macOS", None, True)
    assert (row.signed_in_at, row.seen_at, row.ends_at) == (now, now, now + HOUR)


# --- What was typed ---------------------------------------------------------------------------------------------------


def test_of_a_form_that_came_too_late_only_what_somebody_typed_is_kept() -> None:
    form = {
        "reason": " lost the phone ", "note": "ab", "one": "x", "ticked": "on", "csrfmiddlewaretoken": "abc",
        "version": "12", "_save": "Save", "new_password": "secret", "CODE": "123456", "api_key": "abc",
        "file": object(), "my_token": "abc",
    }  # fmt: skip
    assert typed.of(form) == {"reason": "lost the phone", "note": "ab"}
    assert typed.of({"a": "x" * 2000, "b": "y" * 2000})
    assert typed.of({"a": "x" * 2000, "b": "y" * 2001}) == {}, "a session is read with each page"
