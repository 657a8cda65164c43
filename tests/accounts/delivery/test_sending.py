"""From the row to the gateway: claim, send, try again, give up, forget."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as site
from django.test import TestCase
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.codes import codes, guesses
from accounts.delivery import notices, sweeps, tasks
from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected
from accounts.delivery.gateways import memory
from accounts.delivery.gateways.message import Message
from accounts.delivery.models import Delivery, Mail, Sms
from accounts.log.models import SecurityEvent
from accounts.rollouts.models import ReminderMail
from accounts.routes.tasks import send_sms
from accounts.users.models import User
from tests.kit.outgoing import after, make_sms
from tests.kit.people import Person, code_from_phone

NUMBER = "+8613800138000"


@pytest.fixture
def user(wangwu: Person) -> User:
    assert wangwu.user
    return wangwu.user


class Gateway:
    """Fails as told, then works."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.asked = 0

    def send(self, message: Message, name: str) -> str:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return memory.send(message)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    gateway = Gateway()
    monkeypatch.setattr("accounts.delivery.gateways.send", gateway.send)
    return gateway


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


def test_whatever_is_delivered_hands_itself_over_through_a_queue_of_its_own() -> None:
    assert set(sweeps.kinds()) >= {Sms, Mail, ReminderMail}
    for model in sweeps.kinds():
        assert model is Sms or model.hand_over is not Delivery.hand_over, model
        assert site.CELERY_TASK_ROUTES[model.TASK]["queue"] in ("sms", "mail"), "behind long work it would wait"


def test_ten_deliveries_of_one_task_send_one_sms(user: User, gateway: Gateway) -> None:
    sms = make_sms(user)
    for _ in range(10):
        send_sms.delay(sms.pk)
    assert gateway.asked == len(memory.outbox) == 1


@pytest.mark.parametrize("status", ["claimed", "sent", "delivered", "failed", "unknown"])
def test_only_what_waits_is_sent(user: User, gateway: Gateway, status: str) -> None:
    sms = make_sms(user, status=status)
    send_sms.delay(sms.pk)
    sms.refresh_from_db()
    assert (gateway.asked, sms.status) == (0, status)


@pytest.mark.parametrize("field", ["voided_at", "used_at"])
def test_a_code_that_counts_no_more_is_not_sent(user: User, gateway: Gateway, field: str) -> None:
    sms = make_sms(user, sweep_at=timezone.now() - timedelta(seconds=1), **{field: timezone.now()})
    send_sms.delay(sms.pk)
    tasks.sweep()
    assert gateway.asked == 0


def test_a_code_that_has_expired_is_not_sent(user: User, gateway: Gateway) -> None:
    sms = make_sms(user)
    with after(301):
        send_sms.delay(sms.pk)
        tasks.sweep()
        sms.refresh_from_db()
        assert (gateway.asked, sms.status, sms.reason) == (0, "failed", "late")


def test_a_row_that_is_gone(user: User, gateway: Gateway) -> None:
    send_sms.delay(12345)
    assert gateway.asked == 0


@pytest.mark.parametrize(
    ("error", "story"),
    [
        (RecipientRejected("bad"), ("failed", "number", "bad")),
        (ConfigurationRejected("no right"), ("failed", "office", "no right")),
        (OutcomeUnknown("time-out"), ("unknown", "", "time-out")),
        (RuntimeError("with 123456 in it"), ("unknown", "", "RuntimeError")),
    ],
)
def test_what_ends_the_story(user: User, gateway: Gateway, error: Exception, story: tuple[str, str, str]) -> None:
    gateway.errors = [error]
    sms = make_sms(user)
    send_sms.delay(sms.pk)
    for seconds in range(0, 400, 20):
        with after(seconds):
            tasks.sweep()
    sms.refresh_from_db()
    assert (sms.status, sms.reason, sms.error) == story
    assert gateway.asked == 1


@pytest.mark.bypass("row 42: a secret in the words of an exception")
def test_the_words_of_an_unexpected_error_are_not_logged(
    user: User, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    gateway.errors = [RuntimeError("could not send 'Your code is 123456'")]
    send_sms.delay(make_sms(user).pk)
    assert "RuntimeError" in caplog.text
    assert "123456" not in caplog.text


def test_each_try_waits_longer(user: User, gateway: Gateway) -> None:
    """5, 10, 20, 40, 80, 160 s, and then every 5 minutes: a notice is worth sending for a day."""
    gateway.errors = [NotSent("refused")] * 8
    waits: list[float] = []
    start = timezone.now()
    sms = make_sms(user, purpose=Sms.Purpose.NOTICE_CHANGED, nonce="", expires_at=start + site.SMS_NOTICE_LIFETIME)
    now = start
    while len(waits) < 8:
        with time_machine.travel(now, tick=False):
            send_sms.delay(sms.pk)
            sms.refresh_from_db()
            assert (sms.status, sms.error) == ("delayed", "refused")
            waits.append((sms.sweep_at - now).total_seconds())
            now = sms.sweep_at
        with time_machine.travel(now - timedelta(seconds=1), tick=False):
            asked = gateway.asked
            tasks.sweep()
            assert gateway.asked == asked, "swept too early"
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]
    with time_machine.travel(now, tick=False):
        tasks.sweep()
    sms.refresh_from_db()
    assert (sms.status, len(memory.outbox)) == ("sent", 1)


