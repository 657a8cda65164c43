"""Passkeys: added, asked for, removed; and what ends with one."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from pytest_django import Settings

from accounts.browsers.models import TrustedBrowser
from accounts.factors.models import Passkey
from accounts.log.models import SecurityEvent
from accounts.phones import helpcodes
from accounts.phones.models import Phone
from apppasswords.models import AppPassword
from tests.conftest import MakeUser
from tests.kit.apps import add_app
from tests.kit.passkeys import (
    AT_SIGN_IN,
    LIST,
    TO_CONFIRM,
    SecurityKey,
    add_passkey,
    asked,
    use,
)
from tests.kit.people import OTHER_NUMBER, Person

pytestmark = pytest.mark.django_db

CODE = "/sign-in/code/"


@pytest.fixture(autouse=True)
def _one_code_after_the_other(settings: Settings) -> None:
    settings.SMS_RESEND_AFTER = timedelta()


@pytest.fixture
def key(wangwu: Person) -> SecurityKey:
    """Wangwu has a phone and a passkey, and is out."""
    wangwu.arrive()
    key = add_passkey(wangwu)
    wangwu.post("/sign-out/")
    return key


def signed_in_by(person: Person) -> str:
    event = SecurityEvent.objects.filter(kind="signed_in", user=person.user).first()
    assert event
    return str(event.detail["method"])


def said(response: object) -> str:
    return getattr(response, "content", b"").decode()


# --- The whole way ----------------------------------------------------------------------------------------------------


def test_a_passkey_is_added_and_opens_the_account(wangwu: Person, key: SecurityKey) -> None:
    assert wangwu.enter_password().headers["Location"] == CODE
    assert AT_SIGN_IN in said(wangwu.get(CODE))
    assert use(wangwu, key).headers["Location"] == "/"
    assert wangwu.is_in()
    assert signed_in_by(wangwu) == "passkey"
    row = Passkey.objects.get()
    assert (row.sign_count, row.transports, row.backup_eligible, row.backed_up) == (1, "internal", False, False)


def test_what_a_browser_is_asked(wangwu: Person, key: SecurityKey, make_user: MakeUser) -> None:
    wangwu.enter_password()
    asks = asked(wangwu, AT_SIGN_IN)
    assert asks["userVerification"] == "required"
    assert asks["rpId"] == "localhost"
    assert [one["transports"] for one in asks["allowCredentials"]] == [["internal"]], "where the browser looks for it"
    assert [one["id"] for one in asks["allowCredentials"]] == [Passkey.objects.get().credential_id]
    use(wangwu, key)
    asks = asked(wangwu, LIST)
    assert asks["authenticatorSelection"]["userVerification"] == "required"
    assert asks["attestation"] == "none"
    assert len(asks["excludeCredentials"]) == 1
    other = Person(make_user("other", phone="13700137001"))
    other.arrive()
    assert asked(other, LIST)["user"]["id"] != asks["user"]["id"]
    assert not asked(other, LIST)["excludeCredentials"]


def test_one_of_a_password_manager_counts_nothing(wangwu: Person) -> None:
    wangwu.arrive()
    key = add_passkey(wangwu, SecurityKey(synced=True))
    for _again in range(2):
        wangwu.post("/sign-out/")
        wangwu.enter_password()
        assert use(wangwu, key).headers["Location"] == "/"
    assert Passkey.objects.get().backed_up


def test_it_confirms_and_trusts_a_browser(wangwu: Person, key: SecurityKey, clock: time_machine.Traveller) -> None:
    wangwu.enter_password()
    use(wangwu, key, trust_browser="on")
    assert TrustedBrowser.objects.exists()
    clock.shift(timedelta(minutes=11))
    wangwu.post("/security/factors/", {"prefer": "passkey"})
    page = wangwu.get("/app-passwords/").headers["Location"]
    assert page.startswith(TO_CONFIRM)
    assert use(wangwu, key, page, next="/app-passwords/").headers["Location"] == "/app-passwords/"
    wangwu.post("/app-passwords/", {"name": "Foxmail"})
    assert AppPassword.objects.count() == 1
    event = SecurityEvent.objects.filter(kind="confirmed").first()
    assert event
    assert event.detail["method"] == "passkey"


def test_the_pages_say_what_to_do_without_a_script(wangwu: Person, key: SecurityKey) -> None:
    wangwu.enter_password()
    page = said(wangwu.get(AT_SIGN_IN))
    assert "<noscript>" in page
    assert f'href="{CODE}"' in page


def test_it_is_renamed_and_removed_and_what_hung_on_it_ends(wangwu: Person, key: SecurityKey) -> None:
    other = Person(wangwu.user)
    other.enter_password()
    use(other, key, trust_browser="on")
    wangwu.enter_password()
    wangwu.enter_code()
    pk = Passkey.objects.get().pk
    assert wangwu.post(f"{LIST}{pk}/", {"name": " 办公室\u200b电脑 "}).headers["Location"] == LIST
    assert "办公室电脑" in said(wangwu.get(LIST))
    mail.outbox.clear()
    wangwu.post(f"{LIST}{pk}/", {"remove": "1"})
    assert not Passkey.objects.exists()
    assert wangwu.is_in()
    assert not other.is_in()
    assert other.enter_password().headers["Location"] == CODE, "the browser is trusted no more"
    assert "办公室电脑" in mail.outbox[0].body


def test_adding_one_ends_what_the_phone_had_opened(wangwu: Person) -> None:
    other = Person(wangwu.user)
    for person in (other, wangwu):
        person.arrive()
    add_passkey(wangwu)
    assert wangwu.is_in()
    assert not other.is_in()


def test_without_a_name_it_is_called_after_the_computer(wangwu: Person) -> None:
    wangwu.arrive()
    add_passkey(wangwu, name="")
    assert "Linux" in Passkey.objects.get().name


def test_adding_one_needs_a_fresh_second_step(wangwu: Person, clock: time_machine.Traveller) -> None:
    wangwu.arrive()
    asks = asked(wangwu, LIST)
    clock.shift(timedelta(minutes=11))
    assert (
        wangwu.post(LIST, {"answer": SecurityKey().create(asks)}).headers["Location"].startswith("/security/confirm/")
    )
    assert not Passkey.objects.exists()


def test_the_app_is_kept_while_nothing_but_a_passkey_would_be_left(zhangsan: Person) -> None:
    """By default a passkey may not be the only way: computers that are not one's own know it not."""
    zhangsan.enter_password()
    add_app(zhangsan, page="/sign-in/app/new/")
    add_passkey(zhangsan)
    app = zhangsan.user.authenticators.get() if zhangsan.user else None
    assert app
    zhangsan.post(f"/security/factors/app/{app.pk}/", {"remove": "1"})
    assert type(app).objects.filter(pk=app.pk).exists()


