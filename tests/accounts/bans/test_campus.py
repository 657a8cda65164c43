"""A building behind one address: old phones, people who mistype, and attackers inside and outside, for an hour."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
import time_machine
from pytest_django import Settings

from accounts.bans.models import Ban, Failure
from accounts.users.models import User
from apppasswords.maillogin import decision
from apppasswords.maillogin.decision import Login, Outcome, Verdict
from apppasswords.models import AppPassword
from apppasswords.secrets import digests, new
from tests.kit.share import WHOLE

BUILDING, NEXT_BUILDING, OUTSIDE = "10.20.0.1", "10.20.0.2", "203.0.113.9"
START = datetime(2026, 3, 2, 1, tzinfo=UTC)
OLD = "the password of last year"


def log_in(mailbox: str, password: str, address: str = BUILDING) -> Verdict:
    return decision.verify(Login(mailbox, password, "imap", address))


@dataclass
class Campus:
    """Everybody uses two-step, with one mail program each. The password of the stale ones is an old one."""

    secrets: dict[str, str]
    stale: list[str]
    innocent: list[str]
    refused: list[tuple[str, Outcome]] = field(default_factory=list)  # innocents, with the right password

    def minute(self, chance: random.Random, logins: int) -> None:
        """Every old phone tries again; some of the others log in, one in twenty after a typo."""
        for mailbox in self.stale:
            log_in(mailbox, OLD)
        for mailbox in chance.sample(self.innocent, logins):
            if chance.random() < 0.05:
                log_in(mailbox, self.secrets[mailbox][:-1])
            self.use(mailbox)

    def use(self, mailbox: str) -> None:
        outcome = log_in(mailbox, self.secrets[mailbox]).outcome
        if outcome is not Outcome.YES:
            self.refused.append((mailbox, outcome))


MakeCampus = Callable[..., Campus]


@pytest.fixture
def make_campus(db: None, settings: Settings) -> MakeCampus:
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/8")]

    def make(people: int, stale: int = 100) -> Campus:
        names = [f"person{n}@example.edu" for n in range(people)]
        users = User.objects.bulk_create([User(username=name, two_step_from=START, password="!") for name in names])
        secrets = {name: new() for name in names}
        AppPassword.objects.bulk_create(
            [AppPassword(user=user, name="Mail", digest=digests(secrets[user.username])[0]) for user in users]
        )
        return Campus(secrets, names[:stale], names[stale:])

    return make


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START + timedelta(days=1), tick=False) as travelled:
        yield travelled


def banned(address: str) -> set[str]:
    """The accounts that are banned at an address; empty text: the address itself."""
    return set(Ban.objects.filter(network=address).values_list("account", flat=True))


@pytest.mark.slow
@pytest.mark.bypass("row 35: mailcow #1679, fail2ban #779, Nextcloud #51533")
def test_an_hour_behind_one_address(make_campus: MakeCampus, clock: time_machine.Traveller) -> None:
    """One attacker in the building guesses at colleagues, ten times at each; one outside sprays over everybody."""
    people, stale, logins, apart = (2000, 100, 150, 3) if WHOLE else (700, 30, 50, 1)
    campus, chance = make_campus(people, stale), random.Random(1)
    attacked, neighbours = campus.innocent[:20], campus.innocent[20:]
    campus.innocent = neighbours
    guesses = 0
    for minute in range(60):
        campus.minute(chance, logins)  # about five logins for everybody within the hour
        for n in range(9):
            # Ten guesses at one colleague, then the next one.
            victim = attacked[guesses // 10 % len(attacked)]
            guesses += log_in(victim, f"guess {guesses}").outcome is Outcome.NO and guesses < 200
            log_in(neighbours[(minute * 9 + n) * apart], f"spray {n}", OUTSIDE)
        clock.shift(timedelta(minutes=1))

    assert campus.refused == []
    assert banned(BUILDING) == {*campus.stale, *attacked}
    assert banned(OUTSIDE) == {""}
    # Each old phone was counted ten times, then refused; whoever comes from elsewhere with those accounts is not.
    assert Ban.objects.filter(network=BUILDING, account=campus.stale[0]).count() == 1
    assert log_in(campus.stale[0], campus.secrets[campus.stale[0]], NEXT_BUILDING).outcome is Outcome.YES
    clock.shift(timedelta(minutes=10))
    assert log_in(campus.stale[0], campus.secrets[campus.stale[0]]).outcome is Outcome.YES  # the ban of an hour is over


@pytest.mark.slow
@pytest.mark.parametrize(
    "victim",
    [lambda guess: guess % 590, lambda guess: guess // 10],
    ids=["one guess at everybody", "ten guesses at one after the other"],
)
def test_a_thousand_different_guesses_ban_the_building(
    make_campus: MakeCampus, clock: time_machine.Traveller, settings: Settings, victim: Callable[[int], int]
) -> None:
    """What SHARED_NETWORK_FAILURES is for, and what it costs: the neighbours of such an attacker wait an hour, too."""
    campus, counted = make_campus(people=700), 0
    for _ in range(3):
        campus.minute(random.Random(1), logins=20)
    for guess in range(1000):
        counted += log_in(campus.innocent[victim(guess)], f"guess {guess}").outcome is Outcome.NO
        clock.shift(timedelta(seconds=1))
    assert counted == settings.SHARED_NETWORK_FAILURES - len(campus.stale)
    assert "" in banned(BUILDING)
    campus.use(campus.innocent[-1])
    assert campus.refused == [(campus.innocent[-1], Outcome.BANNED)]
    # Other buildings go on, and so does this one after an hour.
    assert log_in(campus.innocent[0], campus.secrets[campus.innocent[0]], NEXT_BUILDING).outcome is Outcome.YES
    clock.shift(timedelta(hours=1))
    assert log_in(campus.innocent[-1], campus.secrets[campus.innocent[-1]]).outcome is Outcome.YES


@pytest.mark.slow
def test_old_phones_alone_never_reach_the_ceiling(
    make_campus: MakeCampus, clock: time_machine.Traveller, settings: Settings
) -> None:
    """Hour after hour: the same wrong password of the same account is one, however often it comes."""
    settings.SHARED_NETWORK_FAILURES = 25
    campus = make_campus(people=30, stale=20)
    for _ in range(24 * 6 if WHOLE else 5 * 6):
        campus.minute(random.Random(1), logins=1)
        clock.shift(timedelta(minutes=10))
    assert campus.refused == []
    assert banned(BUILDING) == set(campus.stale)


def test_an_old_phone_at_home_is_no_attacker_where_repeats_count_once(
    make_campus: MakeCampus, clock: time_machine.Traveller, settings: Settings
) -> None:
    settings.BAN_COUNTS_REPEATS = False
    campus = make_campus(people=3, stale=1)
    (old_phone,), (wife, _) = campus.stale, campus.innocent
    for _ in range(60):
        for address in (OUTSIDE, BUILDING):
            assert log_in(old_phone, OLD, address).outcome is Outcome.NO
            assert log_in(wife, campus.secrets[wife], address).outcome is Outcome.YES
        clock.shift(timedelta(minutes=1))
    assert Failure.objects.count() == 120
    # Nine more are different ones: an attacker is banned as ever, an account in the building alone.
    for address in (OUTSIDE, BUILDING):
        verdicts = [log_in(old_phone, f"guess {n}", address) for n in range(9)]
        assert [verdict.banned_until is not None for verdict in verdicts] == [False] * 8 + [True]
    assert log_in(wife, campus.secrets[wife], OUTSIDE).outcome is Outcome.BANNED
    assert log_in(wife, campus.secrets[wife], BUILDING).outcome is Outcome.YES


@pytest.mark.parametrize("lifted", [True, False])
def test_failures_of_a_lifted_ban_are_forgiven_to_the_building(
    make_campus: MakeCampus, clock: time_machine.Traveller, settings: Settings, lifted: bool
) -> None:
    settings.SHARED_NETWORK_FAILURES = 15
    campus = make_campus(people=30, stale=0)
    for guess in range(10):
        log_in(campus.innocent[0], f"guess {guess}")
    if lifted:
        Ban.objects.update(lifted_at=datetime.now(UTC))
    for guess in range(5):
        log_in(campus.innocent[1], f"guess {guess}")
    assert ("" in banned(BUILDING)) is not lifted
