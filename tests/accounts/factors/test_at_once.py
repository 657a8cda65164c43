"""What two requests that come at once may do to the ways of one person; tests/real tries it with processes."""

from dataclasses import replace
from uuid import UUID

import pytest
import time_machine
from django.core import mail
from django.test import TestCase
from pytest_django import Settings

from accounts.codes.guesses import Outcome
from accounts.delivery.gateways import memory
from accounts.factors import authenticators, keyring, passkeys, recoverycodes
from accounts.factors.ceremonies import Made
from accounts.factors.models import Authenticator, Passkey, RecoveryCode, RecoverySet
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, Person

MADE = Made("one", b"key", 0, backup_eligible=False, backed_up=False, transports="", aaguid=f"{UUID(int=0)}")


@pytest.fixture
def owner(make_user: MakeUser, clock: time_machine.Traveller) -> User:
    return make_user("wangwu", phone=NUMBER)


def again(user: User) -> User:
    """As another request read the account."""
    return User.objects.get(pk=user.pk)


def add_app(user: User) -> Authenticator | authenticators.Refusal:
    offered = authenticators.offer(user, "session")
    return authenticators.add(offered, step=authenticators._now(), name="手机")


def code(app: Authenticator, steps: int = 1) -> str:
    return authenticators.code_of(keyring.unseal(bytes(app.key), owner=app.user_id), authenticators._now() + steps)


def test_of_one_form_that_comes_twice_one_counts(owner: User) -> None:
    other = again(owner)
    assert isinstance(add_app(owner), Authenticator)
    assert add_app(other) is authenticators.Refusal.GONE
    assert passkeys.add(other, MADE, "笔记本") is passkeys.Refusal.GONE
    assert recoverycodes.make(other) is recoverycodes.Refusal.GONE
    assert Authenticator.objects.count() == 1
    assert not Passkey.objects.exists()
    assert not RecoverySet.objects.exists()


def test_nobody_has_them_without_end(owner: User) -> None:
    Authenticator.objects.bulk_create(Authenticator(user=owner, name=f"{n}", key=b"", last_step=0) for n in range(9))
    assert isinstance(add_app(owner), Authenticator)
    assert add_app(owner) is authenticators.Refusal.TOO_MANY
    for n in range(passkeys.AT_MOST):
        assert isinstance(passkeys.add(owner, replace(MADE, credential_id=f"{n}"), f"{n}"), Passkey)
    assert passkeys.add(owner, MADE, "笔记本") is passkeys.Refusal.TOO_MANY


def test_one_that_replaces_all_is_never_too_many(owner: User) -> None:
    Authenticator.objects.bulk_create(Authenticator(user=owner, name=f"{n}", key=b"", last_step=0) for n in range(10))
    offered = authenticators.offer(owner, "session")
    assert isinstance(authenticators.add(offered, 1, "手机", replaces_all=True), Authenticator)


def test_a_passkey_is_one_persons(owner: User, make_user: MakeUser) -> None:
    assert isinstance(passkeys.add(owner, MADE, "笔记本"), Passkey)
    other = make_user("lisi", phone="13900139000")
    assert passkeys.add(other, MADE, "笔记本") is passkeys.Refusal.TAKEN
    assert User.objects.get(pk=other.pk).ways_version == other.ways_version, "nothing ends by it"


def test_what_is_gone_is_not_removed_again(owner: User, make_user: MakeUser) -> None:
    app, other = add_app(owner), make_user("lisi")
    passkey = passkeys.add(owner, MADE, "笔记本")
    assert isinstance(app, Authenticator)
    assert isinstance(passkey, Passkey)
    assert authenticators.remove(other, app.pk) is authenticators.Refusal.GONE, "it is somebody else's"
    assert passkeys.remove(other, passkey.pk) is passkeys.Refusal.GONE
    assert authenticators.remove(owner, app.pk) == app
    assert authenticators.remove(owner, app.pk) is authenticators.Refusal.GONE
    assert passkeys.remove(owner, passkey.pk) == passkey
    assert passkeys.remove(owner, passkey.pk) is passkeys.Refusal.GONE
    assert isinstance(recoverycodes.make(owner), list)
    assert not recoverycodes.remove(owner, pk=0), "the clerk saw another set"
    assert recoverycodes.remove(owner)
    assert not recoverycodes.remove(owner)
    assert SecurityEvent.objects.filter(kind="way_removed").count() == 2
    assert SecurityEvent.objects.filter(kind="recovery_removed").count() == 1


def test_a_code_that_two_apps_show_is_worth_two_uses_and_no_more(owner: User) -> None:
    """The key was put into one twice: a backup that was read again."""
    app = add_app(owner)
    assert isinstance(app, Authenticator)
    Authenticator.objects.create(user=owner, name="twin", key=app.key, last_step=app.last_step)
    shown = code(app)
    outcomes = [authenticators.check(owner, shown)[0] for _ in range(3)]
    assert outcomes == [Outcome.RIGHT, Outcome.RIGHT, Outcome.WRONG]


def test_of_one_code_that_comes_twice_at_once_one_counts(owner: User) -> None:
    app = add_app(owner)
    assert isinstance(app, Authenticator)
    shown = [authenticators.Shown(owner) for _request in range(2)]
    assert [one.use_up(code(app)) for one in shown] == [True, False]
    assert [one.won for one in shown] == [app, None]
    made = recoverycodes.make(owner)
    assert isinstance(made, list)
    held = RecoverySet.objects.get()
    held.user = owner
    written = [recoverycodes.Written(held, "192.0.2.1") for _request in range(2)]
    [right] = written[0].typed(made[0])
    assert [one.use_up(right) for one in written] == [True, False]
    assert RecoveryCode.objects.filter(used_at=None).count() == 9
    assert SecurityEvent.objects.filter(kind="recovery_used", address="192.0.2.1").count() == 1


def test_keys_are_sealed_anew_save_those_that_are_lost(owner: User, settings: Settings) -> None:
    old = settings.FACTOR_KEYS
    assert isinstance(add_app(owner), Authenticator)
    settings.FACTOR_KEYS = ["lost" * 10]
    assert isinstance(add_app(owner), Authenticator)
    settings.FACTOR_KEYS = ["new" * 10, *old]
    assert authenticators.under_old_keys() == 2
    assert sorted(authenticators.reseal_all()) == [False, True]
    assert authenticators.under_old_keys() == 1
    assert sorted(authenticators.reseal_all()) == [False, True], "the one that is there already is there"


def test_a_clerk_who_calls_tells_by_mail_alone(owner: User) -> None:
    app = add_app(owner)
    assert isinstance(app, Authenticator)
    memory.outbox.clear()
    mail.outbox.clear()
    with TestCase.captureOnCommitCallbacks(execute=True):
        authenticators.remove(owner, app.pk, actor=owner, by_sms=False)
    assert mail.outbox
    assert not memory.outbox


def test_the_last_way_in_is_taken_away_by_a_clerk_alone(make_user: MakeUser, clerk: Person) -> None:
    user = make_user("sunqi")
    passkey = passkeys.add(user, MADE, "笔记本")
    assert isinstance(passkey, Passkey)
    assert passkeys.remove(user, passkey.pk) is passkeys.Refusal.NEEDED
    app = add_app(user)
    assert isinstance(app, Authenticator)
    assert passkeys.remove(user, passkey.pk) == passkey
    assert authenticators.remove(user, app.pk) is authenticators.Refusal.NEEDED
    assert authenticators.remove(user, app.pk, actor=clerk.user) == app
