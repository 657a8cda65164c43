"""Phones that are bound, changed and unbound at once from four processes, and SMS that many workers hold at once."""

from collections import Counter

import pytest
from django.conf import settings

from accounts.delivery.models import Mail, Sms
from accounts.log.models import SecurityEvent
from accounts.phones.models import Phone
from tests.kit.crowd import Crowd
from tests.kit.newcomers import Newcomer

pytestmark = [pytest.mark.slow, pytest.mark.share(2)]

ROUNDS = 5
Kind = SecurityEvent.Kind


def events(kind: SecurityEvent.Kind, owner: Newcomer) -> int:
    return SecurityEvent.objects.filter(kind=kind, user=owner.user).count()


def test_a_number_serves_no_more_mailboxes_than_it_may(crowd: Crowd) -> None:
    room = settings.MAILBOXES_PER_PHONE
    for _ in range(ROUNDS):
        people = [Newcomer() for _ in range(24)]
        number = people[0].number
        calls = [{"user": person.user.pk, "number": number} for person in people]
        assert Counter(crowd.rush("bind", calls)) == {"DONE": room, "NUMBER_FULL": 24 - room}
        assert Phone.objects.filter(number=number).count() == room


def test_a_person_has_one_phone(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        people = [Newcomer() for _ in range(24)]
        owner = people[0]
        calls = [{"user": owner.user.pk, "number": person.number} for person in people]
        assert Counter(crowd.rush("bind", calls)) == {"DONE": 1, "ALREADY_BOUND": 23}
        assert Phone.objects.filter(user=owner.user).count() == 1
        assert events(Kind.PHONE_BOUND, owner) == 1
        assert Mail.objects.filter(user=owner.user).count() == 1


def test_a_phone_is_changed_once(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        people = [Newcomer() for _ in range(24)]
        owner = people[0]
        held = {"pk": owner.bind().pk, "number": owner.number, "user": owner.user.pk}
        before = crowd.sms()
        calls = [{"phone": held, "number": person.number} for person in people[1:]]
        assert Counter(crowd.rush("change", calls)) == {"DONE": 1, "GONE": 22}
        assert Phone.objects.filter(user=owner.user).count() == 1
        assert events(Kind.PHONE_CHANGED, owner) == 1
        assert crowd.sms() == before + 1  # the old number is told once


def test_a_phone_is_unbound_once(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        owner = Newcomer()
        held = {"pk": owner.bind().pk, "number": owner.number, "user": owner.user.pk}
        before = crowd.sms()
        assert Counter(crowd.rush("unbind", [{"phone": held}] * 24)) == {"DONE": 1, "GONE": 23}
        assert not Phone.objects.filter(user=owner.user).exists()
        assert events(Kind.PHONE_UNBOUND, owner) == 1
        assert crowd.sms() == before + 1


@pytest.mark.bypass("row 43: celery#7918")
def test_an_sms_that_ten_workers_hold_is_sent_once(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        rows = [Newcomer().sms() for _ in range(4)]
        before = crowd.sms()
        crowd.rush("deliver", [{"sms": row.pk} for row in rows for _ in range(10)])
        assert crowd.sms() == before + len(rows)
        for row in Sms.objects.filter(pk__in=[row.pk for row in rows]):
            assert (row.status, row.tried) == (Sms.Status.SENT, 1)


@pytest.mark.bypass("row 43: celery#7918")
def test_a_row_that_nobody_claimed_is_given_to_one_sweep(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        owner = Newcomer()
        waiting = {owner.sms(f"session {number}").pk for number in range(5)}
        swept = Counter(pk for pks in crowd.rush("sweep", [{}] * 12) for pk in pks)
        assert {swept[pk] for pk in waiting} == {1}
