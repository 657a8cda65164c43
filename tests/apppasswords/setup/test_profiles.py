"""Apple's configuration profiles: what is in them, and the page that makes them."""

import plistlib
import re
from typing import Any

import pytest
from django.conf import settings as site
from django.core import mail
from pytest_django import Settings

from accounts.log.models import SecurityEvent
from accounts.users.models import User
from apppasswords.maillogin import decision
from apppasswords.models import AppPassword
from apppasswords.setup import profiles
from tests.conftest import MakeUser
from tests.kit import apple
from tests.kit.people import IPHONE, PASSWORD, WINDOWS, Person

PAGE = "/app-passwords/profile/"


def form_id(person: Person) -> str:
    found = re.search(r'name="request" value="([0-9a-f]{32})"', person.get(PAGE).content.decode())
    assert found
    return found.group(1)


def logs_in(user: User, secret: str) -> bool:
    login = decision.Login(user.username, secret, "imap", "192.0.2.9")
    return decision.verify(login).outcome is decision.Outcome.YES


@pytest.fixture
def owner(wangwu: Person) -> Person:
    """Somebody who has just entered a code."""
    wangwu.arrive()
    return wangwu


@pytest.fixture
def wang(make_user: MakeUser) -> User:
    return make_user("wang.wu", name="王五")


# --- What is in it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [None, "abcdefghjkmnpqrs"])
def test_it_keeps_to_apples_keys(wang: User, secret: str | None) -> None:
    profile, account = apple.read(profiles.build(wang, site.MAIL_SERVERS, secret))
    assert account.get("IncomingPassword") == secret
    assert "OutgoingPassword" not in account
    assert account["OutgoingPasswordSameAsIncomingPassword"] is True
    assert account["EmailAccountType"] == "EmailTypeIMAP"
    assert (account["IncomingMailServerHostName"], account["IncomingMailServerPortNumber"]) == ("imap.example.edu", 993)
    assert (account["OutgoingMailServerHostName"], account["OutgoingMailServerPortNumber"]) == ("smtp.example.edu", 465)
    assert account["IncomingMailServerUseSSL"] is account["OutgoingMailServerUseSSL"] is True
    assert account["IncomingMailServerAuthentication"] == account["OutgoingMailServerAuthentication"]
    assert account["IncomingMailServerAuthentication"] == "EmailAuthPassword"
    names = ("EmailAddress", "IncomingMailServerUsername", "OutgoingMailServerUsername")
    assert {account[name] for name in names} == {"wang.wu@example.edu"}
    assert account["EmailAccountName"] == "王五"
    assert profile["PayloadOrganization"] == site.INSTITUTION


@pytest.mark.parametrize("secret", [None, "abcdefghjkmnpqrs"])
def test_calendars_and_contacts_where_there_is_a_server(wang: User, settings: Settings, secret: str | None) -> None:
    assert len(apple.read(profiles.build(wang, site.MAIL_SERVERS, secret))[0]["PayloadContent"]) == 1
    settings.DAV_HOST = "dav.example.edu"
    profile, _account = apple.read(profiles.build(wang, site.MAIL_SERVERS, secret))
    for kind, account in zip(("CalDAV", "CardDAV"), profile["PayloadContent"][1:], strict=True):
        assert (account[f"{kind}HostName"], account[f"{kind}Port"]) == ("dav.example.edu", 443)
        assert (account[f"{kind}Username"], account.get(f"{kind}Password")) == ("wang.wu@example.edu", secret)
        assert account[f"{kind}UseSSL"] is True


def test_its_app_password_opens_what_is_in_it(owner: Person, settings: Settings) -> None:
    settings.DAV_HOST = "dav.example.edu"
    owner.post(PAGE, {"name": "iPhone", "request": form_id(owner)})
    assert AppPassword.objects.get().scope == "read send calendars"


def test_a_new_one_takes_the_old_ones_place_on_the_device(wang: User, make_user: MakeUser) -> None:
    made = [apple.read(profiles.build(wang, site.MAIL_SERVERS, secret)) for secret in ("a" * 16, "b" * 16, None)]
    assert {profile["PayloadIdentifier"] for profile, _ in made} == {"edu.example.mailkey.wang.wu"}
    assert len({account["PayloadIdentifier"] for _, account in made}) == 1
    assert len({part["PayloadUUID"] for parts in made for part in parts}) == 2 * len(made)

    other, _ = apple.read(profiles.build(make_user("lisi"), site.MAIL_SERVERS))
    assert other["PayloadIdentifier"] != made[0][0]["PayloadIdentifier"], "two mailboxes on one device"


