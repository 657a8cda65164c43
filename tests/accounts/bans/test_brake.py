"""Guessing at one account from many addresses: held to the number in the settings, and never the owner's loss."""

from collections import Counter
from datetime import timedelta
from ipaddress import ip_network

import pytest
import time_machine
from pytest_django import Settings

from accounts.bans import bans, brake, trials
from accounts.bans.brake import Claim
from accounts.bans.models import Ban, Failure, KnownNetwork
from accounts.bans.where import places
from accounts.delivery.models import Mail
from accounts.log.models import SecurityEvent
from accounts.signin import signin
from accounts.signin.signin import Step
from accounts.signin.tasks import tell_owners
from accounts.users import mailbox_passwords
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.maillogin import decision
from apppasswords.maillogin.decision import Login, Outcome, Reason
from tests.conftest import MakeUser
from tests.kit.neighbourhoods import know
from tests.kit.people import NUMBER, PASSWORD, Person
from tests.kit.share import WHOLE

HOME, NEXT_DOOR, HOTEL = "198.51.100.7", "198.51.100.99", "203.0.113.9"
LIMIT = 20


@pytest.fixture(autouse=True)
def _limit(settings: Settings) -> None:
    settings.BRAKE_AFTER_FAILURES = LIMIT


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    """Two-step is off; the account got in at home before."""
    user = make_user("lisi", name="李四", two_step=False)
    places.note([(user.pk, HOME)])
    return user


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the account's password was compared with."""
    typed: list[str] = []
    real = mailbox_passwords.check_password

    def check(name: str, password: str, *_asker: object) -> User | None:
        typed.append(password)
        return real(name, password)

    monkeypatch.setattr(mailbox_passwords, "check_password", check)
    return typed


def bot(number: int) -> str:
    return f"100.{64 + number // 65536}.{number // 256 % 256}.{number % 256}"


def mail(user: User, password: str, address: str) -> Outcome:
    return decision.verify(Login(user.username, password, "imap", address)).outcome


def web(user: User, password: str, address: str, cookie: str = "") -> Step:
    return signin.start(user.username, password, address, cookie).step


def guess(user: User, times: int, *, first: int = 0) -> Counter[object]:
    """From one address each, on the web and by mail in turn."""
    return Counter(
        (mail if number % 2 else web)(user, f"guess {number}", bot(number)) for number in range(first, first + times)
    )


@pytest.mark.slow
def test_ten_thousand_addresses_get_no_more_than_the_settings_say(
    owner: User, make_user: MakeUser, compared: list[str]
) -> None:
    bots = 10_000 if WHOLE else 1_500
    answers = guess(owner, 1_000)
    answers += Counter(mail(owner, f"guess {number}", bot(number)) for number in range(1_000, bots))
    assert len(compared) == LIMIT
    assert answers == {Step.REFUSED: 10, Outcome.NO: 10, Step.LATER: 490, Outcome.CANNOT_TELL: bots - 510}
    assert Failure.objects.count() == LIMIT, "what was not compared is nobody's failure"
    assert not Ban.objects.exists()
    assert mail(owner, PASSWORD, bot(10_001)) is Outcome.CANNOT_TELL, "the right one as well"
    assert web(owner, PASSWORD, bot(10_002)) is Step.LATER
    assert mail(owner, PASSWORD, HOME) is Outcome.YES
    assert web(owner, PASSWORD, NEXT_DOOR) is Step.DONE
    assert SecurityEvent.objects.filter(kind="guessed").count() == 1


@pytest.mark.bypass("C4: 405 guesses at one account from 45 networks, and nobody noticed")
def test_guesses_are_counted_over_all_addresses_and_ways_in(owner: User, compared: list[str]) -> None:
    answers = guess(owner, 2 * LIMIT)
    assert compared == [f"guess {number}" for number in range(LIMIT)]
    assert answers[Step.LATER] + answers[Outcome.CANNOT_TELL] == LIMIT
    assert decision.verify(Login(owner.username, PASSWORD, "imap", HOTEL)).reason is Reason.GUESSED


