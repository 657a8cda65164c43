"""What a code, a challenge or a key is worth: to the step, the second and the person."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import TestCase
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery.models import Sms
from accounts.factors import authenticators, ceremonies, changes, keyring, passkeys, recoverycodes
from accounts.factors.authenticators import STEP, Off
from accounts.factors.ceremonies import Made, Place, Purpose
from accounts.factors.models import Authenticator, Passkey, RecoveryCode, RecoverySet
from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from accounts.users.models import User
from tests.kit.people import NUMBER

AAGUID = "00000000-0000-0000-0000-000000000000"
MADE = Made("one", b"key", 0, backup_eligible=True, backed_up=False, transports="usb nfc", aaguid=AAGUID)


def now() -> int:
    return int(timezone.now().timestamp()) // STEP


def app_of(user: User, *, last_step: int = 0, drift: int = 0, name: str = "手机") -> Authenticator:
    key = keyring.seal(b"k" * 20, owner=user.pk)
    app: Authenticator = Authenticator.objects.create(user=user, name=name, key=key, last_step=last_step, drift=drift)
    return app


# --- Authenticator apps -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "found"),
    [(0, 0), (1, 1), (-1, -1), (2, Off(1)), (-2, Off(-1)), (10, Off(5)), (120, Off(60)), (-120, Off(-60)), (121, None)],
)
def test_a_first_code_is_of_now_or_says_how_far_the_clock_is_off(owner: User, steps: int, found: object) -> None:
    offered = authenticators.offer(owner, "session")
    code = authenticators.code_of(offered.key, now() + steps)
    assert authenticators.matches(offered, code) == (now() + found if isinstance(found, int) else found)
    assert authenticators.matches(offered, "nonsense") is None


def test_an_offer_is_one_persons_in_one_session(owner: User, other: User, settings: Settings) -> None:
    offered = authenticators.offer(owner, "session")
    assert offered == authenticators.offer(owner, "session")
    keys = {offered.key, authenticators.offer(owner, "another").key, authenticators.offer(other, "session").key}
    owner.ways_version += 1
    keys.add(authenticators.offer(owner, "session").key)
    settings.FACTOR_KEYS = ["another" * 10]
    keys.add(authenticators.offer(owner, "session").key)
    assert len(keys) == 5
    assert {len(key) for key in keys} == {20}
    assert [len(part) for part in offered.typed.split()] == [4] * 8
    assert offered.address.startswith("otpauth://totp/")
    assert f"secret={offered.typed.replace(' ', '')}&" in offered.address
    assert "wangwu%40example.edu" in offered.address


@pytest.mark.parametrize(
    ("drift", "last", "shown"), [(0, 0, {-1, 0, 1}), (3, 0, {2, 3, 4}), (0, -1, {0, 1}), (0, 1, set())]
)
def test_which_steps_of_an_app_count(owner: User, drift: int, last: int, shown: set[int]) -> None:
    app = app_of(owner, last_step=now() + last if last else 0, drift=drift)
    steps = {
        step
        for step in range(-9, 10)
        if authenticators.code_of(b"k" * 20, now() + step) in authenticators.Shown(owner).expected()
    }
    assert steps == shown
    assert app.drift == drift


@pytest.mark.parametrize("steps", [10, 11, -10, -11])
def test_how_far_a_clock_is_followed(owner: User, steps: int) -> None:
    app = app_of(owner, drift=steps)
    shown = authenticators.Shown(owner)
    assert shown.use_up(authenticators.code_of(b"k" * 20, now() + steps))
    app.refresh_from_db()
    assert (app.last_step, app.last_used_at) == (now() + steps, timezone.now())
    assert app.drift == max(-10, min(10, steps))


def test_a_new_app_is_as_its_first_code_says(owner: User, other: User) -> None:
    foreign = app_of(other)
    app = authenticators.add(authenticators.offer(owner, "s"), now() + 1, " my\u200b  phone ", address="192.0.2.9")
    assert isinstance(app, Authenticator)
    assert (app.name, app.last_step, app.drift, app.last_used_at) == ("my phone", now() + 1, 1, timezone.now())
    event = SecurityEvent.objects.get(kind="way_added")
    assert (event.user, event.address, event.detail) == (owner, "192.0.2.9", {"way": "app", "name": "my phone"})
    assert (list(authenticators.of(owner)), list(authenticators.of(other))) == ([app], [foreign])
    assert authenticators.rename(owner, app.pk, "x" * 99)
    assert not authenticators.rename(owner, foreign.pk, "mine")
    names = dict(Authenticator.objects.values_list("pk", "name"))
    assert names == {app.pk: "x" * len(names[app.pk]), foreign.pk: "手机"}
    assert isinstance(authenticators.remove(owner, app.pk), Authenticator)
    assert Authenticator.objects.get() == foreign


# --- Keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("new", ["new" * 20, "sm3:" + "new" * 20])
@pytest.mark.parametrize("old", ["old" * 20, "sm3:" + "old" * 20])
def test_what_is_sealed_opens_for_its_owner_under_any_key(settings: Settings, old: str, new: str) -> None:
    settings.FACTOR_KEYS = [old]
    sealed, derived = keyring.seal(b"secret", owner=1), keyring.derived("purpose", "text")
    [digest] = keyring.digests("purpose", "secret")
    assert keyring.is_current(sealed, owner=1)
    assert not keyring.is_current(sealed, owner=2)
    settings.FACTOR_KEYS = [new, old]
    assert keyring.unseal(sealed, owner=1) == b"secret"
    assert not keyring.is_current(sealed, owner=1)
    assert keyring.digests("purpose", "secret")[1] == digest
    assert digest not in keyring.digests("another", "secret") + keyring.digests("purpose", "other")
    assert keyring.derived("purpose", "text") != derived
    assert keyring.unseal(keyring.seal(b"", owner=1), owner=1) == b""
    changed = bytes((sealed[0] ^ 1, *sealed[1:]))
    for owner, text, keys in (
        (2, sealed, [new, old]),
        (1, changed, [new, old]),
        (1, b"x" * 20, [old]),
        (1, sealed, [new]),
    ):
        settings.FACTOR_KEYS = keys
        with pytest.raises(keyring.Unreadable):
            keyring.unseal(text, owner=owner)


# --- Passkeys ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "is_good"), [(0, True), (599, True), (600, False), (-60, True), (-61, False)])
def test_a_challenge_is_good_for_ten_minutes_by_any_servers_clock(
    owner: User, clock: time_machine.Traveller, seconds: int, *, is_good: bool
) -> None:
    place = Place(owner, "session", Purpose.SIGN_IN)
    challenge, made = ceremonies.challenge(place), int(timezone.now().timestamp() * 1_000_000)
    clock.shift(seconds)
    assert ceremonies.asked_at(place, challenge) == (made if is_good else None)


ORIGINS = {
    "https://mail.example.edu": "https://mail.example.edu",
    "https://mail.example.edu:443/": "https://mail.example.edu",
    "https://Mail.example.edu:8443/x": "https://mail.example.edu:8443",
    "http://localhost:8000": "http://localhost:8000",
    "http://localhost:80": "http://localhost",
    "https://mail.example.edu:80": "https://mail.example.edu:80",
}


@pytest.mark.parametrize("url", ORIGINS)
def test_an_origin_is_written_as_browsers_write_it(settings: Settings, url: str) -> None:
    settings.PUBLIC_URL = url
    assert ceremonies.origin() == ORIGINS[url]


def test_a_passkey_is_kept_as_it_says_and_as_its_owner_calls_it(owner: User, other: User) -> None:
    passkey = passkeys.add(owner, MADE, " the\u200b  key ", address="192.0.2.9")
    assert isinstance(passkey, Passkey)
    assert (passkey.name, passkey.transports, passkey.last_used_at) == ("the key", "usb nfc", timezone.now())
    assert (passkey.backup_eligible, passkey.backed_up) == (True, False)
    assert SecurityEvent.objects.get(kind="way_added").address == "192.0.2.9"
    assert not passkeys.rename(other, passkey.pk, "mine")
    assert passkeys.rename(owner, passkey.pk, "another")
    assert Passkey.objects.get().name == "another"
    assert list(passkeys.of(other)) == []


# --- Recovery codes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "is_read"),
    [("abcd efgh jkmn pqrs", True), ("ABCD-EFGH–JKMN−PQRS", True), ("ａｂｃｄefghjkmnpqrs", True),
     ("abcdefghjkmnpqr", False),
     ("abcdefghjkmnpqrst", False), ("abcdefghjkmnpqr1", False), ("abcdefghjkmnpqrs".rjust(80), True),
     ("abcdefghjkmnpqrs".rjust(81), False)],
)  # fmt: skip
def test_what_of_a_paper_is_read(typed: str, *, is_read: bool) -> None:
    assert recoverycodes.normalised(typed) == ("abcdefghjkmnpqrs" if is_read else None)


def test_a_set_is_one_persons(owner: User, other: User) -> None:
    mine, theirs = recoverycodes.make(owner), recoverycodes.make(other)
    assert isinstance(mine, list)
    assert isinstance(theirs, list)
    assert [len(code) for code in mine] == [16] * 10
    assert len({*mine, *theirs}) == 20
    assert recoverycodes.check(owner, theirs[0])[1] is None
    outcome, held = recoverycodes.check(owner, mine[0], address="192.0.2.9")
    assert held == recoverycodes.of(owner)
    assert outcome.name == "RIGHT"
    assert held
    assert (held.user, held.last_used_at) == (owner, None), "as it was read"
    assert RecoverySet.objects.get(user=owner).last_used_at == timezone.now()
    assert RecoverySet.objects.get(user=other).last_used_at is None
    assert (recoverycodes.left(owner), recoverycodes.left(other)) == (9, 10)
    event = SecurityEvent.objects.get(kind="recovery_used")
    assert (event.user, event.address, event.detail["left"]) == (owner, "192.0.2.9", 9)
    again = recoverycodes.make(owner, address="192.0.2.8")
    assert isinstance(again, list)
    assert RecoverySet.objects.get(user=owner).last_used_at is None
    assert (recoverycodes.left(owner), recoverycodes.left(other)) == (10, 10)
    assert SecurityEvent.objects.filter(kind="recovery_made", user=owner, address="192.0.2.8").count() == 1
    assert recoverycodes.in_fours(again[0]).split() == [again[0][at : at + 4] for at in (0, 4, 8, 12)]
    assert recoverycodes.remove(owner)
    assert recoverycodes.of(owner) is None
    assert RecoveryCode.objects.filter(recovery_set__user=other).count() == 10


def test_who_has_nothing_is_wrong_and_loses_nothing(owner: User) -> None:
    assert recoverycodes.check(owner, "abcdefghjkmnpqrs")[0].name == "EXPIRED"
    assert User.objects.get(pk=owner.pk).wrong_codes == 0


# --- What follows -----------------------------------------------------------------------------------------------------


def _app(user: User, **by: object) -> object:
    return authenticators.remove(user, app_of(user).pk, address="192.0.2.9", **by)  # type: ignore[arg-type]


def _passkey(user: User, **by: object) -> object:
    passkey = passkeys.add(user, MADE, "the key")
    assert isinstance(passkey, Passkey)
    return passkeys.remove(user, passkey.pk, address="192.0.2.9", **by)  # type: ignore[arg-type]


def _paper(user: User, **by: object) -> object:
    assert isinstance(recoverycodes.make(user), list)
    return recoverycodes.remove(user, address="192.0.2.9", **by)  # type: ignore[arg-type]


@pytest.mark.parametrize("remove", [_app, _passkey, _paper])
@pytest.mark.parametrize("by_clerk", [False, True])
def test_what_a_clerk_takes_away_ends_what_is_open(
    owner: User, other: User, settings: Settings, remove: Callable[..., object], *, by_clerk: bool
) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert remove(owner, **({"actor": other, "reason": "lost"} if by_clerk else {}))
    event = SecurityEvent.objects.filter(kind__in=("way_removed", "recovery_removed")).get()
    assert (event.user, event.actor, event.address) == (owner, other if by_clerk else None, "192.0.2.9")
    assert event.detail.get("reason") == ("lost" if by_clerk else None)
    assert (User.objects.get(pk=owner.pk).sessions_ended > 0) is by_clerk
    assert [list(ending.people) for ending in Ending.objects.all()] == ([["wangwu@example.edu"]] if by_clerk else [])
    assert {message.to[0] for message in mail.outbox} == {"wangwu@example.edu"}
    assert Sms.objects.filter(user=owner, purpose=Sms.Purpose.NOTICE_WAY).exists()
    assert User.objects.get(pk=other.pk).sessions_ended == 0


@pytest.mark.parametrize(("sent", "hours", "is_sent"), [(9, 0, True), (10, 0, False), (10, 24, True), (10, 23, False)])
def test_ten_notices_a_day_go_by_sms(
    owner: User, other: User, clock: time_machine.Traveller, sent: int, hours: int, *, is_sent: bool
) -> None:
    moment = timezone.now()
    for user, purpose, count in ((owner, Sms.Purpose.NOTICE_WAY, sent), (other, Sms.Purpose.NOTICE_WAY, 9),
                                 (owner, Sms.Purpose.NOTICE_CHANGED, 9)):  # fmt: skip
        for _ in range(count):
            Sms.objects.create(
                user=user, number=f"+86{NUMBER}", purpose=purpose, created_at=moment, expires_at=moment, sweep_at=moment
            )
    clock.shift(timedelta(hours=hours))
    assert changes._may_be_sent(owner) is is_sent
