"""Exemptions from two-step, which end by themselves."""

from datetime import timedelta

import pytest
import time_machine

from accounts.log.models import SecurityEvent
from accounts.rollouts import exemptions, rollouts
from accounts.rollouts.models import Exemption, RolloutMember
from tests.kit.people import Person
from tests.kit.plans import carried_out, dates, in_days


def test_an_exception_outlasts_rollouts_and_ends_by_itself(
    lisi: Person, clerk: Person, clock: time_machine.Traveller
) -> None:
    assert clerk.user
    assert lisi.user
    exemptions.make(lisi.user, in_days(10), "abroad", actor=clerk.user)
    row = carried_out(clerk.user, in_days(1), people=[lisi.user.pk])
    assert RolloutMember.objects.get(rollout=row).fate == "exempt"
    clock.shift(timedelta(days=10, seconds=-1))
    assert lisi.enter_password().headers["Location"] == "/"
    clock.shift(timedelta(seconds=1))
    assert lisi.get("/").headers["Location"] == "/sign-in/phone/"


def test_for_somebody_whose_two_step_is_on_it_goes_off(wangwu: Person, clerk: Person) -> None:
    assert clerk.user
    assert wangwu.user
    before = wangwu.user.two_step_from
    exemption = exemptions.make(wangwu.user, in_days(10), "lost phone", actor=clerk.user)
    wangwu.user.refresh_from_db()
    assert not wangwu.user.two_step_is_on()
    assert SecurityEvent.objects.get(kind="exempted").detail["reason"] == "lost phone"
    assert exemptions.end(exemption, actor=clerk.user)
    assert dates([wangwu.user]) == [before]
    assert not exemptions.end(exemption, actor=clerk.user)


def test_ended_early_it_leaves_what_rollouts_meant(lisi: Person, clerk: Person) -> None:
    assert clerk.user
    assert lisi.user
    exemption = exemptions.make(lisi.user, in_days(50), "abroad", actor=clerk.user)
    first = carried_out(clerk.user, in_days(20), people=[lisi.user.pk])
    second = carried_out(clerk.user, in_days(10), people=[lisi.user.pk])
    rollouts.cancel(second, clerk.user)
    exemption = exemptions.make(lisi.user, in_days(60), "still abroad", actor=clerk.user)
    assert exemptions.end(exemption, actor=clerk.user)
    assert dates([lisi.user]) == [first.start]


def test_a_rollout_after_the_exception_changes_nothing(lisi: Person, clerk: Person) -> None:
    assert clerk.user
    assert lisi.user
    until = in_days(10)
    exemptions.make(lisi.user, until, "abroad", actor=clerk.user)
    carried_out(clerk.user, in_days(20), people=[lisi.user.pk])
    assert dates([lisi.user]) == [until]


def test_off_and_exempt_only_with_a_reason(lisi: Person, wangwu: Person, clerk: Person) -> None:
    assert clerk.user
    assert lisi.user
    assert wangwu.user
    with pytest.raises(exemptions.NoReason):
        exemptions.make(lisi.user, in_days(3), "  ", actor=clerk.user)
    with pytest.raises(exemptions.NoReason):
        exemptions.switch_off(wangwu.user, "", actor=clerk.user)
    assert not Exemption.objects.exists()
    assert exemptions.switch_off(wangwu.user, "left the institution", actor=clerk.user)
    assert not exemptions.switch_off(wangwu.user, "again", actor=clerk.user)
    assert dates([wangwu.user]) == [None]
    event = SecurityEvent.objects.get(kind="two_step_off")
    assert (event.user, event.actor, event.detail) == (wangwu.user, clerk.user, {"reason": "left the institution"})


def test_the_owner_is_told_that_it_is_off(
    wangwu: Person, clerk: Person, mailoutbox: list[object], django_capture_on_commit_callbacks: object
) -> None:
    assert clerk.user
    assert wangwu.user
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        exemptions.switch_off(wangwu.user, "a reason", actor=clerk.user)
        exemptions.make(wangwu.user, in_days(3), "another reason", actor=clerk.user)
    off, exempted = mailoutbox
    assert "a reason" in off.body  # type: ignore[attr-defined]
    assert "another reason" in exempted.body  # type: ignore[attr-defined]
