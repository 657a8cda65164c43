"""A database that is slow to say what time it is."""

from datetime import timedelta

import pytest
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from accounts.lib import clock
from portal.database import base
from tests.kit.crowd import Crowd
from tests.portal.test_planned_once import portals

LATE = clock.NEAR_ENOUGH + timedelta(seconds=0.3)


@pytest.mark.slow
def test_it_is_not_taken_for_one_with_another_time(
    postgresql_crowd: Crowd, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with django_db_blocker.unblock(), portals(postgresql_crowd.database_url):
        connections["default"].ensure_connection()
        monkeypatch.setattr(base, "NOW", f"{base.NOW}, pg_sleep({LATE.total_seconds()})::text")
        assert connections["default"].is_usable()
        assert clock.ahead() == timedelta()
