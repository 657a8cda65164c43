"""What a verdict says beside yes and no: to the help desk, to who is setting a program up, and to the notebook."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.bans import bans, digests
from accounts.bans.brake import Claim
from accounts.bans.models import Ban, Failure
from accounts.bans.where import places
from accounts.log.models import SecurityEvent
from accounts.maillogins.maillogins import Method, Success
from accounts.users.models import User
from apppasswords.connections import Slip
from apppasswords.last_use import Use
from apppasswords.maillogin import decision
from apppasswords.maillogin.decision import Login, Outcome, Reason
from apppasswords.models import AppPassword, Mistake
from tests.apppasswords.maillogin.conftest import ADDRESS, login, made
from tests.kit.people import PASSWORD


def test_explain_counts_nothing_and_says_more(accounts: dict[str, User]) -> None:
    verdict = decision.explain(Login("on@example.edu", PASSWORD, "imap", ADDRESS))
    assert verdict.reason is Reason.NEEDS_APP_PASSWORD
    assert decision.explain(Login("on@example.edu", "x", "imap", ADDRESS)).reason is Reason.WRONG
    assert decision.explain(Login("on", "x", "imap", ADDRESS)).reason is Reason.BARE_NAME
    assert not Failure.objects.exists()


def test_what_is_explained_is_the_first_that_holds(accounts: dict[str, User], settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network(f"{ADDRESS}/32")]
    owner = accounts["two-step on"]
    assert decision.explain(Login("off@example.edu", PASSWORD, "imap", ADDRESS)).claimed is Claim.FREE
    for name, account in (
        (owner.username, owner.username),
        ("nobody@example.edu", digests.stranger("nobody@example.edu")),
    ):
        bans.ban(ADDRESS, account)
        assert decision.explain(Login(name, PASSWORD, "imap", ADDRESS)).reason is Reason.BANNED


@pytest.mark.parametrize(
    ("name", "reason"),
    [("on", Reason.BARE_NAME), ("nobody@example.edu", Reason.UNKNOWN), ("a@b@example.edu", Reason.UNKNOWN)],
)
def test_a_name_that_is_nobodys_is_bare_or_unknown(accounts: dict[str, User], name: str, reason: Reason) -> None:
    assert decision.explain(Login(name, PASSWORD, "imap", ADDRESS)).reason is reason


def test_a_success_says_whose_and_how(accounts: dict[str, User]) -> None:
    on, off = accounts["two-step on"], accounts["two-step off"]
    secret = made(on)
    password = AppPassword.objects.get()
    with time_machine.travel(timezone.now(), tick=False):
        now = timezone.now()
        by_app, by_mailbox = login(on.username, secret, "pop3"), login(off.username, PASSWORD, "smtp")
    assert by_app.success == Success(on.pk, "pop3", Method.APP_PASSWORD, ADDRESS, now)
    assert by_app.use == Use(password.pk, "pop3", ADDRESS, now)
    assert (by_app.app_password_id, by_app.is_new_place, by_app.slip) == (password.pk, True, None)
    assert by_mailbox.success == Success(off.pk, "smtp", Method.MAILBOX_PASSWORD, ADDRESS, now)
    assert (by_mailbox.use, by_mailbox.app_password_id, by_mailbox.claimed) == (None, None, Claim.ONE)
    places.note([(on.pk, ADDRESS)])
    assert not login(on.username, secret).is_new_place


def test_a_refusal_says_to_whom_what_was_wrong(accounts: dict[str, User]) -> None:
    """Who waits for the first login of a program is told."""
    on = accounts["two-step on"]
    with time_machine.travel(timezone.now(), tick=False):
        now = timezone.now()
        wrong, bare = login(on.username, "wrong", "pop3"), login("on", "wrong", "smtp")
        nobody, foreign = login("nobody@example.edu", "wrong"), login("nobody", "wrong")
    assert wrong.slip == Slip(on.pk, Mistake.WRONG, "wrong", "pop3", ADDRESS, now, None, None)
    assert bare.slip == Slip(on.pk, Mistake.BARE_NAME, "wrong", "smtp", ADDRESS, now, None, None)
    assert (nobody.slip, foreign.slip) == (None, None)
    events = SecurityEvent.objects.filter(kind="bare_name").order_by("pk")
    assert [(event.user, event.address, event.detail["channel"]) for event in events] == [
        (on, ADDRESS, "smtp"), (None, ADDRESS, "imap"),
    ]  # fmt: skip
    assert [failure.account == on.username for failure in Failure.objects.order_by("pk")] == [True, False, False, False]
    for _ in range(7):
        last = login("nobody@example.edu", "wrong")
    assert last.banned_until == Ban.objects.get().until
    assert login("nobody@example.edu", "wrong").outcome is Outcome.BANNED
    banned = login(on.username, "wrong")
    assert banned.slip
    assert (banned.slip.kind, banned.slip.banned_until) == (Mistake.BANNED, Ban.objects.get().until)
    assert Failure.objects.count() == 10, "what comes after a ban is not counted"


def test_what_was_banned_before_somebody_had_the_name_is_not_his(accounts: dict[str, User], settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network(f"{ADDRESS}/32")]
    bans.ban(ADDRESS, digests.stranger("on@example.edu"))
    assert login("on@example.edu", made(accounts["two-step on"])).outcome is Outcome.YES


def test_each_limit_begins_at_its_very_moment(accounts: dict[str, User], clock: time_machine.Traveller) -> None:
    now, moment = timezone.now(), timedelta(microseconds=1)
    off, on = accounts["two-step off"], accounts["two-step on"]
    secret = made(on)
    rows = AppPassword.objects.filter(user=on)
    for early, reason in ((moment, None), (0 * moment, Reason.ENDED)):
        User.objects.filter(pk=off.pk).update(two_step_from=now + early)
        assert login(off.username, PASSWORD).outcome is (Outcome.NO if reason else Outcome.YES), "two-step is on"
        rows.update(ends_at=now + early, idle_days=None)
        assert login(on.username, secret).reason is (reason or Reason.APP_PASSWORD)
        rows.update(ends_at=None, idle_days=90, last_used_at=now + early - timedelta(days=90))
        assert login(on.username, secret).reason is (Reason.UNUSED if reason else Reason.APP_PASSWORD)