def test_the_gateway_says_when_to_try_again(user: User, gateway: Gateway) -> None:
    gateway.errors = [NotSent("throttled", retry_after=timedelta(seconds=90))]
    sms = make_sms(user)
    send_sms.delay(sms.pk)
    with after(89):
        tasks.sweep()
        assert gateway.asked == 1
    with after(90):
        tasks.sweep()
    assert gateway.asked == 2


def test_a_wait_that_outlives_the_code_is_told_at_once(user: User, gateway: Gateway) -> None:
    """A provider's limit for a number and an hour: nobody looks at "later than usual" until the code is dead."""
    gateway.errors = [NotSent("isv.BUSINESS_LIMIT_CONTROL", retry_after=timedelta(hours=1))]
    sms = make_sms(user)
    send_sms.delay(sms.pk)
    sms.refresh_from_db()
    assert (sms.status, sms.reason, sms.error) == ("failed", "late", "isv.BUSINESS_LIMIT_CONTROL")


def test_what_the_queue_did_not_take_is_swept(wangwu: Person, no_broker: pytest.MonkeyPatch) -> None:
    wangwu.enter_password()
    assert Sms.objects.get().status == "delayed"
    assert "but late" in wangwu.get("/sign-in/code/", headers={"accept-language": "en"}).content.decode()
    for seconds in (5, 10, 15, 20):
        with after(seconds):
            tasks.sweep()
    assert not memory.outbox
    no_broker.undo()
    for seconds in (30, 40, 50):
        with after(seconds):
            tasks.sweep()
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


def test_the_sweep_leaves_the_queue_its_chance(user: User, gateway: Gateway) -> None:
    make_sms(user)
    with after(4.9):
        tasks.sweep()
        assert gateway.asked == 0
    with after(5):
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
    for seconds in range(200, 206):
        with after(seconds):
            tasks.sweep()
    assert len(published) == 1


def test_two_sweeps_share_the_rows(user: User) -> None:
    rows = {make_sms(user).pk for _ in range(4)}
    with after(6):
        first, second = sweeps.unclaimed(), sweeps.unclaimed()
        taken = [next(first).pk, next(second).pk, *(row.pk for row in first), *(row.pk for row in second)]
    assert sorted(taken) == sorted(rows)


def test_a_claim_whose_worker_died_before_it_asked_a_gateway_waits_again(user: User, gateway: Gateway) -> None:
    sms = make_sms(user, status="claimed", claimed_at=timezone.now())
    with after(29):
        tasks.sweep()
        sms.refresh_from_db()
        assert sms.status == "claimed"
    with after(31):
        tasks.sweep()
        sms.refresh_from_db()
        assert (sms.status, gateway.asked) == ("sent", 1)


@pytest.mark.parametrize(
    ("outcome", "status"), [("not_sent", "sent"), ("refused", "sent"), ("claimed", "unknown"), ("unknown", "unknown")]
)
def test_what_a_gateway_may_have_is_reported_and_not_sent_again(
    user: User, gateway: Gateway, outcome: str, status: str
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


def test_the_code_that_is_sent_is_the_one_that_is_checked(wangwu: Person) -> None:
    wangwu.enter_password()
    first = code_from_phone()
    tasks.sweep()
    assert code_from_phone() == first
    wangwu.enter_code()
    assert wangwu.is_in()


@pytest.mark.bypass("row 11: a clock that is set back")
def test_a_code_from_the_future_stays_dead_when_the_clock_catches_up(user: User) -> None:
    """The clock was an hour fast when the code was asked for. A sweep comes by before it is noon again."""
    now = timezone.now()
    with time_machine.travel(now + timedelta(hours=1), tick=False):
        issued = codes.issue(user, NUMBER, Sms.Purpose.CONFIRM, "s" * 32, address="192.0.2.1", language="en")
        assert issued.sms
        digits = issued.sms.digits()
    with time_machine.travel(now, tick=False):
        list(sweeps.unclaimed())
    with time_machine.travel(now + timedelta(hours=1), tick=False):
        outcome = codes.check(user, NUMBER, Sms.Purpose.CONFIRM, "s" * 32, digits)
    assert outcome is guesses.Outcome.EXPIRED
