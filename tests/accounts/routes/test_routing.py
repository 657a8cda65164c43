"""One SMS and several gateways: who is asked, in which order, and what is said of it."""

from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from pytest_django import Settings

from accounts.delivery import sending, sweeps
from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected
from accounts.delivery.gateways import memory
from accounts.delivery.models import Attempt, Sms
from accounts.routes import plans, routing, tasks
from accounts.users.models import User
from portal.environment import routes
from tests.kit.gateways import NAMES, A, B, C, Gateways
from tests.kit.outgoing import after, make_sms
from tests.kit.people import Person

AWAY, BUSY = NotSent("away"), NotSent("busy", retry_after=timedelta(seconds=77))
REFUSED, RECIPIENT, UNKNOWN = ConfigurationRejected("balance"), RecipientRejected("bad"), OutcomeUnknown("time-out")


def sent(user: User, **fields: Any) -> Sms:
    sms = make_sms(user, **fields)
    tasks.send_sms(sms.pk)
    sms.refresh_from_db()
    return sms


def sweep() -> None:
    for row in sweeps.unclaimed():
        tasks.send_sms(row.pk)


def story(sms: Sms) -> list[tuple[str, str, str]]:
    return list(sms.attempts.values_list("gateway", "outcome", "error"))


@pytest.mark.parametrize(
    ("error", "outcome"), [(AWAY, "not_sent"), (BUSY, "busy"), (REFUSED, "refused")], ids=["away", "busy", "refused"]
)
def test_the_next_gateway_is_asked_at_once(user: User, gateways: Gateways, error: Exception, outcome: str) -> None:
    gateways.fail(A, error)
    sms = sent(user)
    assert (sms.status, sms.gateway, sms.gateway_id) == ("sent", B, f"{B}-{sms.pk}")
    assert story(sms) == [(A, outcome, str(error)), (B, "sent", "")]
    assert memory.outbox[0].code == sms.digits()


@pytest.mark.parametrize(
    ("error", "status"), [(RECIPIENT, "failed"), (UNKNOWN, "unknown"), (RuntimeError(), "unknown")]
)
def test_what_may_be_sent_or_cannot_be_is_given_to_no_other(
    user: User, gateways: Gateways, error: Exception, status: str
) -> None:
    gateways.fail(A, error)
    sms = sent(user)
    for seconds in range(0, 300, 20):
        with after(seconds):
            sweep()
    sms.refresh_from_db()
    assert sms.status == status
    assert gateways.asked == [A]


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([AWAY, REFUSED, AWAY], ("delayed", "", "away")),
        ([REFUSED, REFUSED, REFUSED], ("failed", "office", "balance")),
        ([REFUSED, BUSY, REFUSED], ("delayed", "", "busy")),
    ],
)
def test_only_when_none_is_left_does_it_wait_or_fail(
    user: User, gateways: Gateways, errors: list[Exception], said: tuple[str, str, str]
) -> None:
    for name, error in zip(NAMES, errors, strict=True):
        gateways.fail(name, error)
    sms = sent(user)
    assert (sms.status, sms.reason, sms.error) == said
    assert gateways.asked == [A, B, C]


def test_what_waited_begins_anew_with_the_same_code(user: User, gateways: Gateways) -> None:
    for name in NAMES:
        gateways.fail(name, AWAY)
    sms = sent(user)
    with after(6):
        sweep()
    sms.refresh_from_db()
    assert (sms.status, sms.gateway) == ("sent", A)
    assert len(story(sms)) == 4
    assert [one.code for one in memory.outbox] == [sms.digits()]


