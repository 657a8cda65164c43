"""Passkeys: added, asked for, removed; and what an answer is worth that is not what it seems."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from pytest_django import Settings

from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Sms
from accounts.factors import ceremonies
from accounts.factors.models import Passkey
from accounts.log.models import SecurityEvent
from accounts.phones import helpcodes
from accounts.phones.models import Phone
from accounts.users.models import User
from apppasswords.models import AppPassword
from portal import checks
from tests.conftest import MakeUser
from tests.kit.apps import add_app
from tests.kit.passkeys import (
    AT_SIGN_IN,
    LIST,
    TO_CONFIRM,
    Browser,
    SecurityKey,
    add_passkey,
    asked,
    use,
)
from tests.kit.people import OTHER_NUMBER, Person, code_from_phone

pytestmark = pytest.mark.django_db

CODE = "/sign-in/code/"


@pytest.fixture(autouse=True)
def _one_code_after_the_other(settings: Settings) -> None:
    settings.SMS_RESEND_AFTER = timedelta()


@pytest.fixture
def key(wangwu: Person) -> SecurityKey:
    """Wangwu has a phone and a passkey, and is out."""
    wangwu.sign_in()
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
    assert [one["id"] for one in asks["allowCredentials"]] == [Passkey.objects.get().credential_id]
    use(wangwu, key)
    asks = asked(wangwu, LIST)
    assert asks["authenticatorSelection"]["userVerification"] == "required"
    assert asks["attestation"] == "none"
    assert len(asks["excludeCredentials"]) == 1
    other = Person(make_user("other", phone="13700137001"))
    other.sign_in()
    assert asked(other, LIST)["user"]["id"] != asks["user"]["id"]
    assert not asked(other, LIST)["excludeCredentials"]


def test_one_of_a_password_manager_counts_nothing(wangwu: Person) -> None:
    wangwu.sign_in()
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
        person.sign_in()
    add_passkey(wangwu)
    assert wangwu.is_in()
    assert not other.is_in()


def test_without_a_name_it_is_called_after_the_computer(wangwu: Person) -> None:
    wangwu.sign_in()
    add_passkey(wangwu, name="")
    assert "Linux" in Passkey.objects.get().name


def test_adding_one_needs_a_fresh_second_step(wangwu: Person, clock: time_machine.Traveller) -> None:
    wangwu.sign_in()
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


# --- What is worth nothing --------------------------------------------------------------------------------------------


def flipped(text: str, field: str) -> str:
    answer = json.loads(text)
    value = answer["response"][field]
    answer["response"][field] = value[:-8] + ("A" if value[-8] != "A" else "B") + value[-7:]
    return json.dumps(answer)


LIES: dict[str, Callable[[SecurityKey, dict[str, object]], str]] = {
    "signature": lambda key, asks: flipped(key.get(asks), "signature"),
    "signed data": lambda key, asks: flipped(key.get(asks), "authenticatorData"),
    "origin": lambda key, asks: key.get(asks, browser=Browser(origin="http://localhost.example.com:8000")),
    "port": lambda key, asks: key.get(asks, browser=Browser(origin="http://localhost:8001")),
    "scheme": lambda key, asks: key.get(asks, browser=Browser(origin="https://localhost:8000")),
    "domain": lambda key, asks: key.get(asks, browser=Browser(domain="example.com")),
    "not unlocked": lambda key, asks: key.get(asks, verified=False),
    "key of another passkey": lambda key, asks: SecurityKey(id=key.id, handle=key.handle).get(asks),
    "passkey that nobody has": lambda key, asks: SecurityKey().get(asks),
    "handle of another": lambda key, asks: SecurityKey(key=key.key, id=key.id, handle=b"other", count=key.count).get(
        asks
    ),
    "flags of another make": lambda key, asks: SecurityKey(True, key.key, key.id, key.handle, key.count + 1).get(asks),
    "one that is made": lambda key, asks: key.create(asks | {"user": {"id": "AAAA"}}),
}


def test_a_lie_opens_nothing_and_counts(wangwu: Person, key: SecurityKey) -> None:
    wangwu.enter_password()
    for number, (name, lie) in enumerate(LIES.items(), start=1):
        answer = lie(key, asked(wangwu, AT_SIGN_IN))
        assert wangwu.post(AT_SIGN_IN, {"answer": answer}).status_code == 200, name
        assert User.objects.get(username="wangwu@example.edu").wrong_codes == number, name
    assert not wangwu.is_in()
    assert {event.detail["purpose"] for event in SecurityEvent.objects.filter(kind="code_wrong")} == {"passkey"}


def test_the_same_answer_without_a_lie_opens(wangwu: Person, key: SecurityKey) -> None:
    """What the lies above are measured by; and a right one forgives the wrong ones before it."""
    wangwu.enter_password()
    wangwu.post(AT_SIGN_IN, {"answer": key.get(asked(wangwu, AT_SIGN_IN), verified=False)})
    assert wangwu.post(AT_SIGN_IN, {"answer": key.get(asked(wangwu, AT_SIGN_IN))}).status_code == 302
    assert User.objects.get(username="wangwu@example.edu").wrong_codes == 0


NOISE = (
    "", "1", "null", "[]", "{}", "x" * 15_000, "[" * 10_000, '{"id": 5}',
    '{"id": "a", "response": {"clientDataJSON": "????"}}',
    '{"id": "\\u0000", "response": {"clientDataJSON": "e30"}}', '{"id": "\\ud800", "response": 7}',
)  # fmt: skip


def test_noise_is_answered_and_counts_nothing(wangwu: Person, key: SecurityKey) -> None:
    wangwu.enter_password()
    for noise in NOISE:
        assert wangwu.post(AT_SIGN_IN, {"answer": noise}).status_code == 200, noise[:90]
    for strange in ("\0", "\ud800", "é", "a" * 2000, "", 7, None):
        answer = json.loads(key.get(asked(wangwu, AT_SIGN_IN))) | {"id": strange}
        assert wangwu.post(AT_SIGN_IN, {"answer": json.dumps(answer)}).status_code == 200, strange
    assert not SecurityEvent.objects.filter(kind="code_wrong").exists()
    use(wangwu, key)
    for noise in NOISE:
        assert wangwu.post(LIST, {"answer": noise, "name": "x"}).status_code == 200, noise[:90]
    assert Passkey.objects.count() == 1


def test_a_broken_passkey_breaks_nothing(wangwu: Person) -> None:
    """Bytes of the attestation that are not what they say."""
    wangwu.sign_in()
    for cut in range(0, 320, 9):
        answer = json.loads(SecurityKey().create(asked(wangwu, LIST)))
        whole = answer["response"]["attestationObject"]
        answer["response"]["attestationObject"] = whole[:cut] + "_" + whole[cut + 1 : len(whole) - cut % 2]
        assert wangwu.post(LIST, {"answer": json.dumps(answer)}).status_code in (200, 302), cut


# --- What counts once, and here only ----------------------------------------------------------------------------------


@pytest.mark.bypass("an assertion that was used is sent again")
@pytest.mark.parametrize("synced", [True, False])
def test_an_answer_counts_once(wangwu: Person, synced: bool) -> None:
    wangwu.sign_in()
    key = add_passkey(wangwu, SecurityKey(synced=synced))
    page = "/security/confirm/passkey/"
    answer = key.get(asked(wangwu, page))
    assert wangwu.post(page, {"answer": answer}).status_code == 302
    assert wangwu.post(page, {"answer": answer}).status_code == 200
    assert SecurityEvent.objects.filter(kind="confirmed").count() == 1
    assert not SecurityEvent.objects.filter(kind="passkey_copied").exists()


def test_nor_does_one_of_an_earlier_page(wangwu: Person) -> None:
    wangwu.sign_in()
    key = add_passkey(wangwu, SecurityKey(synced=True))
    earlier = key.get(asked(wangwu, TO_CONFIRM))
    assert use(wangwu, key, TO_CONFIRM).status_code == 302
    assert wangwu.post(TO_CONFIRM, {"answer": earlier}).status_code == 200


def test_a_clock_that_was_set_back_locks_nobody_out(wangwu: Person, key: SecurityKey) -> None:
    Passkey.objects.update(asked_at=ceremonies.soon() + ceremonies.micros(timedelta(days=365)))
    wangwu.enter_password()
    assert use(wangwu, key).status_code == 302


def test_a_challenge_lives_ten_minutes(wangwu: Person, key: SecurityKey, settings: Settings) -> None:
    settings.HALFWAY_LIFETIME = timedelta(hours=1)
    wangwu.enter_password()
    asks = asked(wangwu, AT_SIGN_IN)
    with time_machine.travel(timedelta(minutes=12)):
        assert wangwu.post(AT_SIGN_IN, {"answer": key.get(asks)}).status_code == 200
        assert not SecurityEvent.objects.filter(kind="code_wrong").exists(), "that is nobody's fault"
        assert use(wangwu, key).status_code == 302


@pytest.mark.bypass("a challenge of another session, taken along")
def test_a_challenge_is_of_one_session(wangwu: Person, key: SecurityKey) -> None:
    """Who has the password lets somebody else's browser sign what his own was asked."""
    attacker = Person(wangwu.user)
    attacker.enter_password()
    wangwu.enter_password()
    answer = key.get(asked(attacker, AT_SIGN_IN))
    assert wangwu.post(AT_SIGN_IN, {"answer": answer}).status_code == 200
    answer = key.get(asked(wangwu, AT_SIGN_IN))
    assert attacker.post(AT_SIGN_IN, {"answer": answer}).status_code == 200
    assert not attacker.is_in()


