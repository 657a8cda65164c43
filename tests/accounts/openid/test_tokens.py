"""How long what an application got is worth something."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction

from accounts.browsers.models import TrustedBrowser
from accounts.maillogins.models import MailLogin
from accounts.openid.models import AccessToken, Grant, IDToken, RefreshToken
from accounts.phones import phones
from accounts.sessions.models import Authorization
from accounts.users.models import User
from tests.kit import upkeep
from tests.kit.people import OTHER_NUMBER, PASSWORD, Person
from tests.kit.sites import MailServer, Site, code_in

pytestmark = pytest.mark.django_db


def _disable(person: Person) -> None:
    User.objects.update(is_active=False)


def _change_password(person: Person) -> None:
    new = {"old_password": PASSWORD, "new_password": "correct-horse-2027", "new_password_again": "correct-horse-2027"}
    assert person.post("/security/password/", new).status_code == 302


def _change_phone(person: Person) -> None:
    phone = phones.of(person.user)  # type: ignore[arg-type]
    assert phone
    phones.change(phone, f"+86{OTHER_NUMBER}")


def _unbind(person: Person) -> None:
    phone = phones.of(person.user)  # type: ignore[arg-type]
    assert phone
    phones.unbind(phone)


def _sign_out(person: Person) -> None:
    person.post("/sign-out/")


def _sign_out_everywhere(person: Person) -> None:
    assert person.user
    person.user.end_sessions()


def _must_choose_a_password(person: Person) -> None:
    User.objects.update(must_change_password=True)


def _sign_in_again(person: Person) -> None:
    """As another person, in the same browser."""
    _sign_out(person)
    person.enter_password()


ENDS = [_disable, _change_password, _change_phone, _unbind, _sign_out, _sign_out_everywhere, _must_choose_a_password,
        _sign_in_again]  # fmt: skip


@pytest.mark.bypass("row 27: allauth 65.13, authentik CVE-2025-64521: tokens that outlive what they came from")
@pytest.mark.bypass("row 20")
@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__.strip("_"))
def test_tokens_die_at_once(end: Callable[[Person], None], wangwu: Person, webmail: Site, dovecot: MailServer) -> None:
    wangwu.arrive()
    tokens, code = webmail.tokens(wangwu), code_in(webmail.open(wangwu))
    assert dovecot.says(tokens["access_token"])["active"]
    end(wangwu)
    assert dovecot.says(tokens["access_token"]) == {"active": False}
    assert webmail.who(tokens["access_token"]).status_code == 401
    assert webmail.refresh(tokens["refresh_token"]).json() == {"error": "invalid_grant"}
    assert webmail.exchange(code).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize("header", ["X-Dovecot-Auth-Service", "X-Dovecot-Auth-Protocol"], ids=["2.3", "2.4"])
@pytest.mark.parametrize(
    ("service", "remote", "counted"),
    [
        ("imap", "192.0.2.7:50123", ("imap", "192.0.2.7")),
        ("submission", "[2001:db8::7]:50123", ("smtp", "2001:db8::7")),
        ("sieve", "nonsense", ("sieve", "")),
        ("", "192.0.2.7:50123", None),  # somebody tries it out
        ("doveadm", "192.0.2.7:50123", None),
    ],
)
def test_a_login_of_webmail_is_counted(
    wangwu: Person,
    webmail: Site,
    dovecot: MailServer,
    *,
    caplog: pytest.LogCaptureFixture,
    header: str,
    service: str,
    remote: str,
    counted: tuple[str, str] | None,
) -> None:
    """As one of the person whom the token is of, and none where it opens nothing."""
    wangwu.arrive()
    token = webmail.tokens(wangwu)["access_token"]
    of_dovecot = {header: service, "X-Dovecot-Auth-Remote": remote}
    for shown in (token, token, "not a token"):
        dovecot.says(shown, **of_dovecot)
    rows = MailLogin.objects.values_list("user__username", "protocol", "address", "method", "count")
    assert list(rows) == ([("wangwu@example.edu", *counted, "token", 2)] if counted else [])
    assert "not counted" not in caplog.text


def test_who_cannot_be_counted_gets_in_all_the_same(
    wangwu: Person, webmail: Site, dovecot: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    wangwu.arrive()
    token = webmail.tokens(wangwu)["access_token"]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE maillogins_maillogin RENAME TO away")
    with transaction.atomic():  # as a request outside of a test, whose errors end nothing else
        assert dovecot.says(token, **{"X-Dovecot-Auth-Service": "imap"})["active"]
    assert "not counted" in caplog.text
    assert token not in caplog.text


def test_two_step_ends_what_came_without_it(lisi: Person, webmail: Site, dovecot: MailServer) -> None:
    lisi.arrive()
    tokens = webmail.tokens(lisi)
    assert dovecot.says(tokens["access_token"])["active"]
    User.objects.update(two_step_from="2026-01-01T00:00Z")
    assert dovecot.says(tokens["access_token"]) == {"active": False}
    assert webmail.refresh(tokens["refresh_token"]).status_code == 400


def test_a_forgotten_browser_ends_what_it_opened(wangwu: Person, webmail: Site, dovecot: MailServer) -> None:
    wangwu.sign_in(trust_browser="on")
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    tokens = webmail.tokens(wangwu)
    assert dovecot.says(tokens["access_token"])["active"]
    TrustedBrowser.objects.all().delete()
    assert dovecot.says(tokens["access_token"]) == {"active": False}


def test_signing_out_ends_nothing_of_another_browser(wangwu: Person, webmail: Site, dovecot: MailServer) -> None:
    wangwu.arrive()
    tokens = webmail.tokens(wangwu)
    elsewhere = Person(wangwu.user)
    User.objects.update(two_step_from=None)
    elsewhere.arrive()
    other = webmail.tokens(elsewhere)
    elsewhere.post("/sign-out/")
    assert dovecot.says(tokens["access_token"])["active"]
    assert not dovecot.says(other["access_token"])["active"]


def test_an_access_token_is_short_and_refreshed_till_the_sign_in_ends(
    wangwu: Person, webmail: Site, dovecot: MailServer, clock: time_machine.Traveller
) -> None:
    wangwu.arrive()
    tokens = webmail.tokens(wangwu)
    refresh, access = tokens["refresh_token"], tokens["access_token"]
    clock.shift(timedelta(minutes=10))
    assert dovecot.says(access) == {"active": False}
    for _hour in range(11):
        clock.shift(timedelta(hours=1))
        access = webmail.refresh(refresh).json()["access_token"]
        assert dovecot.says(access)["active"]
    clock.shift(timedelta(minutes=45))
    last = webmail.refresh(refresh).json()["access_token"]
    clock.shift(timedelta(minutes=5))
    assert dovecot.says(last) == {"active": False}, "twelve hours after the sign-in"
    assert webmail.refresh(refresh).json() == {"error": "invalid_grant"}


def test_two_requests_may_refresh_at_once(wangwu: Person, webmail: Site, dovecot: MailServer) -> None:
    wangwu.arrive()
    tokens = webmail.tokens(wangwu)
    first, second = (webmail.refresh(tokens["refresh_token"]).json() for _ in range(2))
    assert first["access_token"] != second["access_token"]
    for answer in (tokens, first, second):
        assert dovecot.says(answer["access_token"])["active"]


def test_upkeep_leaves_nothing(wangwu: Person, webmail: Site, clock: time_machine.Traveller) -> None:
    wangwu.arrive()
    webmail.refresh(webmail.tokens(wangwu)["refresh_token"])
    upkeep.delete_expired()
    assert AccessToken.objects.count() == 2
    clock.shift(timedelta(hours=25))
    upkeep.delete_expired()
    for model in (Authorization, Grant, AccessToken, RefreshToken, IDToken):
        assert not model._default_manager.exists(), model


def test_an_application_can_hand_its_token_back(wangwu: Person, webmail: Site, dovecot: MailServer) -> None:
    wangwu.arrive()
    tokens = webmail.tokens(wangwu)
    assert webmail.post("revoke", token=tokens["refresh_token"]).status_code == 200
    assert dovecot.says(tokens["access_token"]) == {"active": False}
    assert webmail.refresh(tokens["refresh_token"]).status_code == 400
