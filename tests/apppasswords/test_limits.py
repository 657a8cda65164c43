"""App passwords with limits: what they are for, from where and until when; and what is said of a login they refuse."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone
from pytest_django import Settings

from accounts.bans.models import Failure
from accounts.delivery.models import Mail
from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from apppasswords import ends, limits, passwords
from apppasswords.limits import Limits, Scope
from apppasswords.maillogin import decision, wire
from apppasswords.maillogin.afterwards import Notebook
from apppasswords.maillogin.decision import Login, Outcome, Reason, Verdict
from apppasswords.models import AppPassword, Mistake
from tests.apppasswords.test_connection import NAME, log_in, notebook, owner, shown, user_of
from tests.kit.people import Person

__all__ = ["notebook", "owner"]  # fixtures

PAGE = "/app-passwords/"
INSIDE, OUTSIDE = "198.51.100.7", "203.0.113.7"
SCOPES = {
    Scope.MAIL: {"imap", "pop3", "smtp"},
    Scope.READING: {"imap", "pop3"},
    Scope.SENDING: {"smtp"},
    Scope.MAIL_AND_FILTERS: {"imap", "pop3", "smtp", "sieve"},
    Scope.MAIL_AND_CALENDARS: {"imap", "pop3", "smtp", "dav", "eas"},
    Scope.CALENDARS: {"dav", "eas"},
}
NETWORKS = {
    "": {INSIDE, OUTSIDE, "2001:db8::7"},
    "198.51.100.0/24": {INSIDE},
    "192.0.2.0/24 198.51.100.7/32 2001:db8::/32": {INSIDE, "2001:db8::7"},
    "0.0.0.0/0": {INSIDE, OUTSIDE},
}
DAYS = (-1, 0, 1, None)  # from now; of the end


def make(person: Person, chosen: Limits = limits.USUAL) -> tuple[AppPassword, str]:
    made = passwords.create(user_of(person), "Printer", limits=chosen)
    assert isinstance(made, tuple)
    return made


def ask(secret: str, protocol: str = "imap", address: str = INSIDE) -> Verdict:
    return decision.verify(Login(NAME, secret, protocol, address))


def logged(kind: str) -> list[SecurityEvent]:
    return list(SecurityEvent.objects.filter(kind=kind).order_by("pk"))


@pytest.fixture
def now() -> Iterator[datetime]:
    at = timezone.now()
    with time_machine.travel(at, tick=False):
        yield at


def test_truth_table(owner: Person, now: datetime) -> None:
    _row, secret = make(owner)
    surprises = []
    for scope, networks, days in product(SCOPES, NETWORKS, DAYS):
        ends_at = now + timedelta(days=days) if days is not None else None
        AppPassword.objects.update(scope=scope, networks=networks, ends_at=ends_at)
        for protocol, address in product(decision.PROTOCOLS, (INSIDE, OUTSIDE, "2001:db8::7", "::ffff:198.51.100.7")):
            is_within = address in NETWORKS[networks] or (address.startswith("::ffff") and INSIDE in NETWORKS[networks])
            may = protocol in SCOPES[scope] and is_within and (days is None or days > 0)
            if (ask(secret, protocol, address).outcome is Outcome.YES) != may:
                surprises.append((scope, networks, days, protocol, address))
    assert not surprises


@pytest.mark.parametrize("used", [True, False])
def test_what_nobody_uses_ends(owner: Person, used: bool) -> None:
    row, secret = make(owner, Limits(idle_days=90))
    start = row.created_at
    if used:
        start += timedelta(days=50)
        AppPassword.objects.update(last_used_at=start)
    for days, reason in ((89, Reason.APP_PASSWORD), (90, Reason.UNUSED), (91, Reason.UNUSED)):
        with time_machine.travel(start + timedelta(days=days), tick=False):
            assert ask(secret).reason is reason


def test_one_of_before_there_were_limits_goes_on_as_it_was(owner: Person) -> None:
    """And one that a process of that time makes beside this one."""
    row, secret = make(owner)
    columns = "user_id, name, digest, created_at, last_used_protocol, last_used_address, mistake, mistake_protocol"
    with database.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO apppasswords_apppassword ({columns}, mistake_address)
                SELECT {columns.replace("digest", "'x'")}, '' FROM apppasswords_apppassword"""
        )
    digest = row.digest
    row.delete()
    AppPassword.objects.update(digest=digest)
    assert {ask(secret, protocol).outcome for protocol in ("imap", "pop3", "smtp", "sieve")} == {Outcome.YES}