def test_a_challenge_is_for_one_purpose(wangwu: Person, key: SecurityKey) -> None:
    """The nonce of a session that is in is the same on both pages; and what is signed to add one opens nothing."""
    wangwu.enter_password()
    use(wangwu, key)
    to_add, to_confirm = asked(wangwu, LIST), asked(wangwu, TO_CONFIRM)
    assert wangwu.post(TO_CONFIRM, {"answer": key.get(to_add)}).status_code == 200
    assert wangwu.post(LIST, {"answer": SecurityKey().create(to_confirm | {"user": to_add["user"]})}).status_code == 200
    assert Passkey.objects.count() == 1


def test_nor_one_that_was_made_up_or_changed(wangwu: Person, key: SecurityKey) -> None:
    wangwu.enter_password()
    asks = asked(wangwu, AT_SIGN_IN)
    for challenge in ("", "AAAA", "A" * 75, "B" + asks["challenge"][1:], asks["challenge"][:-1] + "A"):
        assert wangwu.post(AT_SIGN_IN, {"answer": key.get(asks | {"challenge": challenge})}).status_code == 200
    assert not wangwu.is_in()


@pytest.mark.bypass("factor of another person")
def test_the_passkey_of_somebody_else_opens_nothing(wangwu: Person, key: SecurityKey, make_user: MakeUser) -> None:
    other = Person(make_user("other", phone="13700137001"))
    other.sign_in()
    own = add_passkey(other)
    other.post("/sign-out/")
    wangwu.enter_password()
    assert use(wangwu, own).status_code == 200
    assert not wangwu.is_in()
    other.enter_password()
    use(other, own)
    pk = Passkey.objects.get(user=wangwu.user).pk
    assert other.get(f"{LIST}{pk}/").status_code == 404
    assert other.post(f"{LIST}{pk}/", {"remove": "1"}).status_code == 404
    assert other.post(LIST, {"answer": key.create(asked(other, LIST))}).status_code == 200, "it is added already"
    assert Passkey.objects.count() == 2


