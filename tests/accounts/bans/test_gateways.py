"""An address from which several accounts got in is shared by many people, whether the office knows it or not."""

import pytest
import time_machine
from pytest_django import Settings

from accounts.bans import digests
from accounts.bans.models import Ban, KnownNetwork, Place
from accounts.bans.where import places
from accounts.signin import signin
from accounts.signin.signin import Step
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.maillogin import decision
from apppasswords.maillogin.decision import Login, Outcome
from tests.conftest import MakeUser
from tests.kit.neighbourhoods import know
from tests.kit.people import PASSWORD, Person

CLOUD, ELSEWHERE = "203.0.113.20", "198.51.100.7"


@pytest.fixture
def secrets(make_user: MakeUser) -> dict[str, str]:
    """Twelve people with two-step, whose mail is fetched by one service in the cloud."""
    found = {}
    for number in range(12):
        user = make_user(f"person{number}")
        made = passwords.create(user, "Outlook")
        assert isinstance(made, tuple)
        found[user.username] = made[1]
    return found


def log_in(name: str, password: str, address: str = CLOUD) -> Outcome:
    verdict = decision.verify(Login(name, password, "imap", address))
    if verdict.success and verdict.is_new_place:  # as the service notes it after its answer
        places.note([(verdict.success.user_id, address)])
    return verdict.outcome


@pytest.mark.bypass("C10: forwardemail#572: everybody behind one cloud address is banned")
def test_old_passwords_of_many_ban_nobody_else(secrets: dict[str, str]) -> None:
    names = list(secrets)
    assert {log_in(name, secrets[name]) for name in names[:3]} == {Outcome.YES}
    assert {log_in(name, "the password of last year") for name in names} == {Outcome.NO}
    assert {log_in(name, secrets[name]) for name in names} == {Outcome.YES}
    assert not Ban.objects.exists()


def test_one_account_is_banned_there_and_the_others_go_on(secrets: dict[str, str]) -> None:
    first, *others = secrets
    assert {log_in(name, secrets[name]) for name in others[:3]} == {Outcome.YES}
    assert [log_in(first, f"guess {n}") for n in range(11)] == [Outcome.NO] * 10 + [Outcome.BANNED]
    assert log_in(first, secrets[first]) is Outcome.BANNED
    assert log_in(first, secrets[first], ELSEWHERE) is Outcome.YES
    assert log_in(others[0], secrets[others[0]]) is Outcome.YES
    assert Ban.objects.get().account == first


@pytest.mark.parametrize("accounts", [0, 2])
def test_one_that_hardly_anybody_uses_is_none(secrets: dict[str, str], accounts: int) -> None:
    names = list(secrets)
    for name in names[:accounts]:
        log_in(name, secrets[name])
    for name in names[:10]:
        log_in(name, "the password of last year")
    assert log_in(names[0], secrets[names[0]]) is Outcome.BANNED


def test_one_account_over_and_over_makes_none(secrets: dict[str, str]) -> None:
    own, *others = secrets
    for _time in range(10):
        log_in(own, secrets[own])
    for name in others[:10]:
        log_in(name, "guess")
    assert log_in(own, secrets[own]) is Outcome.BANNED


def test_guesses_at_many_accounts_ban_it_whole_in_the_end(secrets: dict[str, str], settings: Settings) -> None:
    settings.SHARED_NETWORK_FAILURES = 25
    names = list(secrets)
    for name in names[:3]:
        log_in(name, secrets[name])
    answers = [log_in(names[n % 12], f"guess {n}") for n in range(26)]
    assert answers == [Outcome.NO] * 25 + [Outcome.BANNED]
    assert log_in(names[0], secrets[names[0]]) is Outcome.BANNED


@pytest.mark.parametrize("by_mail", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_a_name_that_is_nobodys_is_banned_alone_there(
    secrets: dict[str, str], make_user: MakeUser, *, by_mail: bool, known: bool
) -> None:
    """In a shared network and at a gateway, by mail and on the web."""
    if known:
        KnownNetwork.objects.create(
            cidr="203.0.113.0/24", kind="shared", first=f"{0xFFFFCB007100:039}", last=f"{0xFFFFCB0071FF:039}"
        )
    else:
        for name in list(secrets)[:3]:
            log_in(name, secrets[name])

    def enter(name: str, password: str) -> object:
        return log_in(name, password) if by_mail else signin.start(name, password, CLOUD, "").step

    refused, banned = (Outcome.NO, Outcome.BANNED) if by_mail else (Step.REFUSED, Step.BANNED)
    nobody = "nobody@example.edu"
    answers = [enter(nobody, f"guess {n}") for n in range(11)]
    assert answers == [refused] * (10 if by_mail else 9) + [banned] * (1 if by_mail else 2)
    assert enter("somebody@example.edu", "guess") is refused
    assert Ban.objects.get().account == digests.stranger(nobody)
    lisi = make_user("lisi", two_step=False)
    assert enter(lisi.username, PASSWORD) in (Outcome.YES, Step.DONE)


def test_the_office_sees_which(secrets: dict[str, str], office: Person) -> None:
    for name in list(secrets)[:4]:
        log_in(name, secrets[name])
    assert places.gateways() == [(CLOUD, 4)]
    assert f"<code>{CLOUD}</code> (4)" in office.get("/admin/bans/knownnetwork/").content.decode()


def test_what_the_office_knows_or_nobody_uses_any_more_is_not_listed(
    make_user: MakeUser, clock: time_machine.Traveller
) -> None:
    for number in range(3):
        user = make_user(f"reader{number}")
        places.note([(user.pk, CLOUD)])
        places.note([(user.pk, ELSEWHERE)])
    know("203.0.113.0/24", KnownNetwork.Kind.SHARED)
    assert places.gateways() == [(ELSEWHERE, 3)]
    clock.shift(places.GATEWAY_WITHIN)
    assert places.gateways() == []


def test_who_is_deleted_leaves_no_place(secrets: dict[str, str]) -> None:
    name = next(iter(secrets))
    log_in(name, secrets[name])
    user = User.objects.get(username=name)
    pk = user.pk
    user.delete()
    places.note([(pk, CLOUD)])
    assert places.gateways() == []
    assert not Place.objects.exists()