REFUSALS = [
    (Limits(Scope.READING), "smtp", Mistake.OTHER_USE, "made for: receiving mail only"),
    (Limits(networks="192.0.2.0/24"), "imap", Mistake.ELSEWHERE, "made for: 192.0.2.0/24"),
    (Limits(ends_at=datetime(2020, 1, 1, tzinfo=UTC)), "imap", Mistake.ENDED, "Printer has ended"),
]


@pytest.mark.parametrize(("chosen", "protocol", "mistake", "told"), REFUSALS)
def test_a_refusal_is_told_to_the_owner_and_to_nobody_else(
    owner: Person, notebook: Notebook, chosen: Limits, protocol: str, mistake: Mistake, told: str
) -> None:
    row, secret = make(owner, chosen)
    wrong = log_in(notebook, "wrong", protocol=protocol, address="192.0.2.99")
    verdict = log_in(notebook, secret, protocol=protocol)
    row.refresh_from_db()
    assert row.mistake == mistake
    page = shown(owner, row)
    assert told in page
    assert "somebody has this app password" in page
    listed = re.sub(r"\s+", " ", owner.get(PAGE).content.decode())
    assert f"Refused: {row.get_mistake_display()}" in listed
    login = Login(NAME, secret, protocol, INSIDE)
    assert wire.write_form(verdict, login) == wire.write_form(wrong, login), "as a wrong one"
    [event] = logged("app_password_refused")
    assert (event.detail["name"], event.detail["why"], event.address) == ("Printer", mistake, INSIDE)


def test_who_has_the_right_one_guesses_nothing(owner: Person, notebook: Notebook) -> None:
    """A phone that goes on asking bans nobody's network, and fills no log."""
    _row, secret = make(owner, Limits(Scope.SENDING))
    for _ in range(25):
        assert log_in(notebook, secret).outcome is Outcome.NO
    assert not Failure.objects.exists()
    assert log_in(notebook, secret, protocol="smtp").outcome is Outcome.YES
    assert len(logged("app_password_refused")) == 1
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        log_in(notebook, secret)
    assert len(logged("app_password_refused")) == 2


def test_one_that_is_in_use_says_what_its_limits_refused_for_a_day(owner: Person, notebook: Notebook) -> None:
    row, secret = make(owner)
    log_in(notebook, secret)
    log_in(notebook, secret, protocol="sieve")
    assert "was used for something that it may not be used for" in shown(owner, row)
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        owner.arrive()
        assert "Printer is connected" in shown(owner, row)


# --- The form --------------------------------------------------------------------------------------------------------


def test_who_chooses_nothing_gets_mail_without_filters(owner: Person) -> None:
    owner.post(PAGE, {"name": "Foxmail"})
    assert AppPassword.objects.get().limits == Limits(Scope.MAIL)
    assert "receiving and sending mail" not in owner.get(PAGE).content.decode().partition("<form")[0]


def test_what_is_chosen_is_kept_and_listed(owner: Person) -> None:
    day = timezone.localdate() + timedelta(days=30)
    chosen = {
        "scope": "send",
        "last_day": day.isoformat(),
        "idle_days": "180",
        "networks": "198.51.100.7/24,2001:db8::1",
    }
    made = owner.post(PAGE, {"name": "Printer", **chosen}).content.decode()
    row = AppPassword.objects.get()
    assert row.limits == Limits("send", "198.51.100.0/24 2001:db8::1/128", limits.end_of(day), 180)
    for page in (made, owner.get(PAGE).content.decode()):
        for said in ("sending mail only", "198.51.100.0/24", f"until {day}", "180 days"):
            assert said in page


@pytest.mark.parametrize(
    "entered",
    ["１９８．51．100．0／24，10.0.0.0/8", "198.51.100.0/24、10.0.0.0/8", "198。51。100。0/24；\u200b10.0.0.0/8 "],
)
def test_networks_as_a_chinese_keyboard_types_them(owner: Person, entered: str) -> None:
    owner.post(PAGE, {"name": "Printer", "networks": entered})
    assert AppPassword.objects.get().networks == "198.51.100.0/24 10.0.0.0/8"


def test_which_network_is_wrong_is_said(owner: Person) -> None:
    page = owner.post(PAGE, {"name": "Printer", "networks": "198.51.100.0/24, 10.0.0/8"}).content.decode()
    assert "“10.0.0/8” is no network" in page