@pytest.mark.bypass("passwordless by accident")
def test_by_a_passkey_alone_nobody_is_let_in(wangwu: Person, key: SecurityKey) -> None:
    wangwu.enter_password()
    answer = key.get(asked(wangwu, AT_SIGN_IN))
    stranger = Person()
    for page in (AT_SIGN_IN, TO_CONFIRM, LIST):
        assert stranger.post(page, {"answer": answer}).headers["Location"].startswith("/sign-in/")
    assert not stranger.is_in()


@pytest.mark.bypass("factor added half-way: only the password, and a page that adds one")
def test_half_way_none_is_added(wangwu: Person, zhangsan: Person) -> None:
    for person, leads_to in ((wangwu, CODE), (zhangsan, "/sign-in/phone/")):
        person.enter_password()
        assert person.get(LIST).headers["Location"] == leads_to
        assert person.post(LIST, {"answer": "{}"}).headers["Location"] == leads_to
        assert person.get(AT_SIGN_IN).headers["Location"] == leads_to
    assert not Passkey.objects.exists()


def test_a_pause_of_codes_is_one_of_passkeys(wangwu: Person, key: SecurityKey, settings: Settings) -> None:
    settings.SMS_CODE_WRONG_LIMIT = 3
    wangwu.enter_password()
    right = code_from_phone()
    asks = asked(wangwu, AT_SIGN_IN)
    for _again in range(3):
        wangwu.post(AT_SIGN_IN, {"answer": key.get(asks, verified=False)})
    assert wangwu.post(AT_SIGN_IN, {"answer": key.get(asks)}).status_code == 200
    assert wangwu.post(CODE, {"code": right}).status_code == 200
    assert not wangwu.is_in()
    assert SecurityEvent.objects.filter(kind="codes_paused").exists()


