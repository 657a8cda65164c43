"""Money, ranges of numbers, codes that nobody enters: what is refused, what it costs, and whom it does not meet."""

import logging
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.codes.limits import Refusal
from accounts.delivery.errors import NotSent, OutcomeUnknown
from accounts.delivery.gateways import memory
from accounts.delivery.models import Attempt, Sms
from accounts.routes import switches, tasks, watch
from accounts.routes.models import ALL, Spending
from portal.environment import routes
from tests.accounts.routes.conftest import gateways
from tests.conftest import MakeUser
from tests.kit.asking import Asking, Purpose
from tests.kit.gateways import NAMES, A, B, Gateways
from tests.kit.outgoing import make_sms
from tests.kit.people import Person

__all__ = ["gateways"]


def asked(make_user: MakeUser, name: str, number: str, purpose: Purpose = Purpose.BIND) -> Asking:
    return Asking(make_user(name), number, purpose)


# --- Budgets ----------------------------------------------------------------------------------------------------------


def test_the_budget_of_a_country(make_user: MakeUser, settings: Settings, clock: time_machine.Traveller) -> None:
    settings.SMS_BUDGETS = routes.budgets("852: 2", NAMES)
    for n in range(2):
        assert asked(make_user, f"hk{n}", f"+8529123456{n}").ask().sms
    refused = asked(make_user, "hk2", "+85291234569").ask()
    assert refused.refusal is Refusal.BUDGET
    assert refused.again_at
    assert timezone.localtime(refused.again_at).hour == 0, "when the next day begins"
    assert asked(make_user, "cn", "+8613812345678").ask().sms, "another country"
    assert len(memory.outbox) == 3
    clock.shift(timedelta(days=1))
    assert asked(make_user, "hk3", "+85291234568").ask().sms


def test_a_gateway_whose_budget_is_spent_is_not_asked(
    make_user: MakeUser, gateways: Gateways, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SMS_PRICES = routes.prices(f"{A}: 0.045; {A} 852: 0.3; {B}: 0.1", NAMES)
    settings.SMS_BUDGETS = routes.budgets(f"{A}: 0.1 money; {B}: 1", NAMES)
    for n in range(4):
        asked(make_user, f"p{n}", f"+861381234567{n}").ask()
    assert gateways.asked == [A, A, B, "memory"]
    assert "A budget of SMS is spent for today: twilio" in caplog.text
    assert list(Attempt.objects.order_by("pk").values_list("price", flat=True)) == [450, 450, 1000, 0]
    assert Spending.objects.get(of=A).money == 900


def spent() -> dict[str, tuple[int, int]]:
    return {row.of: (row.messages, row.money) for row in Spending.objects.all()}


def test_what_was_certainly_not_sent_costs_nothing(make_user: MakeUser, gateways: Gateways, settings: Settings) -> None:
    settings.SMS_PRICES = routes.prices(f"{A}: 0.05; {B}: 0.05", NAMES)
    settings.SMS_BUDGETS = routes.budgets(f"{A}: 9; {B}: 9; 86: 9; *: 9", NAMES)
    gateways.fail(A, NotSent("away"), OutcomeUnknown("time-out"))
    for n in range(2):
        asked(make_user, f"p{n}", f"+861381234567{n}").ask()
    assert spent() == {A: (1, 500), B: (1, 500), "+86": (2, 1000), "*": (2, 1000)}


def test_a_budget_that_is_set_in_the_middle_of_a_day_counts_the_day(
    make_user: MakeUser, gateways: Gateways, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.SMS_PRICES = routes.prices(f"{A}: 0.05; {B}: 0.05", NAMES)
    asked(make_user, "yesterday", "+8613812345670").ask()
    clock.shift(timedelta(days=1))
    gateways.fail(A, NotSent("away"))
    for n in range(1, 4):
        asked(make_user, f"p{n}", f"+861381234567{n}").ask()
    asked(make_user, "hk", "+85291234567").ask()
    assert spent() == {}, "nobody waits for a count that nobody needs"
    settings.SMS_BUDGETS = routes.budgets(f"{A}: 9; {B}: 9; 86: 4; *: 9", NAMES)
    assert asked(make_user, "p4", "+8613812345674").ask().sms
    assert spent() == {A: (4, 2000), "+86": (4, 2000), "*": (5, 2500)}
    assert asked(make_user, "p5", "+8613812345675").ask().refusal is Refusal.BUDGET


def test_all_off_is_refused_and_costs_no_quota(make_user: MakeUser, gateways: Gateways, office: Person) -> None:
    assert office.user
    gateways.asked.clear()
    switches.switch(ALL, on=False, reason="flood", by=office.user, address="")
    asking = asked(make_user, "p", "+8613812345678")
    assert [asking.ask().refusal for _ in range(20)] == [Refusal.BUDGET] * 20
    assert gateways.asked == []
    switches.switch(ALL, on=True, reason="over", by=office.user, address="")
    assert asking.ask().sms


# --- Ranges -----------------------------------------------------------------------------------------------------------


@pytest.mark.bypass("row 14: SMS bombing")
def test_many_numbers_of_one_range(
    make_user: MakeUser, settings: Settings, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SMS_RANGE_LIMIT = 5
    strangers = [asked(make_user, f"s{n}", f"+861700000{n:04}") for n in range(7)]
    with caplog.at_level(logging.ERROR):
        answers = [stranger.ask() for stranger in strangers]
    assert [answer.refusal for answer in answers] == [None] * 5 + [Refusal.RANGE] * 2
    assert "+861700000****" in caplog.text
    assert answers[-1].again_at == timezone.now() + settings.SMS_RANGE_WITHIN
    assert len(memory.outbox) == 5
    assert asked(make_user, "x", "+8617000010000").ask().sms, "of the next range"
    clock.shift(timedelta(seconds=61))
    assert strangers[0].ask().sms, "no further number"
    clock.shift(settings.SMS_RANGE_WITHIN)
    assert strangers[6].ask().sms


def test_people_who_enter_their_codes_close_no_range(make_user: MakeUser, settings: Settings) -> None:
    """A campus whose numbers were bought together, on the day when all of them bind."""
    settings.SMS_RANGE_LIMIT = 3
    for n in range(12):
        person = Person(make_user(f"staff{n}"))
        person.enter_password()
        assert person.bind(f"1700000{n:04}").headers["Location"] == "/"


def test_codes_to_bound_phones_are_none_of_it(make_user: MakeUser, settings: Settings) -> None:
    settings.SMS_RANGE_LIMIT = 1
    for n in range(5):
        assert asked(make_user, f"p{n}", f"+861381234567{n}", Purpose.SIGN_IN).ask().sms


# --- Codes that nobody enters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("entered", "alarms"), [(10, 1), (20, 0)])
def test_the_office_is_told_if_few_codes_are_entered(
    wangwu: Person, caplog: pytest.LogCaptureFixture, clock: time_machine.Traveller, entered: int, alarms: int
) -> None:
    assert wangwu.user
    for n in range(60):
        used = timezone.now() if n < entered else None
        sms = make_sms(wangwu.user, status="sent", gateway="memory", used_at=used)
        Sms.objects.filter(pk=sms.pk).update(number=f"+861381234{n:04}")
    tasks.look()
    assert "only" not in caplog.text, "they may still be entered"
    clock.shift(timedelta(minutes=6))
    tasks.look()
    assert caplog.text.count(f"to 60 numbers; of these only {entered}") == alarms
    clock.shift(timedelta(hours=2))
    caplog.clear()
    watch.look()
    assert not caplog.records