@pytest.mark.parametrize("entered", ["0.0.0.0/0", "0.0.0.0/1 128.0.0.0/1", "198.51.100.0/24, ::/0", "10.0.0.0/7"])
def test_half_the_internet_is_no_bound(owner: Person, entered: str) -> None:
    page = owner.post(PAGE, {"name": "Printer", "networks": entered}).content.decode()
    assert "This network is too large" in page
    assert not AppPassword.objects.exists()


@pytest.mark.parametrize("server", ["", "dav.example.edu"])
def test_calendars_are_offered_where_there_is_a_server(owner: Person, settings: Settings, server: str) -> None:
    settings.DAV_HOST = server
    assert ('value="calendars"' in owner.get(PAGE).content.decode()) == bool(server)
    owner.post(PAGE, {"name": "Calendar", "scope": "calendars"})
    assert AppPassword.objects.filter(scope="calendars").exists() == bool(server)


@pytest.mark.parametrize(
    ("field", "entered"),
    [
        ("scope", "everything"), ("last_day", "yesterday"), ("last_day", "2020-01-01"), ("last_day", "9999-12-31"),
        ("idle_days", "1"), ("idle_days", "-5"), ("networks", "the office"), ("networks", "198.51.100.0/33"),
        ("networks", " ".join(["192.0.2.1"] * 11)), ("networks", "1" * 500),
    ],
)  # fmt: skip
def test_what_is_no_limit_makes_nothing(owner: Person, field: str, entered: str) -> None:
    page = owner.post(PAGE, {"name": "Printer", field: entered})
    assert not AppPassword.objects.exists()
    said = page.content.decode()
    assert re.search(r"<details[^>]* open>", said)
    assert f'id="id_{field}_error"' in said
    assert 'value="Printer"' in said


def test_the_last_day_is_the_last_day(settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    with timezone.override("Asia/Shanghai"):
        ends_at = limits.end_of(date(2026, 12, 31))
        assert ends_at.isoformat() == "2027-01-01T00:00:00+08:00"
        assert limits.last_day(ends_at) == date(2026, 12, 31)


# --- The end ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", ["ends_at", "idle_days"])
def test_its_owner_is_told_a_week_before_once(owner: Person, chosen: str) -> None:
    made_at = timezone.now()
    make(owner, Limits(idle_days=90) if chosen == "idle_days" else Limits(ends_at=made_at + timedelta(days=90)))
    told: list[int] = []
    for day in (0, 7, 82, 83, 84, 89, 90, 91):
        with time_machine.travel(made_at + timedelta(days=day, minutes=1), tick=False):
            ends.remind()
            ends.close()
            told += [day] if Mail.objects.filter(event__kind="app_password_ending").count() > len(told) else []
    assert told == [83]
    assert len(logged("app_password_ended")) == 1


def test_one_that_is_used_again_is_told_again(owner: Person) -> None:
    row, _secret = make(owner, Limits(idle_days=90))
    told: list[int] = []
    for day in (0, 82, 83, 84, 85, 90, 167, 168, 169):
        with time_machine.travel(row.created_at + timedelta(days=day, minutes=1), tick=False):
            if day == 85:
                AppPassword.objects.update(last_used_at=timezone.now())
            ends.remind()
            told += [day] if len(logged("app_password_ending")) > len(told) else []
    assert told == [83, 168]


def test_one_that_is_made_for_a_few_days_is_not_told_of(owner: Person) -> None:
    row, _secret = make(owner, Limits(ends_at=timezone.now() + timedelta(days=5)))
    for day in range(7):
        with time_machine.travel(row.created_at + timedelta(days=day), tick=False):
            ends.remind()
    assert not logged("app_password_ending")


def test_what_is_connected_ends_with_it(owner: Person, settings: Settings) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:9"]
    make(owner, Limits(ends_at=timezone.now() + timedelta(hours=1)))
    ends.close()
    assert not Ending.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        ends.close()
        ends.close()
    ending = Ending.objects.get()
    assert (list(ending.people), ending.why) == ([NAME], "app_password")


@pytest.mark.parametrize(("host", "opened"), [("", Scope.MAIL), ("dav.example.edu", Scope.MAIL_AND_CALENDARS)])
def test_a_device_that_sets_itself_up_gets_what_there_is(settings: Settings, host: str, opened: Scope) -> None:
    settings.DAV_HOST = host
    assert limits.of_a_device() == Limits(opened)
