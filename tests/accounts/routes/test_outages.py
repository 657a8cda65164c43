"""Gateways that do not work are left out, and found again; those that are switched off are not asked."""

import logging
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery import sweeps
from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown
from accounts.delivery.models import Sms
from accounts.routes import outages, switches, tasks
from accounts.routes.models import ALL, Outage
from accounts.users.models import User
from tests.kit.gateways import NAMES, A, B, Gateways
from tests.kit.outgoing import make_sms

AWAY, HANGS, REFUSED = NotSent("ConnectTimeout"), OutcomeUnknown("ReadTimeout"), ConfigurationRejected("balance")
BUSY = NotSent("throttled", retry_after=timedelta(minutes=1))


class Senders:
    """SMS to one number after the other."""

    def __init__(self, user: User, gateways: Gateways) -> None:
        self.user, self.gateways, self.count = user, gateways, 0

    def send(self, times: int = 1, number: str = "", **fields: object) -> list[str]:
        """Who was asked."""
        before = len(self.gateways.asked)
        for _time in range(times):
            self.count += 1
            sms = make_sms(self.user, **fields)
            Sms.objects.filter(pk=sms.pk).update(number=number or f"+86138001{self.count:05}")
            tasks.send_sms(sms.pk)
        return self.gateways.asked[before:]


@pytest.fixture
def senders(user: User, gateways: Gateways) -> Senders:
    return Senders(user, gateways)


@pytest.mark.parametrize(("error", "asked"), [(AWAY, [A, B]), (HANGS, [A])], ids=["refuses", "hangs"])
def test_left_out_after_so_many_numbers(
    senders: Senders, gateways: Gateways, caplog: pytest.LogCaptureFixture, error: Exception, asked: list[str]
) -> None:
    gateways.fail(A, error, for_good=True)
    with caplog.at_level(logging.ERROR):
        assert senders.send(5) == asked * 5
        assert senders.send(20) == [B] * 20
    told = [record for record in caplog.records if "left out" in record.getMessage()]
    assert len(told) == 1, "the office is told once"


def test_the_trouble_of_one_number_shuts_out_nobody(senders: Senders, gateways: Gateways) -> None:
    gateways.fail(A, AWAY, for_good=True)
    assert senders.send(30, number="+8613900139000") == [A, B] * 30


def test_one_success_in_between_and_it_is_no_outage(senders: Senders, gateways: Gateways) -> None:
    for _time in range(5):
        gateways.fail(A, AWAY, AWAY, AWAY, AWAY)
        senders.send(5)
    assert not Outage.objects.exists()


def test_one_sms_tries_it_later_each_time_until_it_works(
    senders: Senders, gateways: Gateways, clock: time_machine.Traveller, settings: Settings
) -> None:
    settings.SMS_OUTAGE_REST = timedelta(seconds=30)
    gateways.fail(A, AWAY, for_good=True)
    senders.send(5)
    clock.shift(timedelta(seconds=29))
    assert senders.send(3) == [B] * 3
    clock.shift(timedelta(seconds=1))
    assert senders.send(3) == [A, B, B, B], "one tries, and goes to the next at once"
    clock.shift(timedelta(seconds=30))
    assert senders.send(2) == [A, B, B]
    clock.shift(timedelta(seconds=59))
    assert senders.send(2) == [B, B], "the next time it is twice as long"
    gateways.mend(A)
    clock.shift(timedelta(seconds=1))
    assert senders.send(3) == [A] * 3
    assert not Outage.objects.filter(ended_at=None).exists()


def test_a_clock_that_was_off_keeps_no_gateway_out_for_long(
    senders: Senders, gateways: Gateways, clock: time_machine.Traveller
) -> None:
    clock.shift(timedelta(days=3))
    gateways.fail(A, AWAY, for_good=True)
    senders.send(5)
    gateways.mend(A)
    clock.shift(timedelta(days=-3))
    assert senders.send(1) == [A]


def test_who_refuses_to_work_for_us_is_out_at_once_for_that_only(
    senders: Senders, gateways: Gateways, caplog: pytest.LogCaptureFixture, clock: time_machine.Traveller
) -> None:
    gateways.fail(A, REFUSED)
    with caplog.at_level(logging.ERROR):
        assert senders.send(3) == [A, B, B, B]
    assert len([record for record in caplog.records if "refuses to work" in record.getMessage()]) == 1
    assert senders.send(1, number="+85291234567") == [A], "of another country"
    assert senders.send(1, purpose=Sms.Purpose.BIND) == [A], "of another template"
    clock.shift(timedelta(seconds=2))
    assert senders.send(2) == [A, A]


def test_short_trouble_keeps_nobody_waiting_for_long(
    senders: Senders, gateways: Gateways, clock: time_machine.Traveller
) -> None:
    """What waited longer each time goes out with the next sweep, once it works."""
    for name in NAMES:
        gateways.fail(name, AWAY, for_good=True)
    senders.send(5)
    waiting = list(Sms.objects.values_list("pk", flat=True))
    for _time in range(3):
        for pk in waiting:
            Sms.objects.filter(pk=pk).update(sweep_at=timezone.now())
            tasks.send_sms(pk)
    assert not [row.pk for row in sweeps.unclaimed() if row.pk in waiting], "each waits for longer now"
    for name in NAMES:
        gateways.mend(name)
    clock.shift(timedelta(seconds=3))
    assert senders.send(1) == [A]
    assert {row.pk for row in sweeps.unclaimed()} >= set(waiting)


def test_what_waits_as_a_gateway_said_goes_on_waiting(
    senders: Senders, gateways: Gateways, clock: time_machine.Traveller
) -> None:
    for name in NAMES:
        gateways.fail(name, BUSY)
    senders.send(1)
    busy = Sms.objects.get()
    for name in NAMES:
        gateways.fail(name, AWAY, for_good=True)
    senders.send(6)
    for name in NAMES:
        gateways.mend(name)
    clock.shift(timedelta(seconds=3))
    assert senders.send(1) == [A]
    assert busy.pk not in {row.pk for row in sweeps.unclaimed()}


def test_an_outage_of_all_costs_no_call(senders: Senders, gateways: Gateways) -> None:
    for name in NAMES:
        gateways.fail(name, REFUSED, for_good=True)
    senders.send(1)
    assert senders.send(5) == []
    assert set(Sms.objects.values_list("status", "reason", "error")) == {("failed", "office", "balance")}


# --- Switches ---------------------------------------------------------------------------------------------------------


def switch(name: str, by: User, *, on: bool) -> bool:
    return switches.switch(name, on=on, reason="test", by=by, address="192.0.2.1")


def test_off_holds_for_the_next_sms(senders: Senders, gateways: Gateways, user: User) -> None:
    assert switch(A, user, on=False)
    assert not switch(A, user, on=False), "it was off"
    assert senders.send(2) == [B, B]
    assert switch(ALL, user, on=False)
    assert senders.send(2) == []
    assert list(Sms.objects.values_list("status", "error")[:2]) == [("delayed", "switched off")] * 2
    assert switch(ALL, user, on=True)
    assert senders.send(1) == [B]


def test_on_again_it_is_asked_at_once(senders: Senders, gateways: Gateways, user: User) -> None:
    gateways.fail(A, REFUSED)
    senders.send(1)
    switch(A, user, on=False)
    switch(A, user, on=True)
    assert senders.send(1) == [A]
    assert outages.current([A]) == {}
