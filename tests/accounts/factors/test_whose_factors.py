"""Ways to take the second step are one person's: nobody else's are counted, opened, removed or brought along."""

import json
from secrets import token_hex
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.codes.guesses import Outcome
from accounts.delivery.models import Sms
from accounts.factors import authenticators, ceremonies, keyring, passkeys, recoverycodes
from accounts.factors.authenticators import Refusal
from accounts.factors.ceremonies import Made, Place, Purpose
from accounts.factors.models import Authenticator, Passkey
from accounts.log.models import SecurityEvent
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Way
from tests.conftest import MakeUser
from tests.kit.apps import STEP
from tests.kit.passkeys import SecurityKey, add_passkey, use
from tests.kit.people import NUMBER, OTHER_NUMBER, Person


@pytest.fixture
def owner(make_user: MakeUser, clock: time_machine.Traveller) -> User:
    return make_user("wangwu", phone=NUMBER, name="王五")


@pytest.fixture
def other(make_user: MakeUser) -> User:
    return make_user("zhaoliu", phone=OTHER_NUMBER)


def step() -> int:
    return int(timezone.now().timestamp()) // authenticators.STEP


def added(user: User, name: str = "my phone") -> Authenticator:
    user.refresh_from_db()
    app = authenticators.add(authenticators.offer(user, "session"), step() - 1, name)
    assert isinstance(app, Authenticator), app
    return app


def shown_by(app: Authenticator) -> str:
    return authenticators.code_of(keyring.unseal(bytes(app.key), owner=app.user_id), step())


def test_what_was_offered_before_a_change_of_ones_own_adds_nothing(owner: User, other: User) -> None:
    """Though others are where one was."""
    offered = authenticators.offer(User.objects.get(pk=owner.pk), "session")
    added(owner)
    assert other.ways_version == offered.user.ways_version
    assert authenticators.add(offered, step(), "another") is Refusal.GONE
    added(other)


def test_each_has_as_many_as_may_be(owner: User, other: User) -> None:
    Authenticator.objects.bulk_create(
        Authenticator(user=other, name="", key=b"", last_step=0) for _app in range(authenticators.AT_MOST)
    )
    added(owner)
    other.refresh_from_db()
    assert authenticators.add(authenticators.offer(other, "session"), step(), "another") is Refusal.TOO_MANY


def test_the_one_that_was_named_goes(owner: User, other: User) -> None:
    first, second, others = added(owner), added(owner, "second"), added(other)
    owner.refresh_from_db()
    assert authenticators.remove(owner, others.pk) is Refusal.GONE
    assert authenticators.remove(owner, second.pk) == second
    assert SecurityEvent.objects.get(kind="way_removed").detail["name"] == "second"
    assert set(Authenticator.objects.all()) == {first, others}


def test_a_code_of_anothers_app_is_a_wrong_one(owner: User, other: User, clock: time_machine.Traveller) -> None:
    own, others = added(owner), added(other)
    clock.shift(STEP)
    assert authenticators.check(owner, shown_by(others)) == (Outcome.WRONG, None)
    assert authenticators.check(owner, shown_by(own)) == (Outcome.RIGHT, own)


def test_an_app_that_is_used_while_all_are_sealed_anew_stays_as_its_use_left_it(
    owner: User, other: User, settings: Settings
) -> None:
    for user in (owner, other):
        added(user)
    settings.FACTOR_KEYS = ["a newer key, of which there is enough", *settings.FACTOR_KEYS]
    sealing = authenticators.reseal_all()
    assert next(sealing)
    used = Authenticator.objects.get(user=other)
    used.key = keyring.seal(keyring.unseal(bytes(used.key), owner=other.pk), owner=other.pk)
    used.save()
    assert next(sealing)
    assert Authenticator.objects.get(user=other).key == used.key
    assert authenticators.under_old_keys() == 0


def test_a_code_on_its_way_by_sms_counts_no_more_when_a_way_is_added(owner: User) -> None:
    Person(owner).enter_password()
    added(owner)
    assert Sms.objects.codes().get().voided_at is not None
    notice = Sms.objects.get(purpose=Sms.Purpose.NOTICE_WAY)
    assert str(notice.number) == f"+86{NUMBER}"


@pytest.mark.parametrize("last", [True, False])
def test_that_recovery_codes_went_along_is_said(owner: User, make_user: MakeUser, *, last: bool) -> None:
    """With the last other way, which a clerk may take away."""
    clerk = make_user("clerk")
    app = added(owner)
    if not last:
        added(owner)
    owner.refresh_from_db()
    assert isinstance(recoverycodes.make(owner), list)
    owner.phone.delete()
    owner = User.objects.get(pk=owner.pk)
    authenticators.remove(owner, app.pk, actor=clerk)
    assert SecurityEvent.objects.get(kind="way_removed").detail.get("recovery_gone") is (True if last else None)


def asked_of(user: User) -> tuple[Place, dict[str, Any]]:
    """What a browser is asked that is to make a passkey."""
    place = Place(user, "session", Purpose.ADD)
    return place, json.loads(ceremonies.creation(place, []))


