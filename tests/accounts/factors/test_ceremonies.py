"""What an answer of a passkey is worth that is not what it seems."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from pytest_django import Settings

from accounts.delivery.models import Sms
from accounts.factors import ceremonies
from accounts.factors.models import Passkey
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from tests.accounts.factors.test_passkeys import CODE, _one_code_after_the_other, key, said
from tests.conftest import MakeUser
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
from tests.kit.people import Person, code_from_phone

__all__ = ["_one_code_after_the_other", "key"]  # fixtures

pytestmark = pytest.mark.django_db


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
    wangwu.arrive()
    for cut in range(0, 320, 9):
        answer = json.loads(SecurityKey().create(asked(wangwu, LIST)))
        whole = answer["response"]["attestationObject"]
        answer["response"]["attestationObject"] = whole[:cut] + "_" + whole[cut + 1 : len(whole) - cut % 2]
        assert wangwu.post(LIST, {"answer": json.dumps(answer)}).status_code in (200, 302), cut


# --- What counts once, and here only ----------------------------------------------------------------------------------


@pytest.mark.bypass("an assertion that was used is sent again")
@pytest.mark.parametrize("synced", [True, False])
def test_an_answer_counts_once(wangwu: Person, synced: bool) -> None:
    wangwu.arrive()
    key = add_passkey(wangwu, SecurityKey(synced=synced))
    page = "/security/confirm/passkey/"
    answer = key.get(asked(wangwu, page))
    assert wangwu.post(page, {"answer": answer}).status_code == 302
    assert wangwu.post(page, {"answer": answer}).status_code == 200
    assert SecurityEvent.objects.filter(kind="confirmed").count() == 1
    assert not SecurityEvent.objects.filter(kind="passkey_copied").exists()


def test_nor_does_one_of_an_earlier_page(wangwu: Person) -> None:
    wangwu.arrive()
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
    given = asks["challenge"]
    # Far from what stands there: some bits of the last one say nothing.
    first, last = ("z" if given[end] < "a" else "A" for end in (0, -1))
    for challenge in ("", "AAAA", "A" * 75, first + given[1:], given[:-1] + last):
        assert wangwu.post(AT_SIGN_IN, {"answer": key.get(asks | {"challenge": challenge})}).status_code == 200
    assert not wangwu.is_in()


@pytest.mark.bypass("factor of another person")
def test_the_passkey_of_somebody_else_opens_nothing(wangwu: Person, key: SecurityKey, make_user: MakeUser) -> None:
    other = Person(make_user("other", phone="13700137001"))
    other.arrive()
    own = add_passkey(other)
    other.post("/sign-out/")
    wangwu.enter_password()
    assert use(wangwu, own).status_code == 200
    assert not wangwu.is_in()
    other.enter_password()
    use(other, own)
    pk = Passkey.objects.get(user=wangwu.user).pk
    assert other.get(f"{LIST}{pk}/").status_code == 404
    assert other.post(f"{LIST}{pk}/", {"remove": "1"}).status_code == 302, "as if it were gone"
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
    wangwu.arrive()
    answer = SecurityKey().create(asked(wangwu, LIST), **lie)  # type: ignore[arg-type]
    page = wangwu.post(LIST, {"answer": answer, "name": "office computer"})
    assert page.status_code == 200
    assert "office computer" in said(page), "the name is kept"
    assert not Passkey.objects.exists()


def test_one_answer_adds_one(wangwu: Person) -> None:
    """A second one would need a challenge of after the first."""
    wangwu.arrive()
    asks = asked(wangwu, LIST)
    assert wangwu.post(LIST, {"answer": SecurityKey().create(asks)}).status_code == 302
    assert wangwu.post(LIST, {"answer": SecurityKey().create(asks)}).status_code == 200
    assert Passkey.objects.count() == 1