@pytest.mark.bypass("a cloned authenticator")
def test_of_two_copies_the_one_behind_is_refused_and_its_owner_told(wangwu: Person, key: SecurityKey) -> None:
    copy = key.copy()
    wangwu.enter_password()
    use(wangwu, key)
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    mail.outbox.clear()
    told = Sms.objects.filter(purpose="notice_way").count()
    assert use(wangwu, copy).status_code == 200
    assert not wangwu.is_in()
    assert SecurityEvent.objects.get(kind="passkey_copied").detail == {"name": "my laptop"}
    assert "my laptop" in mail.outbox[0].body
    assert Sms.objects.filter(purpose="notice_way").count() == told + 1
    assert use(wangwu, key).status_code == 302, "the one that is ahead goes on"


def test_a_count_that_ends_is_one_that_goes_back(wangwu: Person, key: SecurityKey) -> None:
    wangwu.enter_password()
    use(wangwu, key)
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    assert use(wangwu, SecurityKey(key=key.key, id=key.id, handle=key.handle, count=-1)).status_code == 200
    assert SecurityEvent.objects.filter(kind="passkey_copied").exists()


# --- A new one that is none -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lie", [{"verified": False}, {"browser": Browser(origin="https://example.com")}, {"browser": Browser(domain="edu")}]
)
def test_what_is_no_passkey_of_this_site_is_not_added(wangwu: Person, lie: dict[str, object]) -> None:
    wangwu.sign_in()
    answer = SecurityKey().create(asked(wangwu, LIST), **lie)  # type: ignore[arg-type]
    page = wangwu.post(LIST, {"answer": answer, "name": "office computer"})
    assert page.status_code == 200
    assert "office computer" in said(page), "the name is kept"
    assert not Passkey.objects.exists()


def test_one_answer_adds_one(wangwu: Person) -> None:
    """A second one would need a challenge of after the first."""
    wangwu.sign_in()
    asks = asked(wangwu, LIST)
    assert wangwu.post(LIST, {"answer": SecurityKey().create(asks)}).status_code == 302
    assert wangwu.post(LIST, {"answer": SecurityKey().create(asks)}).status_code == 200
    assert Passkey.objects.count() == 1


# --- Settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Mail.example.edu", "https://mail.example.edu"),
        ("https://mail.example.edu:443", "https://mail.example.edu"),
        ("https://mail.example.edu:8443/portal", "https://mail.example.edu:8443"),
    ],
)
def test_an_origin_is_as_browsers_write_it(settings: Settings, url: str, origin: str) -> None:
    settings.PUBLIC_URL = url
    assert ceremonies.origin() == origin


@pytest.mark.parametrize(("domain", "fits"), [("mail.example.edu", True), ("example.edu", True), ("ample.edu", False)])
def test_the_domain_must_hold_the_site(settings: Settings, domain: str, fits: bool) -> None:
    settings.PUBLIC_URL, settings.PASSKEY_DOMAIN = "https://mail.example.edu", domain
    assert ("portal.E007" not in {found.id for found in checks.addresses()}) is fits
