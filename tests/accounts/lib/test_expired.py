"""What is over goes a few rows at a time."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.bans.models import Failure
from accounts.lib import expired


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expired, "AT_ONCE", 2)
    monkeypatch.setattr(expired, "BREATH", 0)


@pytest.fixture
def over(transactional_db: None) -> QuerySet[Failure]:
    del transactional_db
    old = timezone.now() - timedelta(days=2)
    for number in range(7):
        Failure.objects.create(network=f"192.0.2.{number}", account="a", channel="web", at=old)
    Failure.objects.create(network="192.0.2.9", account="a", channel="web")
    return Failure.objects.filter(at__lt=timezone.now() - timedelta(days=1))


@pytest.mark.parametrize("looked_for", [1, 3, 7, 8])
def test_all_of_it_goes_and_the_rest_stays(
    over: QuerySet[Failure], looked_for: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expired, "LOOKED_FOR", looked_for)
    expired.delete(over)
    assert [row.network for row in Failure.objects.all()] == ["192.0.2.9"]


def test_what_is_gone_stays_gone_if_the_rest_fails(over: QuerySet[Failure]) -> None:
    """A night that ends too early is followed by another."""
    sizes = []

    def act(rows: QuerySet[Any]) -> None:
        sizes.append(rows.count())
        rows.delete()
        if len(sizes) == 3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        expired.in_batches(over, act)
    assert sizes == [2, 2, 2]
    assert over.count() == 3


def test_what_was_renewed_meanwhile_stays(over: QuerySet[Failure]) -> None:
    def act(rows: QuerySet[Any]) -> None:
        rows.delete()
        over.update(at=timezone.now())

    expired.in_batches(over, act)
    assert Failure.objects.count() == 6


def test_between_two_batches_others_find_the_database_free(
    over: QuerySet[Failure], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has one lock, and who waits for it looks only every now and then."""
    left = []
    monkeypatch.setattr("time.sleep", lambda _: left.append((over.count(), connection.in_atomic_block)))
    expired.delete(over)
    assert left == [(5, False), (3, False), (1, False)], "and not after the last"