@pytest.mark.parametrize(
    ("language", "institution", "mail"),
    [("zh-hans", site.INSTITUTION, "邮箱"), ("en", site.INSTITUTION_ENGLISH, " mail")],
)
def test_it_speaks_the_persons_language(wang: User, language: str, institution: str, mail: str) -> None:
    wang.language = language
    profile, account = apple.read(profiles.build(wang, site.MAIL_SERVERS))
    assert profile["PayloadDisplayName"] == f"{institution}{mail}"
    assert profile["PayloadOrganization"] == account["EmailAccountDescription"] == institution


@pytest.mark.parametrize(
    "change",
    [
        {"EmailAcountType": "EmailTypeIMAP"},
        {"EmailAccountType": "IMAP"},
        {"IncomingMailServerPortNumber": "993"},
        {"IncomingMailServerUseSSL": 1},
        {"PayloadUUID": "1"},
        {"PayloadVersion": True},
        {"EmailAccountType": None},
    ],
)
def test_the_measure_itself_finds_what_is_wrong(wang: User, change: dict[str, Any]) -> None:
    profile = plistlib.loads(profiles.build(wang, site.MAIL_SERVERS))
    assert not apple.complaints(profile)
    (account,) = profile["PayloadContent"]
    for name, value in change.items():
        account.pop(name, None)
        account |= {name: value} if value is not None else {}
    assert len(apple.complaints(profile)) == 1


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_password_in_it_logs_in(owner: Person) -> None:
    assert owner.user
    mail.outbox.clear()
    response = owner.post(PAGE, {"name": "iPhone", "request": form_id(owner)})
    assert response.headers["Content-Type"] == "application/x-apple-aspen-config"
    assert response.headers["Content-Disposition"] == 'attachment; filename="example.edu.mobileconfig"'
    assert response.headers["Cache-Control"] == "no-store"
    _, account = apple.read(response.content)
    assert AppPassword.objects.get().name == "iPhone"
    assert logs_in(owner.user, account["IncomingPassword"])
    assert SecurityEvent.objects.filter(kind="app_password_created", user=owner.user).count() == 1
    assert "iPhone" in mail.outbox[0].body


def test_without_a_password_nothing_is_made(owner: Person) -> None:
    _, account = apple.read(owner.post(PAGE, {"bare": "1"}).content)
    assert "IncomingPassword" not in account
    assert not AppPassword.objects.exists()


def test_looking_at_the_page_makes_nothing(owner: Person) -> None:
    for query in ({}, {"bare": "1"}, {"name": "iPhone"}):
        assert owner.get(PAGE, query).headers["Content-Type"].startswith("text/html")
    assert not AppPassword.objects.exists()


def test_the_same_form_sent_again_makes_no_second_password(owner: Person) -> None:
    form = {"name": "iPad", "request": form_id(owner)}
    owner.post(PAGE, form)
    assert owner.post(PAGE, form).headers["Location"] == PAGE
    assert AppPassword.objects.count() == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, PASSWORD, "abcd efgh jkmn pqrs", "x7Kd9Qm2Lp4Rt8Wz"])
def test_a_name_that_is_no_description_is_refused_and_not_kept(owner: Person, name: str) -> None:
    response = owner.post(PAGE, {"name": name})
    assert response.headers["Content-Type"].startswith("text/html")
    assert not AppPassword.objects.exists()
    if name.strip():
        assert name not in response.content.decode()


def test_no_more_than_the_limit(owner: Person, settings: Settings) -> None:
    settings.APP_PASSWORDS_PER_USER = 1
    for name in ("one", "two"):
        owner.post(PAGE, {"name": name})
    assert AppPassword.objects.get().name == "one"


def test_it_needs_a_phone_and_a_fresh_code(owner: Person, lisi: Person) -> None:
    lisi.arrive()
    assert "/security/phone/" in lisi.get(PAGE).content.decode()
    lisi.post(PAGE, {"bare": "1"})
    session = owner.session
    session["code_at"] -= 601
    session.save()
    for data in ({"name": "Mail"}, {"bare": "1"}):
        assert owner.post(PAGE, data).headers["Location"].startswith("/security/confirm/")
    assert not AppPassword.objects.exists()


@pytest.mark.parametrize(("agent", "name"), [(IPHONE, "iPhone"), (IPHONE.replace("iPhone", "iPad"), "iPad")])
def test_the_device_is_named_at_once(owner: Person, agent: str, name: str) -> None:
    assert f'value="{name}"' in owner.get(PAGE, headers={"User-Agent": agent}).content.decode()


@pytest.mark.parametrize(("agent", "strong"), [(IPHONE, "Download to this device"), (WINDOWS, "Show a QR code")])
def test_strong_is_what_the_device_at_hand_needs(owner: Person, agent: str, strong: str) -> None:
    page = owner.get(PAGE, headers={"User-Agent": agent, "accept-language": "en"}).content.decode()
    assert re.findall(r'class="btn btn-primary">([^<]+)', page) == [strong]
