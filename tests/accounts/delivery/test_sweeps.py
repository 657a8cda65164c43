"""What no worker took, or took and dropped: queued again, or reported."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.test import TestCase
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.delivery import notices, sweeps, tasks
from accounts.delivery.gateways import memory
from accounts.delivery.models import Mail, Sms
from accounts.log.models import SecurityEvent
from accounts.routes.tasks import send_sms
from accounts.users.models import User
from tests.kit.gateways import UnsteadyGateway
from tests.kit.outgoing import after, make_sms
from tests.kit.people import Person


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that the queue was given, in a queue that no worker comes to."""
    rows: list[int] = []
    monkeypatch.setattr(send_sms, "apply_async", lambda args, *_, **__: rows.extend(args))
    return rows


@pytest.fixture
def no_broker() -> Iterator[pytest.MonkeyPatch]:
    """The queue refuses whatever it is given, until this is undone."""

    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("Connection refused")

    with pytest.MonkeyPatch.context() as patch:
        for task in (send_sms, tasks.send_mail):
            patch.setattr(task, "apply_async", refuse)
        yield patch


def test_what_the_queue_did_not_take_is_swept(wangwu: Person, no_broker: pytest.MonkeyPatch) -> None:
    wangwu.enter_password()
    assert Sms.objects.get().status == "delayed"
    assert "but late" in wangwu.get("/sign-in/code/", headers={"accept-language": "en"}).content.decode()
    for seconds in (5, 10, 15, 20):
        with after(seconds):
            tasks.sweep()
    assert not memory.outbox
    no_broker.undo()
    with after(20):
        tasks.sweep()  # the first that comes through
    assert (Sms.objects.get().status, len(memory.outbox)) == ("sent", 1)
    wangwu.enter_code()
    assert wangwu.is_in()


def test_a_sweep_that_meets_no_queue_stops_at_once(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a frozen broker every try costs seconds."""
    asked = []

    def refuse(*_: object, **message: object) -> None:
        asked.append(message)
        raise OperationalError("Timeout reading from socket")

    monkeypatch.setattr(send_sms, "apply_async", refuse)
    for _ in range(5):
        make_sms(user)
    with after(6):
        tasks.sweep()
    assert len(asked) == 1


def test_the_sweep_leaves_the_queue_its_chance(user: User, gateway: UnsteadyGateway) -> None:
    make_sms(user)
    with after(1.9):
        tasks.sweep()
        assert gateway.asked == 0
    with after(2):
        tasks.sweep()
    assert gateway.asked == 1


def test_a_long_queue_is_not_made_longer(user: User, published: list[int]) -> None:
    """Five minutes in which no worker comes to it, a sweep each second."""
    make_sms(user, expires_at=timezone.now() + timedelta(minutes=10))
    for seconds in range(1, 301):
        with after(seconds):
            tasks.sweep()
    assert 3 <= len(published) <= 8


def test_after_a_queue_that_was_away_nobody_waits_as_long_again(
    user: User, published: list[int], no_broker: pytest.MonkeyPatch
) -> None:
    make_sms(user, expires_at=timezone.now() + timedelta(minutes=10))
    for seconds in range(1, 200):
        with after(seconds):
            tasks.sweep()
    assert not published
    no_broker.undo()
    for seconds in (200, 201):
        with after(seconds):
            tasks.sweep()
    assert len(published) == 1


def test_two_sweeps_share_the_rows(user: User) -> None:
    rows = {make_sms(user).pk for _ in range(4)}
    with after(6):
        first, second = sweeps.unclaimed(), sweeps.unclaimed()
        taken = [next(first).pk, next(second).pk, *(row.pk for row in first), *(row.pk for row in second)]
    assert sorted(taken) == sorted(rows)


def test_a_claim_whose_worker_died_before_it_asked_a_gateway_waits_again(user: User, gateway: UnsteadyGateway) -> None:
    sms = make_sms(user, status="claimed", claimed_at=timezone.now())
    with after(4):
        tasks.sweep()
        sms.refresh_from_db()
        assert sms.status == "claimed"
    with after(6):
        tasks.sweep()
        sms.refresh_from_db()
        assert (sms.status, gateway.asked) == ("sent", 1)


def test_a_claim_whose_worker_asks_a_gateway_is_left_to_it(user: User, gateway: UnsteadyGateway) -> None:
    now = timezone.now()
    sms = make_sms(user, status="claimed", claimed_at=now)
    sms.attempts.create(gateway="memory", outcome="claimed", started_at=now)
    with after(29):
        tasks.sweep()
    sms.refresh_from_db()
    assert (sms.status, gateway.asked) == ("claimed", 0)


@pytest.mark.parametrize(
    ("outcome", "status"), [("not_sent", "sent"), ("refused", "sent"), ("claimed", "unknown"), ("unknown", "unknown")]
)
def test_what_a_gateway_may_have_is_reported_and_not_sent_again(
    user: User, gateway: UnsteadyGateway, outcome: str, status: str
) -> None:
    now = timezone.now()
    sms = make_sms(user, status="claimed", claimed_at=now)
    sms.attempts.create(gateway="memory", outcome=outcome, started_at=now)
    with after(31):
        tasks.sweep()
        sms.refresh_from_db()
        assert (sms.status, gateway.asked) == (status, int(status == "sent"))


def test_a_mail_whose_worker_died_is_reported(user: User, mailoutbox: list[Any]) -> None:
    event = SecurityEvent.objects.create(kind=SecurityEvent.Kind.PHONE_BOUND, user=user, detail={"number": "138****"})
    mail = Mail.objects.create(
        user=user, event=event, language="en", status="claimed", claimed_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    with after(31):
        tasks.sweep()
    mail.refresh_from_db()
    assert (mail.status, mail.error, mailoutbox) == ("unknown", "worker lost", [])


def test_a_claim_outlives_every_task_that_still_runs() -> None:
    assert timedelta(seconds=site.CELERY_TASK_TIME_LIMIT) < site.SMS_LOST_AFTER
    assert site.CELERY_BROKER_TRANSPORT_OPTIONS.get("visibility_timeout", 120) > site.CELERY_TASK_TIME_LIMIT


def test_a_mail_is_swept_like_an_sms(user: User, mailoutbox: list[Any], no_broker: pytest.MonkeyPatch) -> None:
    event = SecurityEvent.objects.create(kind=SecurityEvent.Kind.PHONE_BOUND, user=user, detail={"number": "138****"})
    with TestCase.captureOnCommitCallbacks(execute=True):
        notices.by_mail(user, event)
    mail = Mail.objects.get()
    assert mail.status == "delayed"
    no_broker.undo()
    for seconds in (5, 10, 15, 20):
        with after(seconds):
            tasks.sweep()
    mail.refresh_from_db()
    assert (mail.status, len(mailoutbox)) == ("sent", 1)
