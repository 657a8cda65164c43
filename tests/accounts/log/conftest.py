from collections.abc import Iterator

import pytest
from django.db import transaction

from accounts.log import chain
from tests.kit.crowd import Crowd
from tests.kit.databases import database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def crowd_or_not(request: pytest.FixtureRequest) -> Iterator[None]:
    """The tests' own database, and the PostgreSQL of the crowd; either as if nothing had happened afterwards."""
    if request.param == "sqlite":
        request.getfixturevalue("db")
        yield
        return
    blocker = request.getfixturevalue("django_db_blocker")
    crowd: Crowd = request.getfixturevalue("postgresql_crowd")
    with blocker.unblock(), database(crowd.database_url), transaction.atomic():
        chain.seal_all()
        yield
        transaction.set_rollback(True)
