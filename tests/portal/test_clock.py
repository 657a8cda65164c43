"""The clock that starts what is due (Celery's beat)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from celery.beat import Service
from celery.utils.imports import symbol_by_name
from django.conf import settings

from portal.celery import app

HOUR = timedelta(hours=1)


def test_it_leaves_nothing_that_the_next_one_could_stumble_over(tmp_path: Path) -> None:
    """A file that a killed one left, half written or locked, has kept the next one from starting."""
    kind, file = app.Beat().scheduler_cls, str(tmp_path / "schedule")
    first, second = (Service(app, scheduler_cls=kind, schedule_filename=file).scheduler for _ in range(2))
    assert set(first.schedule) == set(second.schedule) >= {"delivery-sweep"}
    first.sync()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What the beat starts until it has nothing to do."""
    names: list[str] = []
    kind = symbol_by_name(app.Beat().scheduler_cls)
    monkeypatch.setattr(kind, "apply_entry", lambda _self, entry, **_: names.append(entry.name))
    beat = kind(app)

    def run() -> set[str]:
        names.clear()
        while beat.tick() == 0:
            pass
        return set(names)

    yield run
    beat.close()


@pytest.mark.parametrize("off", [-HOUR, HOUR])
def test_it_goes_on_where_its_clock_is_set(started: Any, off: timedelta) -> None:
    now, every = datetime.now(UTC), 2 * settings.SMS_REQUEUE_AFTER
    for moment in (now, now + off, now + off + every):
        with time_machine.travel(moment):
            names = started()
    assert {"delivery-sweep", "log-seal"} <= names