def test_the_owner_is_let_in_from_where_he_comes_from(owner: User) -> None:
    guess(owner, 2 * LIMIT)
    for address in (HOME, NEXT_DOOR):
        assert mail(owner, PASSWORD, address) is Outcome.YES
        assert web(owner, PASSWORD, address) is Step.DONE
    for number in range(9):  # who mistypes at home is counted there as ever
        assert web(owner, f"slip {number}", HOME) is Step.REFUSED
    assert web(owner, PASSWORD, HOME) is Step.DONE


def test_a_campus_is_one_place(owner: User, settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/8")]
    places.note([(owner.pk, "10.20.1.1")])
    guess(owner, LIMIT)
    assert mail(owner, PASSWORD, "10.99.3.4") is Outcome.YES


def test_where_somebody_signs_in_is_known_from_then_on(owner: User) -> None:
    person = Person(owner, REMOTE_ADDR=HOTEL)
    person.arrive()
    guess(owner, LIMIT)
    assert web(owner, PASSWORD, HOTEL) is Step.DONE


def test_a_trusted_browser_goes_on(wangwu: Person, make_user: MakeUser) -> None:
    wangwu.enter_password()
    wangwu.enter_code(trust_browser="on")
    assert wangwu.user
    User.objects.filter(pk=wangwu.user.pk).update(two_step_from=None)
    wangwu.post("/sign-out/")
    guess(wangwu.user, LIMIT)
    wangwu.defaults["REMOTE_ADDR"] = HOTEL
    assert wangwu.enter_password().status_code == 302
    assert Person(wangwu.user, REMOTE_ADDR=bot(5000)).enter_password().status_code == 200


@pytest.mark.parametrize("state", ["on", "unknown", "disabled"])
def test_other_accounts_are_not_touched(state: str, make_user: MakeUser) -> None:
    user = make_user("hong", two_step=state == "on", phone=NUMBER, is_active=state != "disabled")
    made = passwords.create(user, "Mail")
    assert isinstance(made, tuple)
    target = User(username="nobody@example.edu") if state == "unknown" else user
    assert set(guess(target, 2 * LIMIT)) == {Step.REFUSED, Outcome.NO}
    if state == "on":
        assert mail(user, made[1], HOTEL) is Outcome.YES
        assert web(user, PASSWORD, HOTEL) is Step.CODE
    assert not SecurityEvent.objects.filter(kind="guessed").exists()


def test_an_app_password_goes_on(owner: User) -> None:
    made = passwords.create(owner, "Mail")
    assert isinstance(made, tuple)
    guess(owner, LIMIT)
    assert mail(owner, made[1], HOTEL) is Outcome.YES


def test_right_passwords_take_nothing_away(owner: User) -> None:
    for number in range(2 * LIMIT):  # a train passes many networks
        assert mail(owner, PASSWORD, bot(number)) is Outcome.YES
    assert sum(guess(owner, LIMIT, first=1000).values()) == LIMIT
    assert mail(owner, PASSWORD, bot(5000)) is Outcome.CANNOT_TELL


def test_an_old_phone_that_repeats_itself_at_a_hotel_is_one_guess(owner: User, settings: Settings) -> None:
    settings.BAN_AFTER_FAILURES = 1000
    for _quarter_of_an_hour in range(2 * LIMIT):
        assert mail(owner, "the password of last year", HOTEL) is Outcome.NO
    assert mail(owner, PASSWORD, bot(1)) is Outcome.YES


def test_it_is_over_after_its_time(owner: User, clock: time_machine.Traveller, settings: Settings) -> None:
    guess(owner, 2 * LIMIT)
    clock.shift(settings.BRAKE_WITHIN - timedelta(seconds=1))
    assert web(owner, PASSWORD, HOTEL) is Step.LATER
    clock.shift(timedelta(seconds=1))
    assert web(owner, PASSWORD, HOTEL) is Step.DONE


def test_owner_and_desk_are_told_once(owner: User) -> None:
    guess(owner, LIMIT - 1)
    tell_owners()
    assert not Mail.objects.exists()
    guess(owner, LIMIT, first=1000)
    for _sweep in range(3):
        tell_owners()
    assert [mail.event.kind for mail in Mail.objects.filter(user=owner) if mail.event] == ["guessed"]
    assert SecurityEvent.objects.filter(kind="guessed", user=owner).count() == 1


def test_the_page_says_what_to_do(owner: User) -> None:
    guess(owner, LIMIT)
    said = Person(owner, REMOTE_ADDR=HOTEL, HTTP_ACCEPT_LANGUAGE="en").enter_password().content.decode()
    assert "guessing at the password" in said


def test_the_desk_sees_it_and_can_end_it(owner: User, office: Person) -> None:
    guess(owner, LIMIT)
    assert owner.username in office.get("/admin/").content.decode()
    page = office.get(f"/admin/accounts/user/{owner.pk}/desk/").content.decode()
    assert 'value="release"' in page
    office.post(f"/admin/accounts/user/{owner.pk}/desk/", {"act": "release", "version": "now", "why": "phone"})
    assert web(owner, PASSWORD, HOTEL) is Step.DONE
    assert SecurityEvent.objects.filter(kind="brake_released", user=owner).count() == 1
    assert owner.username not in office.get("/admin/").content.decode()


def test_a_new_password_ends_it(owner: User) -> None:
    guess(owner, LIMIT)
    person = Person(owner, REMOTE_ADDR=HOME)
    person.enter_password()
    new = "correct-horse-42"
    person.post("/security/password/", {"old_password": PASSWORD, "new_password": new, "new_password_again": new})
    assert web(owner, new, HOTEL) is Step.DONE


def test_what_is_known_of_places_ends(owner: User, clock: time_machine.Traveller, settings: Settings) -> None:
    assert trials.of(owner.username, HOME, "").is_known
    clock.shift(settings.PLACE_LIFETIME + timedelta(seconds=1))
    assert not trials.of(owner.username, HOME, "").is_known
    guess(owner, LIMIT)
    assert brake.until(owner.pk)
    assert bans.banned_until(HOME, owner.username) is None


# --- What a comparison is claimed as ----------------------------------------------------------------------------------


def test_who_read_the_account_before_it_was_spent_gets_none(owner: User) -> None:
    """Comparisons that come at once have all read it before."""
    trial = trials.of(owner.username, HOTEL, "guess")
    guess(owner, LIMIT)
    assert brake.claim(trial) is Claim.NONE_LEFT
    assert brake.claim(trial, counts=False) is Claim.FREE


def test_while_it_is_on_what_was_wrong_before_is_not_compared_again(
    owner: User, clock: time_machine.Traveller, settings: Settings
) -> None:
    web(owner, "the password of last year", HOTEL)
    guess(owner, LIMIT)
    assert web(owner, "the password of last year", HOTEL) is Step.LATER
    clock.shift(settings.BRAKE_WITHIN)
    assert brake.claim(trials.of(owner.username, HOTEL, "the password of last year")) is not Claim.NONE_LEFT


def test_what_counts_for_nobody_is_free(owner: User, settings: Settings) -> None:
    web(owner, "the password of last year", HOTEL)
    assert brake.claim(trials.of(owner.username, HOTEL, "the password of last year")) is Claim.FREE
    assert brake.claim(trials.of(owner.username, HOTEL, "another")) is Claim.ONE
    know(f"{HOTEL}/32", KnownNetwork.Kind.NEVER_BANNED)
    assert brake.claim(trials.of(owner.username, HOTEL, "a third")) is Claim.FREE
    settings.BRAKE_AFTER_FAILURES = 3
    assert brake.claim(trials.of(owner.username, bot(1), "a fourth")) is Claim.LAST


def test_right_passwords_take_nothing_away_on_the_web_either(owner: User) -> None:
    for number in range(2 * LIMIT):
        assert web(owner, PASSWORD, bot(number)) is Step.DONE
    assert brake.until(owner.pk) is None
