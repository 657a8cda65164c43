"""`manage.py verify_events`, and the audit of every night."""

import tracemalloc
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.audit import audit, tasks
from accounts.log import chain
from accounts.log.models import SecurityEvent
from tests.kit import guards
from tests.kit.tampering import faults, sql, write

Kind = SecurityEvent.Kind


@pytest.mark.usefixtures("db")
def test_the_command_says_from_when_to_when_it_is_whole() -> None:
    at = timezone.make_aware(datetime(2026, 3, 1, 8, 0))  # noqa: DTZ001
    for number in range(6):
        write(1, at=at + timedelta(days=number))
    out = StringIO()
    call_command("verify_events", stdout=out)
    said = out.getvalue()
    assert "whole: 6 events from 2026-03-01 08:00:00 (position 1) to 2026-03-06 08:00:00 (position 6)" in said
    remembered = said.split()[-1]
    call_command("verify_events", "--holds", remembered, stdout=StringIO())

    with guards.lifted():
        sql("UPDATE LOG SET address = '192.0.2.9' WHERE position = 3")
        sql("DELETE FROM LOG WHERE position = 4")
    out = StringIO()
    with pytest.raises(CommandError) as complained:
        call_command("verify_events", stdout=out)
    assert complained.value.returncode == 1
    row = chain.events().get(position=3).pk
    assert out.getvalue().splitlines() == [
        f"position 3, row {row}, of 2026-03-03 08:00:00: was changed",
        "position 4: was removed",
    ]
    assert str(complained.value) == (
        "5 events, 2 faults. Whole from 2026-03-01 08:00:00 (position 1) to 2026-03-02 08:00:00 (position 2)"
        " and from 2026-03-05 08:00:00 (position 5) to 2026-03-06 08:00:00 (position 6)."
    )


@pytest.mark.parametrize("place", ["", "5", "5:", "5:zz", ":" + "0" * 64, "-1:" + "0" * 64])
def test_the_command_wants_a_place(place: str) -> None:
    with pytest.raises(CommandError):
        call_command("verify_events", "--holds", place)


@pytest.mark.usefixtures("db")
def test_every_night(caplog: pytest.LogCaptureFixture) -> None:
    write(3)
    tasks.verify.delay()
    assert not caplog.records
    with guards.lifted():
        sql("DELETE FROM LOG WHERE position = 2")
    tasks.verify.delay()
    assert "not whole" in caplog.text


@pytest.mark.slow
@pytest.mark.usefixtures("db")
def test_a_long_log_is_read_in_little_memory_and_the_command_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit, "PROGRESS_EVERY", 10_000)
    for _ in range(3):
        write(9_000)
    out, progress = StringIO(), StringIO()
    call_command("verify_events", stdout=out, stderr=progress)
    assert "whole: 27000 events" in out.getvalue()
    assert progress.getvalue() == "10000 events read\n20000 events read\n"
    tracemalloc.start()
    try:
        assert not faults()
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * 2**20, "bytes; all the rows at once take twice that"