def test_with_the_help_desks_code_passkeys_go_too(wangwu: Person, key: SecurityKey, clerk: Person) -> None:
    assert wangwu.user
    wangwu.user.refresh_from_db()
    given = helpcodes.issue(wangwu.user, (Phone.objects.get(user=wangwu.user).pk, 0), actor=clerk.user)
    assert isinstance(given, tuple)
    wangwu.enter_password()
    wangwu.post("/sign-in/help/", {"code": given[1]})
    assert wangwu.get(AT_SIGN_IN).headers["Location"] == "/sign-in/phone/", "the code binds, and opens nothing else"
    wangwu.bind(OTHER_NUMBER)
    assert wangwu.is_in()
    assert not Passkey.objects.exists()


def test_a_way_that_the_office_does_not_allow_is_none(wangwu: Person, key: SecurityKey, settings: Settings) -> None:
    wangwu.enter_password()
    answer = key.get(asked(wangwu, AT_SIGN_IN))
    settings.SECOND_STEPS = ["phone", "app"]
    assert AT_SIGN_IN not in said(wangwu.get(CODE))
    assert wangwu.post(AT_SIGN_IN, {"answer": answer}).headers["Location"] == CODE
    wangwu.enter_code()
    assert wangwu.get(LIST).status_code == 404
    assert wangwu.get(TO_CONFIRM).headers["Location"].startswith("/security/confirm/")