def test_a_passkey_is_called_as_its_owner_is(owner: User, other: User) -> None:
    called = [asked_of(user)[1]["user"]["displayName"] for user in (owner, other)]
    assert called == ["王五", other.username]


def test_why_a_passkey_was_not_made(owner: User, other: User, clock: time_machine.Traveller) -> None:
    place, asks = asked_of(owner)
    answer = SecurityKey().create(asks)
    assert isinstance(ceremonies.made_here(place, answer), Made)
    assert ceremonies.made_here(place, "no answer at all") is Outcome.MALFORMED
    assert ceremonies.made_here(asked_of(other)[0], answer) is Outcome.EXPIRED
    assert ceremonies.made_here(place, SecurityKey().create(asks, verified=False)) is Outcome.WRONG
    clock.shift(ceremonies.LIFETIME + ceremonies.SHIFT)
    assert ceremonies.made_here(place, answer) is Outcome.EXPIRED


def passkey(user: User, name: str = "my laptop") -> Passkey | passkeys.Refusal:
    made = Made(
        credential_id=token_hex(),
        public_key=b"",
        sign_count=0,
        backup_eligible=False,
        backed_up=False,
        transports="",
        aaguid="00000000-0000-0000-0000-000000000000",
    )
    return passkeys.add(user, made, name)


def test_passkeys_are_one_persons_too(owner: User, other: User) -> None:
    before = User.objects.get(pk=owner.pk)
    first, second = passkey(owner), passkey(User.objects.get(pk=owner.pk), "second")
    assert passkey(before) is passkeys.Refusal.GONE, "though others are where one was"
    others = passkey(other)
    owner, other = (User.objects.get(pk=user.pk) for user in (owner, other))
    assert isinstance(first, Passkey)
    assert isinstance(second, Passkey)
    assert isinstance(others, Passkey)
    assert passkeys.remove(owner, others.pk) is passkeys.Refusal.GONE
    assert passkeys.rename(owner, others.pk, "mine") is False
    assert passkeys.rename(owner, second.pk, "renamed") is True
    assert passkeys.remove(owner, second.pk) == second
    assert set(Passkey.objects.values_list("pk", "name")) == {(first.pk, "my laptop"), (others.pk, "my laptop")}


def test_each_has_as_many_passkeys_as_may_be(owner: User, other: User) -> None:
    for _passkey in range(passkeys.AT_MOST):
        assert isinstance(passkey(User.objects.get(pk=other.pk)), Passkey)
    assert passkey(User.objects.get(pk=other.pk)) is passkeys.Refusal.TOO_MANY
    assert isinstance(passkey(owner), Passkey)


def test_each_passkey_counts_for_itself(wangwu: Person) -> None:
    wangwu.arrive()
    add_passkey(wangwu)
    second = add_passkey(wangwu, name="second")
    copied = second.copy()
    wangwu.post("/sign-out/")
    Passkey.objects.update(backed_up=True, last_used_at=None)
    wangwu.enter_password()
    assert use(wangwu, second).headers["Location"] == "/"
    used = Passkey.objects.get(name="second")
    assert (used.backed_up, used.last_used_at is None) == (False, False), "as this use says"
    counts = {row.name: (row.sign_count, row.asked_at > 0) for row in Passkey.objects.all()}
    assert counts == {"my laptop": (0, False), "second": (second.count, True)}
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    User.objects.update(wrong_codes=3)
    use(wangwu, copied)
    assert User.objects.get().wrong_codes >= 3, "a copy is no right answer, which would forgive wrong ones"


def test_recovery_codes_are_one_persons_too(owner: User, other: User, clock: time_machine.Traveller) -> None:
    before = User.objects.get(pk=owner.pk)
    own = recoverycodes.make(owner)
    assert recoverycodes.make(before) is recoverycodes.Refusal.GONE, "though others are where one was"
    others = recoverycodes.make(other)
    assert isinstance(own, list)
    assert isinstance(others, list)
    clock.shift(STEP)
    for number, code in enumerate(own, start=1):
        outcome, used = recoverycodes.check(owner, code)
        assert (outcome, used) == (Outcome.RIGHT, recoverycodes.of(owner))
        assert (recoverycodes.left(owner), recoverycodes.left(other)) == (10 - number, 10)
    mine, theirs = recoverycodes.of(owner), recoverycodes.of(other)
    assert mine
    assert theirs
    assert mine.last_used_at == timezone.now()
    assert theirs.last_used_at is None
    assert [Way.RECOVERY in ways.of(user) for user in (owner, other)] == [False, True], "used up is no way"
    again = recoverycodes.make(User.objects.get(pk=owner.pk))
    assert isinstance(again, list)
    assert (recoverycodes.left(owner), recoverycodes.left(other)) == (10, 10)
    owner = User.objects.get(pk=owner.pk)
    assert recoverycodes.remove(owner, theirs.pk) is False
    assert recoverycodes.remove(owner) is True
    assert recoverycodes.remove(owner) is False
    assert (recoverycodes.of(owner), recoverycodes.left(other)) == (None, 10)
