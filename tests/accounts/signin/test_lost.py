"""临时验证码: what is lost is replaced by an authenticator app, and nothing of the old is left."""

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from accounts.browsers.models import TrustedBrowser
from accounts.factors import authenticators
from accounts.factors.models import Authenticator, Passkey, RecoverySet
from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from accounts.phones import helpcodes
from accounts.phones.models import HelpCode, Phone
from accounts.users import ways
from accounts.users.models import User
from tests.kit.apps import AT_SIGN_IN, add_app, key_on, shows
from tests.kit.passkeys import add_passkey
from tests.kit.people import Person
from tests.kit.recovery import make_codes

HELP = "/sign-in/help/"


def owner() -> User:
    return User.objects.get(username="wangwu@example.edu")


@pytest.fixture
def wangwu(wangwu: Person) -> Person:
    """Has a phone, an app, a passkey and paper, a trusted browser and a session elsewhere."""
    wangwu.sign_in(trust_browser="on")
    add_app(wangwu, "the old one")
    add_passkey(wangwu)
    make_codes(wangwu)
    wangwu.cookies.clear()
    return wangwu


def halfway(person: Person) -> None:
    phone = Phone.objects.get(user=owner())
    given = helpcodes.issue(owner(), (phone.pk, 0), actor=None)
    assert isinstance(given, tuple)
    person.enter_password()
    assert person.post(HELP, {"code": given[1]}).headers["Location"] == "/sign-in/phone/"


def test_an_app_takes_the_place_of_all_of_it(wangwu: Person, settings: Settings) -> None:
    settings.DOVEADM_URLS, settings.DOVEADM_API_KEY = (
        ["http://127.0.0.1:9/"],
        "key",
    )  # it is away: what is asked for stays
    elsewhere = Person(owner())
    elsewhere.arrive()
    halfway(wangwu)
    assert 'href="/sign-in/app/new/"' in wangwu.get("/sign-in/phone/").content.decode()
    before = SecurityEvent.objects.latest("pk").pk
    mail.outbox.clear()
    add_app(wangwu, "the new one", AT_SIGN_IN)
    assert wangwu.is_in()
    assert list(Authenticator.objects.values_list("name", flat=True)) == ["the new one"]
    assert not Phone.objects.exists()
    assert not Passkey.objects.exists()
    assert not RecoverySet.objects.exists()
    assert ways.of(owner()) == ["app"]
    assert not TrustedBrowser.objects.filter(ways_version=owner().ways_version).exists()
    assert not elsewhere.is_in()
    assert Ending.objects.filter(why=Ending.Why.PHONE).exists(), "mail programs are to be sent away"
    kinds = set(SecurityEvent.objects.filter(pk__gt=before).values_list("kind", flat=True))
    assert {"way_added", "phone_unbound", "way_removed", "recovery_removed"} <= kinds
    assert mail.outbox, "the owner is told"


def test_who_has_lost_as_many_apps_as_there_may_be_adds_one(wangwu: Person) -> None:
    old = Authenticator.objects.get()
    for _ in range(authenticators.AT_MOST - 1):
        old.pk = None
        old.save()
    halfway(wangwu)
    add_app(wangwu, "the new one", AT_SIGN_IN)
    assert wangwu.is_in()
    assert list(Authenticator.objects.values_list("name", flat=True)) == ["the new one"]


def test_a_wrong_code_of_the_app_costs_neither_the_code_nor_what_is_there(wangwu: Person) -> None:
    halfway(wangwu)
    key = key_on(wangwu.get(AT_SIGN_IN).content.decode())
    wrong = f"{(int(shows(key)) + 1) % 1_000_000:06}"
    assert wangwu.post(AT_SIGN_IN, {"code": wrong, "name": "the new one"}).status_code == 200
    assert (Phone.objects.count(), Passkey.objects.count(), RecoverySet.objects.count()) == (1, 1, 1)
    assert not wangwu.is_in()
    add_app(wangwu, "the new one", AT_SIGN_IN)
    assert wangwu.is_in()


def test_a_code_that_is_over_meanwhile_replaces_nothing(wangwu: Person) -> None:
    halfway(wangwu)
    page = wangwu.get(AT_SIGN_IN).content.decode()
    HelpCode.objects.update(voided_at=timezone.now())  # by the desk
    late = wangwu.post(AT_SIGN_IN, {"code": shows(key_on(page)), "name": "the new one"})
    assert late.status_code == 302
    assert list(Authenticator.objects.values_list("name", flat=True)) == ["the old one"]
    assert Phone.objects.exists()
    assert not wangwu.is_in()
