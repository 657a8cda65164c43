"""One code of an app, and one recovery code, entered at once from four processes: one of them is in.

RACE_ROUNDS: how often; 1000 where there is time.
"""

import os
import time
from collections import Counter

import pytest

from accounts.delivery.models import Mail
from accounts.factors import authenticators, recoverycodes
from accounts.factors.models import Authenticator, RecoveryCode, RecoverySet
from accounts.log.models import SecurityEvent
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Way
from tests.kit.crowd import Crowd
from tests.kit.newcomers import Newcomer

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("RACE_ROUNDS", "20"))
AT_ONCE = 12


def owner_of_codes() -> tuple[Newcomer, list[str]]:
    owner = Newcomer()
    owner.bind()
    made = recoverycodes.make(owner.user)
    assert isinstance(made, list)
    return owner, made


@pytest.mark.bypass("row 2: CVE-2026-107276")
def test_a_recovery_code_opens_once(crowd: Crowd) -> None:
    for _ in range(0, ROUNDS, recoverycodes.COUNT):
        owner, made = owner_of_codes()
        for code in made:
            call = {"user": owner.user.pk, "code": code}
            assert Counter(crowd.rush("enter_recovery_code", [call] * AT_ONCE)) == {"RIGHT": 1, "EXPIRED": AT_ONCE - 1}
            owner.forgive()
        used = SecurityEvent.objects.filter(kind="recovery_used", user=owner.user)
        assert sorted(event.detail["left"] for event in used) == list(range(recoverycodes.COUNT))
        assert Mail.objects.filter(event__in=used).count() == recoverycodes.COUNT


def test_all_that_are_used_at_once_count_and_then_none_is_left(crowd: Crowd) -> None:
    owner, made = owner_of_codes()
    calls = [{"user": owner.user.pk, "code": code} for code in made]
    assert Counter(crowd.rush("enter_recovery_code", calls)) == {"RIGHT": recoverycodes.COUNT}
    assert ways.of(owner.user) == [Way.PHONE]
    assert RecoverySet.objects.filter(user=owner.user).exists()


@pytest.mark.bypass("row 2: CVE-2026-107276")
def test_a_step_of_an_app_opens_once(crowd: Crowd) -> None:
    owner = Newcomer()
    offered = authenticators.offer(owner.user, owner.session)
    app = authenticators.add(offered, int(time.time()) // authenticators.STEP, "my phone")
    assert isinstance(app, Authenticator)
    for _ in range(ROUNDS):
        Authenticator.objects.filter(pk=app.pk).update(last_step=0, drift=0)
        code = authenticators.code_of(offered.key, int(time.time()) // authenticators.STEP)
        answers = Counter(crowd.rush("enter_app_code", [{"user": owner.user.pk, "code": code}] * AT_ONCE))
        assert answers["RIGHT"] == 1
        assert set(answers) <= {"RIGHT", "EXPIRED", "WRONG"}
        owner.forgive()


def test_sets_that_are_made_at_once_are_one(crowd: Crowd) -> None:
    owner = Newcomer()
    owner.bind()
    for _ in range(5):
        version = User.objects.get(pk=owner.user.pk).ways_version
        made = crowd.rush("make_recovery_codes", [{"user": owner.user.pk, "version": version}] * AT_ONCE)
        assert made.count("GONE") == AT_ONCE - 1
        assert RecoveryCode.objects.filter(recovery_set__user=owner.user).count() == recoverycodes.COUNT
