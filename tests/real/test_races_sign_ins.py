"""A browser that is signed out from many tabs at once, while its own requests still come."""

import secrets
from collections import Counter

import pytest
from django.utils import timezone

from accounts.browsers.browsers import Look
from accounts.log.models import SecurityEvent
from accounts.sessions import signins
from accounts.sessions.models import Authorization, SignIn
from accounts.users.models import User
from tests.kit.crowd import Crowd
from tests.kit.newcomers import Newcomer

pytestmark = pytest.mark.slow

ROUNDS = 4


def test_a_browser_is_signed_out_once_and_for_good(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        owner = Newcomer().user
        User.objects.filter(pk=owner.pk).update(two_step_from=None)
        session, other = secrets.token_hex(16), secrets.token_hex(16)
        for each in (session, other):
            signins.note(owner, each, Look("Firefox 140", "Linux", "192.0.2.2"), signed_in_at=timezone.now())
        row = SignIn.objects.get(session=session)
        ways = ["end", "go on"] * 12
        calls = [{"user": owner.pk, "pk": row.pk, "session": session, "how": how} for how in ways]
        found = Counter(crowd.rush("at_a_sign_in", calls))
        assert (found["ENDED"], found["OUT BEFORE"]) == (1, 11)
        assert SecurityEvent.objects.filter(kind="browser_signed_out", user=owner).count() == 1
        assert list(SignIn.objects.filter(user=owner).values_list("session", flat=True)) == [other]
        assert not signins.see(owner, session, "192.0.2.2")
        # What was handed out by a request that was let in just before opens nothing.
        assert not any(left.is_live for left in Authorization.objects.filter(user=owner))
