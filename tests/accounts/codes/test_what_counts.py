"""Which codes count for which limit, and which end: to the second, and nobody else's."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.codes import abuse, codes, guesses, limits
from accounts.codes.guesses import Outcome
from accounts.codes.limits import Asked, Refusal, Refused
from accounts.delivery.models import Sms, SmsDay
from accounts.routes.models import Gateway
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.asking import Asking, Purpose
from tests.kit.people import NUMBER, OTHER_NUMBER

MINE, OTHER = f"+86{NUMBER}", f"+86{OTHER_NUMBER}"
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
LIFETIME = timedelta(minutes=5)  # of a code

pytestmark = pytest.mark.usefixtures("clock")  # noon, until a test shifts it


def sent(owner: User, ago: timedelta = SECOND, **fields: object) -> Sms:
    at = timezone.now() - ago
    usual = {"number": MINE, "purpose": Purpose.SIGN_IN, "nonce": "n", "status": Sms.Status.SENT, "session": "s"}
    times = {"created_at": at, "expires_at": at + LIFETIME, "sweep_at": at}
    return Sms.objects.create(user=owner, **{**usual, **times, **fields})


def asked(owner: User, purpose: Purpose = Purpose.SIGN_IN, number: str = MINE) -> Asked:
    return Asked(owner, number, purpose, "192.0.2.1", by_owner=False)


def refused(owner: User, purpose: Purpose = Purpose.SIGN_IN, number: str = MINE) -> Refused | None:
    now = timezone.now()
    one = asked(owner, purpose, number)
    return limits.refused(one, limits.known(one, now), now)


# --- What counts -----------------------------------------------------------------------------------------------------


def test_what_was_asked_for_before_the_count_began_is_not_counted(owner: User) -> None:
    began = timezone.now() - timedelta(minutes=30)
    User.objects.filter(pk=owner.pk).update(codes_counted_from=began)
    owner.refresh_from_db()
    for n in range(5):
        sent(owner, timedelta(minutes=30), session=f"{n}")
    assert limits.standing(owner) == limits.Standing(0, {})
    assert refused(owner) is None
    for n in range(4):
        sent(owner, timedelta(minutes=29), session=f"{n}")
    assert limits.standing(owner).asked == 4
    assert refused(owner) is None
    sent(owner, timedelta(minutes=28))
    assert limits.standing(owner).spent_until == {limits.Purse.PASSWORD: timezone.now() + timedelta(minutes=31)}
    assert refused(owner) == Refused(Refusal.LIMIT, timezone.now() + timedelta(minutes=31))


def test_a_test_of_the_office_is_nobodys_code(owner: User) -> None:
    for _ in range(5):
        sent(owner, purpose=Purpose.TEST, nonce="")
    assert limits.standing(owner) == limits.Standing(0, {})
    assert refused(owner) is None
    assert refused(owner, Purpose.TEST) is not None, "tests have a number of their own"


def test_an_office_that_fails_makes_people_wait_within_an_hour(owner: User) -> None:
    """What is not their fault holds nobody up, unless it comes again and again."""
    failed: dict[str, Any] = {"status": Sms.Status.FAILED, "reason": Sms.Reason.OFFICE}
    for _ in range(4):
        sent(owner, **failed)
    sent(owner, HOUR, **failed)
    assert refused(owner) is None
    sent(owner, HOUR - SECOND, **failed)
    assert refused(owner) == Refused(Refusal.WAIT, timezone.now() + timedelta(seconds=59))


@pytest.mark.parametrize(("ahead", "waits"), [(60, True), (61, False)])
def test_a_code_of_a_clock_that_was_set_back_holds_up_for_a_minute_at_most(
    owner: User, ahead: int, waits: bool
) -> None:
    sent(owner, -timedelta(seconds=ahead))
    assert refused(owner) == (Refused(Refusal.WAIT, timezone.now() + timedelta(minutes=1)) if waits else None)


def test_a_number_is_left_in_peace_when_several_others_typed_it(owner: User, make_user: MakeUser) -> None:
    others = [make_user(f"other{n}") for n in range(2)]

    def typed(one: User, ago: timedelta, times: int, **fields: object) -> None:
        for _ in range(times):
            sent(one, ago, **{"number": OTHER, "purpose": Purpose.BIND, **fields})

    typed(others[0], timedelta(minutes=10), 3)
    typed(owner, timedelta(minutes=10), 3, session="my own")
    typed(others[1], timedelta(minutes=10), 3, status=Sms.Status.FAILED)
    typed(others[1], timedelta(minutes=10), 3, purpose=Purpose.CONFIRM)
    typed(others[1], DAY, 9)
    assert refused(owner, Purpose.BIND, OTHER) is None
    typed(others[1], timedelta(minutes=20), 2)
    assert refused(owner, Purpose.BIND, OTHER) == Refused(Refusal.LIMIT, timezone.now() + timedelta(minutes=40))
    assert refused(owner, Purpose.SIGN_IN, OTHER) is None, "it was not typed there"


def test_a_crowd_of_strangers_is_told_when(owner: User, other: User, settings: Settings) -> None:
    settings.SMS_ADDRESS_LIMIT = 2
    for minutes in (30, 20, 10):
        sent(other, timedelta(minutes=minutes), address="192.0.2.1")
    assert refused(owner) == Refused(Refusal.LIMIT, timezone.now() + timedelta(minutes=40))


def test_of_an_account_that_is_gone_nothing_is_known(db: None) -> None:
    gone = User(pk=0, username="gone@example.edu")
    assert limits.known(asked(gone), timezone.now()) == (None, None, None, False, [])


@pytest.mark.parametrize("by_office", [True, False])
def test_a_count_that_begins_again_is_one_accounts(owner: User, other: User, *, by_office: bool) -> None:
    limits.start_afresh(owner, by_office=by_office)
    began = dict(User.objects.values_list("pk", "codes_counted_from"))
    assert began == {owner.pk: timezone.now(), other.pk: None}


# --- The money of the site -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "spent", "is_refused"), [(0, 3, True), (0, 2, False), (-1, 3, False)])
def test_a_budget_is_of_its_day(owner: User, settings: Settings, day: int, spent: int, *, is_refused: bool) -> None:
    settings.SMS_DAILY_BUDGET = 3
    SmsDay.objects.create(day=timezone.localdate() + timedelta(days=day), codes=spent)
    outlook = codes.outlook(owner, MINE, Purpose.SIGN_IN, [], address="192.0.2.1")
    assert (outlook is not None) is is_refused
    if outlook:
        assert outlook.refusal is Refusal.BUDGET


def test_one_gateway_that_is_off_leaves_others(owner: User) -> None:
    Gateway.objects.create(name="another", is_on=False)
    assert Asking(owner).ask().sms


def test_the_office_is_told_of_money_and_ranges_only(owner: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        for refusal in Refusal:
            abuse.tell(asked(owner), Refused(refusal))
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "a budget of today is spent" in said[0]
    assert f"{MINE[:-4]}****" in said[1]


def test_a_range_is_closed_until_the_first_of_the_many_is_old(owner: User, other: User, settings: Settings) -> None:
    settings.SMS_RANGE_LIMIT, settings.SMS_RANGE_WITHIN = 3, HOUR
    for minutes in (50, 40, 20, 10):
        sent(other, timedelta(minutes=minutes), number=f"+86139001390{minutes}", purpose=Purpose.BIND)
        sent(other, timedelta(minutes=1), number=f"+86139001391{minutes}", purpose=Purpose.CONFIRM)
    now = timezone.now()
    one = asked(owner, Purpose.BIND, "+8613900139099")
    assert abuse.refused(one, limits.known(one, now), now) == Refused(Refusal.RANGE, now + timedelta(minutes=20))


# --- What ends -------------------------------------------------------------------------------------------------------


def rows() -> dict[int, tuple[datetime | None, str]]:
    return {sms.pk: (sms.voided_at, sms.session) for sms in Sms.objects.all()}


def test_a_new_code_voids_the_one_that_it_takes_the_place_of_and_no_other(
    owner: User, other: User, settings: Settings
) -> None:
    ago = timedelta(minutes=2)
    earlier = timezone.now() - timedelta(minutes=1)
    old = sent(owner, ago)
    others = [
        sent(other, ago),
        sent(owner, ago, purpose=Purpose.CONFIRM),
        sent(owner, ago, used_at=earlier),
        sent(owner, ago, voided_at=earlier),
    ]
    before = rows()
    new = Asking(owner).ask().sms
    assert new
    assert (new.voided_at, new.nonce != "") == (None, True)
    assert new.expires_at == timezone.now() + timedelta(minutes=5)
    assert new.sweep_at == timezone.now() + settings.SMS_REQUEUE_AFTER, "if no worker takes it"
    after = rows()
    assert after[old.pk][0] == timezone.now()
    assert all(after[theirs.pk] == before[theirs.pk] for theirs in others)


def test_what_is_void_already_or_used_keeps_its_story(owner: User, other: User) -> None:
    earlier = timezone.now() - SECOND
    on_its_way, notice = sent(owner), sent(owner, purpose=Purpose.NOTICE_WAY, nonce="")
    used, void, theirs = sent(owner, used_at=earlier), sent(owner, voided_at=earlier), sent(other)
    codes.void(owner)
    ends = {pk: voided_at for pk, (voided_at, _session) in rows().items()}
    assert ends == {on_its_way.pk: timezone.now(), notice.pk: None, used.pk: None, void.pk: earlier, theirs.pk: None}


def test_a_used_code_stays_with_its_session(owner: User) -> None:
    live, used = sent(owner, session="old"), sent(owner, session="old", used_at=timezone.now())
    codes.carry_over(owner, "old", "new")
    assert {pk: session for pk, (_at, session) in rows().items()} == {live.pk: "new", used.pk: "old"}


SPENT: list[tuple[Callable[[Sms], dict[str, object]], Outcome]] = [
    (lambda _sms: {"tries": 5}, Outcome.EXHAUSTED),
    (lambda sms: {"tries": 5, "used_at": sms.created_at}, Outcome.EXPIRED),
    (lambda sms: {"tries": 5, "voided_at": sms.created_at}, Outcome.EXPIRED),
    (lambda sms: {"expires_at": sms.created_at}, Outcome.EXPIRED),
    (lambda sms: {"used_at": sms.created_at}, Outcome.EXPIRED),
    (lambda sms: {"voided_at": sms.created_at}, Outcome.EXPIRED),
]


@pytest.mark.parametrize(("how", "outcome"), SPENT)
def test_why_a_code_is_tried_no_more(
    owner: User, other: User, how: Callable[[Sms], dict[str, object]], outcome: Outcome
) -> None:
    sent(other, tries=5)
    sms = sent(owner)
    Sms.objects.filter(pk=sms.pk).update(**how(sms))
    assert codes.Sent(sms).claim() is outcome


@pytest.mark.parametrize("how", [how for how, outcome in SPENT if outcome is Outcome.EXPIRED])
def test_what_ended_since_it_was_tried_is_not_used_up(owner: User, how: Callable[[Sms], dict[str, object]]) -> None:
    sms = sent(owner)
    code = codes.Sent(sms)
    assert code.claim() is None
    Sms.objects.filter(pk=sms.pk).update(**how(sms))
    assert not code.use_up("")


@pytest.mark.parametrize(("length", "is_read"), [(40, True), (41, False)])
def test_of_what_was_typed_forty_characters_are_looked_at(length: int, *, is_read: bool) -> None:
    assert guesses.normalised("123456".rjust(length)) == ("123456" if is_read else None)


def test_a_wrong_code_is_one_accounts(owner: User, other: User) -> None:
    User.objects.filter(pk=other.pk).update(wrong_codes=7)
    code = codes.Sent(sent(owner))
    for _ in range(4):
        assert guesses.check(owner, "000000", code) is Outcome.WRONG
    assert dict(User.objects.values_list("pk", "wrong_codes")) == {owner.pk: 4, other.pk: 7}
    guesses.FORGIVE.run(owner.pk)
    assert dict(User.objects.values_list("pk", "wrong_codes")) == {owner.pk: 0, other.pk: 7}


def test_a_pause_that_the_office_has_ended_is_over_for_who_read_it(owner: User) -> None:
    asking = Asking(owner)
    code = asking.code()
    User.objects.filter(pk=owner.pk).update(codes_paused_until=timezone.now() + HOUR)
    owner.refresh_from_db()
    assert guesses.end_pause(User.objects.get(pk=owner.pk))
    assert asking.enter(code) is Outcome.RIGHT


def test_a_pause_is_over_at_its_end(owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(codes_paused_until=timezone.now())
    owner.refresh_from_db()
    assert codes.outlook(owner, MINE, Purpose.SIGN_IN, [], address="192.0.2.1") is None
    assert Asking(owner).ask().sms


def test_after_a_pause_the_count_begins_anew(owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(wrong_codes=20, codes_paused_until=timezone.now())
    assert guesses.claim_of_account(owner) == timezone.now() + HOUR
    row = User.objects.get(pk=owner.pk)
    assert (row.wrong_codes, row.codes_paused_until) == (1, None)
