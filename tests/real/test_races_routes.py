"""Four processes and their threads at one gateway agree on whether it works, who tries it, and what it may cost."""

from collections import Counter
from datetime import timedelta
from itertools import count

import pytest
from django.conf import settings as site
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery import receipts
from accounts.delivery.models import Attempt, Sms
from accounts.routes import outages, switches
from accounts.routes.models import ALL, Outage, Spending
from tests.accounts.delivery.test_platforms import Make as MakePlatform
from tests.accounts.delivery.test_platforms import answer, platform, stub
from tests.kit.crowd import Crowd
from tests.kit.newcomers import Newcomer
from tests.kit.outgoing import make_sms
from tests.kit.servers.http_stub import HttpStub

__all__ = ["platform", "stub"]

pytestmark = [pytest.mark.slow, pytest.mark.share(2)]

NUMBERS = count(1)
BUDGET, PRICE = 40, 400  # as the crowd's settings have it, in ten-thousandths
AT_ONCE = 48


def name() -> str:
    return f"gateway{next(NUMBERS)}"


def test_one_begins_an_outage_and_all_know_of_it(crowd: Crowd) -> None:
    for _ in range(5):
        gateway = name()
        assert crowd.rush("lose_gateway", [{"gateway": gateway}] * AT_ONCE).count(True) == 1
        assert Outage.objects.filter(gateway=gateway).count() == 1
        assert crowd.rush("probe_gateway", [{"gateway": gateway}] * AT_ONCE) == [False] * AT_ONCE, "not yet"


def test_one_probe_at_a_time_and_who_finds_it_working_ends_it_for_all(crowd: Crowd) -> None:
    for _ in range(5):
        gateway = name()
        outages.begin(gateway, "", "ConnectTimeout")
        for _probe in range(3):
            Outage.objects.filter(gateway=gateway).update(probe_at=timezone.now() - timedelta(seconds=1))
            assert crowd.rush("probe_gateway", [{"gateway": gateway}] * AT_ONCE).count(True) == 1
        assert Outage.objects.get(gateway=gateway).probes == 3
        crowd.rush("find_gateway", [{"gateway": gateway}] * AT_ONCE)
        assert outages.current([gateway]) == {}
        assert crowd.rush("lose_gateway", [{"gateway": gateway}] * AT_ONCE).count(True) == 1, "a new one can begin"


def test_no_budget_is_exceeded(crowd: Crowd) -> None:
    owner = Newcomer()
    rows = [make_sms(owner.user, status="claimed", claimed_at=timezone.now()) for _ in range(2 * AT_ONCE)]
    Sms.objects.filter(user=owner.user).update(number="+886912345678")
    Spending.objects.filter(of="+886").delete()
    Attempt.objects.filter(sms__number__of_country="886").delete()
    paid = crowd.rush("pay", [{"sms": row.pk, "gateway": "outbox"} for row in rows])
    assert paid.count(True) == BUDGET
    assert Attempt.objects.filter(sms__user=owner.user).count() == BUDGET
    spent = Spending.objects.get(of="+886")
    assert (spent.messages, spent.money) == (BUDGET, BUDGET * PRICE)


def test_a_worker_that_is_taken_for_dead_and_lives_sends_nothing_twice(crowd: Crowd) -> None:
    """It goes on at the moment at which others see that it asked no gateway."""
    owner, slow = Newcomer(), timezone.now() - site.SMS_LOST_AFTER - timedelta(seconds=1)
    answers = Counter[str]()
    Sms.objects.all().delete()  # what others of this database left would be swept and sent too
    for _ in range(2):
        before = crowd.sms()
        rows = [make_sms(owner.user, status="claimed", claimed_at=slow) for _ in range(AT_ONCE // 2)]
        late = [{"sms": row.pk, "claimed_at": slow.isoformat()} for row in rows]
        answers += Counter(crowd.rush("go_on_or_sweep", [call for one in late for call in (one, {})]))
        assert crowd.sms() == before + len(rows)
        assert Attempt.objects.filter(sms__in=rows).count() == len(rows)
    assert answers["LOST"]
    assert answers["SENT"]


def sent_by(gateway: str, owner: Newcomer, seconds_ago: int = 0) -> Sms:
    now = timezone.now()
    sms = make_sms(owner.user, status="sent", gateway=gateway, sent_at=now)
    Sms.objects.filter(pk=sms.pk).update(gateway_id=f"{gateway}-{sms.pk}")
    started = now - timedelta(seconds=seconds_ago)
    sms.attempts.create(gateway=gateway, gateway_id=f"{gateway}-{sms.pk}", outcome="sent", started_at=started)
    return sms


def test_reports_that_come_at_once_tell_one_story(crowd: Crowd) -> None:
    """Each twice, in any order; whichever end comes first stays, at the SMS and at its attempt."""
    gateway, owner = name(), Newcomer()
    rows = [sent_by(gateway, owner) for _ in range(AT_ONCE // 2)]
    said = [
        {"gateway": gateway, "gateway_id": f"{gateway}-{row.pk}", "status": status}
        for row in rows
        for status in ("delivered", "failed", "sent", "failed", "delivered", "sent")
    ]
    assert set(crowd.rush("report", said)) == {1}
    for row in rows:
        row.refresh_from_db()
        (attempt,) = row.attempts.all()
        assert row.status in ("delivered", "failed")
        assert attempt.outcome == row.status
        assert (row.delivered_at is None) == (attempt.delivered_at is None) == (row.status == "failed")


def test_what_is_not_reported_is_asked_for(
    crowd: Crowd, stub: HttpStub, platform: MakePlatform, settings: Settings
) -> None:
    """A gateway's answer about one SMS, and what it says of others, which nobody had asked for."""
    platform("token_first")
    settings.SMS_GATEWAYS = []
    owner = Newcomer()
    due, young = sent_by("token_first", owner, seconds_ago=90), sent_by("token_first", owner)
    reports = [
        {"id": f"token_first-{sms.pk}", "reference": str(sms.pk), "phone": sms.number, "status": "DELIVERED"}
        for sms in (due, young)
    ]
    stub.script = [answer(data={"access_token": "t", "expires_in": 60}), answer(reports=reports)]
    receipts.ask()
    assert [asked.query for asked in stub.asked[1:]] == [{"id": f"token_first-{due.pk}"}]
    assert {row.status for row in Sms.objects.filter(pk__in=(due.pk, young.pk))} == {"delivered"}


def test_off_holds_at_once_in_every_process(crowd: Crowd) -> None:
    owner, before = Newcomer(), crowd.sms()
    rows = [make_sms(owner.user) for _ in range(AT_ONCE)]
    assert switches.switch(ALL, on=False, reason="flood", by=owner.user, address="")
    try:
        crowd.rush("deliver", [{"sms": row.pk} for row in rows])
        assert crowd.sms() == before
        assert set(Sms.objects.filter(user=owner.user).values_list("status", "error")) == {("delayed", "switched off")}
    finally:
        switches.switch(ALL, on=True, reason="over", by=owner.user, address="")
    crowd.rush("deliver", [{"sms": row.pk} for row in rows])
    assert crowd.sms() == before + AT_ONCE