def die_before_the_note(module: ModuleType, sms: Sms, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway has answered, and the worker is killed before this module writes down what."""

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(module, "_settle", killed)
        with pytest.raises(SystemExit):
            tasks.send_sms(sms.pk)


def test_a_worker_that_dies_between_answer_and_note_leaves_what_nobody_sends_again(
    user: User, gateways: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    sms = make_sms(user)
    die_before_the_note(routing, sms, monkeypatch)
    sms.refresh_from_db()
    assert (sms.status, story(sms)) == ("claimed", [(A, "claimed", "")])
    with after(31):
        sweep()
        tasks.send_sms(sms.pk)
    sms.refresh_from_db()
    assert (sms.status, story(sms)) == ("unknown", [(A, "unknown", "worker lost")])
    assert gateways.asked == [A]


def test_a_worker_that_dies_after_the_note_of_it_leaves_what_was_sent(
    user: User, gateways: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    sms = make_sms(user)
    die_before_the_note(sending, sms, monkeypatch)
    with after(31):
        sweep()
    sms.refresh_from_db()
    assert (sms.status, sms.gateway_id, sms.sent_at is None) == ("sent", f"{A}-{sms.pk}", False)
    assert gateways.asked == [A]


# --- Which gateways, in which order -----------------------------------------------------------------------------------


def planned(number: str, rules: str, settings: Settings) -> list[str]:
    settings.SMS_ROUTES = routes.routes(rules, NAMES)
    return plans.of(Sms(pk=1, number=number))


def test_by_country_and_carrier(gateways: Gateways, settings: Settings) -> None:
    rules = f"86 unicom: {C}; 86: {B} > {A}; *: {A}"
    assert planned("+8613012345678", rules, settings) == [C]
    assert planned("+8613812345678", rules, settings) == [B, A]
    assert planned("+85291234567", rules, settings) == [A]
    assert planned("+85291234567", f"86: {B}", settings) == [A, B, C], "what no rule is for takes all"


def test_by_weight_and_always_alike_for_one_sms(gateways: Gateways, settings: Settings) -> None:
    settings.SMS_ROUTES = routes.routes(f"86: {A}*3, {B} > {C}", NAMES)
    found = [plans.of(Sms(pk=pk, number="+8613812345678")) for pk in range(400)]
    assert {tuple(one) for one in found} == {(A, B, C), (B, A, C)}
    assert 240 < [one[0] for one in found].count(A) < 360
    assert found == [plans.of(Sms(pk=pk, number="+8613812345678")) for pk in range(400)]


# --- Another channel, and receipts ------------------------------------------------------------------------------------


def undelivered(sms: Sms, gateway: str = A) -> None:
    sending.note_receipt(sms.pk, f"{gateway}-{sms.pk}", Sms.Status.FAILED, "filtered", gateway=gateway)
    sms.refresh_from_db()


def test_what_did_not_arrive_goes_by_another_channel_once(user: User, gateways: Gateways) -> None:
    sms = sent(user)
    assert not routing.has_other(sms)
    undelivered(sms)
    assert sms.status == "failed"
    assert routing.again(sms)
    assert not routing.again(sms), "the button of a page that is out of date"
    tasks.send_sms(sms.pk)
    sms.refresh_from_db()
    assert (sms.status, sms.gateway) == ("sent", B)
    assert story(sms) == [(A, "failed", "filtered"), (B, "sent", "")]
    assert {one.code for one in memory.outbox} == {sms.digits()}
    undelivered(sms, B)
    assert sms.status == "failed"
    assert not routing.again(sms), "only once"


def test_a_late_receipt_stays_with_its_attempt(user: User, gateways: Gateways) -> None:
    sms = sent(user)
    undelivered(sms)
    assert routing.again(sms)
    undelivered(sms)  # it comes twice
    assert sms.status != "failed"
    tasks.send_sms(sms.pk)
    undelivered(sms)
    assert sms.status == "sent"
    sending.note_receipt(sms.pk, f"{B}-{sms.pk}", Sms.Status.DELIVERED, gateway=B)
    sms.refresh_from_db()
    assert sms.status == "delivered"
    first, second = sms.attempts.all()
    assert (first.outcome, second.outcome) == (Attempt.Outcome.UNDELIVERED, Attempt.Outcome.DELIVERED)
    assert (first.delivered_at is None, second.delivered_at is None) == (True, False)


def test_a_receipt_of_a_row_of_an_older_version(user: User) -> None:
    sms = make_sms(user, status="sent", gateway=A, gateway_id="SM1")
    sending.note_receipt(sms.pk, "SM1", Sms.Status.DELIVERED, gateway=A)
    sms.refresh_from_db()
    assert sms.status == "delivered"


def test_no_other_channel_for_what_counts_no_more(user: User, gateways: Gateways, settings: Settings) -> None:
    sms = sent(user)
    undelivered(sms)
    with after(301):
        assert not routing.again(sms)
    settings.SMS_ROUTES = routes.routes(f"*: {A}", NAMES)
    assert not routing.again(sms), "there is none"


def test_the_story_of_one_sms_names_every_attempt(user: User, gateways: Gateways, office: Person) -> None:
    gateways.fail(A, NotSent("ConnectTimeout"))
    gateways.fail(B, REFUSED)
    page = office.get(f"/admin/delivery/sms/{sent(user).pk}/change/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    for told in (
        f"<b>{A}</b>: certainly not sent",
        "could not be reached",
        f"<b>{B}</b>: refused",
        f"<b>{C}</b>: sent",
    ):
        assert told in page


def test_the_dashboard_says_what_each_gateway_was_good_for(
    user: User, gateways: Gateways, office: Person, settings: Settings
) -> None:
    settings.SMS_PRICES = routes.prices(f"{A}: 0.5; {B}: 0.25", NAMES)
    gateways.fail(A, AWAY)
    for _time in range(2):
        sms = sent(user)
    Sms.objects.filter(pk=sms.pk).update(used_at=sms.created_at)
    sending.note_receipt(sms.pk, sms.gateway_id, Sms.Status.DELIVERED, gateway=A)
    office.post("/admin/dashboard/")
    page = office.get("/admin/dashboard/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    for told in ("0% delivered", "100% delivered", "100% entered", "cost 0.50", "cost 0.25", "s to the gateway"):
        assert told in page
