"""From the row to the gateway: claim, send, try again, give up, forget."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as site
from django.utils import timezone

from accounts.codes import codes, guesses
from accounts.delivery import sweeps, tasks
from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected
from accounts.delivery.gateways import memory
from accounts.delivery.models import Delivery, Mail, Sms
from accounts.rollouts.models import ReminderMail
from accounts.routes.tasks import send_sms
from accounts.users.models import User
from tests.kit.gateways import UnsteadyGateway
from tests.kit.outgoing import after, make_sms
from tests.kit.people import Person, code_from_phone

NUMBER = "+8613800138000"


def test_whatever_is_delivered_hands_itself_over_through_a_queue_of_its_own() -> None:
    assert set(sweeps.kinds()) >= {Sms, Mail, ReminderMail}
    for model in sweeps.kinds():
        assert model is Sms or model.hand_over is not Delivery.hand_over, model
        assert site.CELERY_TASK_ROUTES[model.TASK]["queue"] in ("sms", "mail"), "behind long work it would wait"


def test_ten_deliveries_of_one_task_send_one_sms(user: User, gateway: UnsteadyGateway) -> None:
    sms = make_sms(user)
    for _ in range(10):
        send_sms.delay(sms.pk)
    assert gateway.asked == len(memory.outbox) == 1


@pytest.mark.parametrize("status", ["claimed", "sent", "delivered", "failed", "unknown"])
def test_only_what_waits_is_sent(user: User, gateway: UnsteadyGateway, status: str) -> None:
    sms = make_sms(user, status=status)
    send_sms.delay(sms.pk)
    sms.refresh_from_db()
    assert (gateway.asked, sms.status) == (0, status)


@pytest.mark.parametrize("field", ["voided_at", "used_at"])
def test_a_code_that_counts_no_more_is_not_sent(user: User, gateway: UnsteadyGateway, field: str) -> None:
    sms = make_sms(user, sweep_at=timezone.now() - timedelta(seconds=1), **{field: timezone.now()})
    send_sms.delay(sms.pk)
    tasks.sweep()
    assert gateway.asked == 0


def test_a_code_that_has_expired_is_not_sent(user: User, gateway: UnsteadyGateway) -> None:
    sms = make_sms(user)
    with after(301):
        send_sms.delay(sms.pk)
        tasks.sweep()
        sms.refresh_from_db()
        assert (gateway.asked, sms.status, sms.reason) == (0, "failed", "late")


def test_a_row_that_is_gone(user: User, gateway: UnsteadyGateway) -> None:
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
def test_what_ends_the_story(
    user: User, gateway: UnsteadyGateway, error: Exception, story: tuple[str, str, str]
) -> None:
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
    user: User, gateway: UnsteadyGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    gateway.errors = [RuntimeError("could not send 'Your code is 123456'")]
    send_sms.delay(make_sms(user).pk)
    assert "RuntimeError" in caplog.text
    assert "123456" not in caplog.text


def test_each_try_waits_longer(user: User, gateway: UnsteadyGateway) -> None:
    """Twice as long each time (2, 4, 8 s ...), and then every 5 minutes: a notice is worth sending for a day."""
    gateway.errors = [NotSent("refused")] * 10
    waits: list[float] = []
    start = timezone.now()
    sms = make_sms(user, purpose=Sms.Purpose.NOTICE_CHANGED, nonce="", expires_at=start + site.SMS_NOTICE_LIFETIME)
    now = start
    while len(waits) < 10:
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
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    with time_machine.travel(now, tick=False):
        tasks.sweep()
    sms.refresh_from_db()
    assert (sms.status, len(memory.outbox)) == ("sent", 1)


def test_the_gateway_says_when_to_try_again(user: User, gateway: UnsteadyGateway) -> None:
    gateway.errors = [NotSent("throttled", retry_after=timedelta(seconds=90))]
    sms = make_sms(user)
    send_sms.delay(sms.pk)
    with after(89):
        tasks.sweep()
        assert gateway.asked == 1
    with after(90):
        tasks.sweep()
    assert gateway.asked == 2


def test_a_wait_that_outlives_the_code_is_told_at_once(user: User, gateway: UnsteadyGateway) -> None:
    """A provider's limit for a number and an hour: nobody looks at "later than usual" until the code is dead."""
    gateway.errors = [NotSent("isv.BUSINESS_LIMIT_CONTROL", retry_after=timedelta(hours=1))]
    sms = make_sms(user)
    send_sms.delay(sms.pk)
    sms.refresh_from_db()
    assert (sms.status, sms.reason, sms.error) == ("failed", "late", "isv.BUSINESS_LIMIT_CONTROL")


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
