"""临时验证码, where a clerk gives it: to whom, who is told, and where it is not to be read."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import TestCase
from django.utils import timezone

from accounts.codes.guesses import Outcome
from accounts.delivery.gateways import memory
from accounts.delivery.models import Sms
from accounts.factors.models import Authenticator
from accounts.log.models import SecurityEvent
from accounts.phones import helpcodes, phones
from accounts.phones.models import HelpCode, Phone
from tests.accounts.phones.conftest import Give
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, Person
from tests.kit.snapshots import everything


def test_old_ones_are_deleted(wangwu: Person, give: Give, clock: time_machine.Traveller) -> None:
    give()
    clock.shift(timedelta(days=29))
    helpcodes.delete_expired()
    assert HelpCode.objects.exists()
    clock.shift(timedelta(days=2))
    helpcodes.delete_expired()
    assert not HelpCode.objects.exists()


@pytest.mark.bypass("row 42: a code where others can read it")
def test_the_code_is_nowhere(wangwu: Person, give: Give, caplog: pytest.LogCaptureFixture) -> None:
    code = give()
    assert code not in str(everything())
    assert re.fullmatch(r"[0-9]{8}", code)
    assert not any(code in sms.text for sms in memory.outbox)
    assert not any(code in str(sent.message()) for sent in mail.outbox)
    assert code not in caplog.text
    event = SecurityEvent.objects.get(kind="help_code_issued")
    assert set(event.detail) == {"until", "reason"}


def test_the_owner_is_told_at_once(wangwu: Person, give: Give) -> None:
    give()
    assert mail.outbox[-1].to == ["wangwu@example.edu"]
    assert "lost" in mail.outbox[-1].body
    assert memory.outbox[-1].to == f"+86{NUMBER}"
    assert memory.outbox[-1].code is None
    assert Sms.objects.get().purpose == "notice_help"


def test_who_has_an_app_and_no_phone_is_told_by_mail(clerk: Person, make_user: MakeUser) -> None:
    owner = make_user("zhaoliu")
    assert helpcodes.issue(owner, (0, 0), actor=clerk.user) is helpcodes.Refusal.NO_WAY
    Authenticator.objects.create(user=owner, name="手机", key=b"", last_step=0)
    memory.outbox.clear()
    with TestCase.captureOnCommitCallbacks(execute=True):
        made = helpcodes.issue(owner, (0, 0), actor=clerk.user)
    assert isinstance(made, tuple)
    assert mail.outbox[-1].to == ["zhaoliu@example.edu"]
    assert not memory.outbox
    assert helpcodes.issue(owner, (0, 0), actor=clerk.user) is helpcodes.Refusal.GONE, (
        "another clerk gave one meanwhile"
    )


def test_of_two_right_ones_at_the_same_moment_one_counts(wangwu: Person, give: Give) -> None:
    give()
    assert wangwu.user
    row = helpcodes.of(wangwu.user)
    assert row
    both = [helpcodes.Given(wangwu.user, row, address="192.0.2.7") for _request in range(2)]
    assert [given.use_up(row.digest) for given in both] == [True, False]
    assert SecurityEvent.objects.filter(kind="help_code_used", address="192.0.2.7").count() == 1


@pytest.mark.parametrize(
    ("mailbox", "fields", "refusal"),
    [
        ("itoffice", {}, helpcodes.Refusal.COLLEAGUE),
        ("boss", {"is_superuser": True, "is_staff": True}, helpcodes.Refusal.COLLEAGUE),
        ("colleague", {"is_staff": True}, helpcodes.Refusal.COLLEAGUE),
        ("gone", {"is_active": False}, helpcodes.Refusal.DISABLED),
        ("off", {"two_step": False}, helpcodes.Refusal.TWO_STEP_OFF),
        ("paused", {"codes_paused_until": timezone.now() + timedelta(hours=1)}, helpcodes.Refusal.PAUSED),
    ],
)
def test_whom_a_clerk_gives_none(
    make_user: MakeUser, mailbox: str, fields: dict[str, object], refusal: helpcodes.Refusal
) -> None:
    clerk = make_user("itoffice", phone="13700137000", is_staff=True)
    user = clerk if mailbox == "itoffice" else make_user(mailbox, phone=NUMBER, **fields)
    phone = Phone.objects.get(user=user)
    assert helpcodes.issue(user, (phone.pk, 0), actor=clerk) is refusal
    assert not HelpCode.objects.exists()
    assert not memory.outbox


def test_an_administrator_helps_colleagues_but_not_himself(clerk: Person, make_user: MakeUser) -> None:
    assert clerk.user
    colleague = make_user("colleague", phone=NUMBER, is_staff=True)
    given = helpcodes.issue(colleague, (Phone.objects.get(user=colleague).pk, 0), actor=clerk.user)
    assert isinstance(given, tuple)
    own = Phone.objects.get(user=clerk.user)
    assert helpcodes.issue(clerk.user, (own.pk, 0), actor=clerk.user) is helpcodes.Refusal.COLLEAGUE


def test_what_the_clerk_saw_must_still_be_so(wangwu: Person, clerk: Person, give: Give) -> None:
    assert wangwu.user
    assert clerk.user
    phone = Phone.objects.get(user=wangwu.user)
    first = give()
    assert helpcodes.issue(wangwu.user, (phone.pk, 0), actor=clerk.user) is helpcodes.Refusal.GONE
    assert helpcodes.check(wangwu.user, first)[0] is Outcome.RIGHT, "the first one is not void"
    assert helpcodes.issue(wangwu.user, (phone.pk + 1, 1), actor=clerk.user) is helpcodes.Refusal.GONE
    phones.unbind(phone)
    assert helpcodes.issue(wangwu.user, (phone.pk, 1), actor=clerk.user) is helpcodes.Refusal.NO_WAY
