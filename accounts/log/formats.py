"""An event as other systems get it: a line of JSON, or a row of a table."""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from accounts.lib import clock, formulas
from accounts.log.models import SecurityEvent

COLUMNS = ("position", "id", "time", "kind", "user", "actor", "address", "detail", "seal")


def as_json(event: SecurityEvent) -> str:
    return json.dumps(_plain(event), ensure_ascii=False)


def _plain(event: SecurityEvent) -> dict[str, Any]:
    return {
        "position": event.position,
        "id": event.pk,
        "time": clock.iso(event.at),
        "kind": event.kind,
        "user": event.username,
        "actor": event.actor_name,
        "address": event.address,
        "detail": event.detail,
        "seal": event.seal,
    }


def as_cells(event: SecurityEvent) -> list[str]:
    """Of COLUMNS. Times as the office reads them, without a zone."""
    cells = _plain(event) | {
        "time": clock.moment(event.at, seconds=True),
        "detail": json.dumps(event.detail, ensure_ascii=False) if event.detail else "",
    }
    return [formulas.harmless(cells[name]) for name in COLUMNS]


def json_lines(events: Iterable[SecurityEvent]) -> Iterator[str]:
    return (as_json(event) + "\n" for event in events)


def table(events: Iterable[SecurityEvent]) -> Iterator[str]:
    """CSV, as Excel takes it for UTF-8."""
    writer = csv.writer(_Passed())
    yield "\ufeff" + writer.writerow(COLUMNS)
    for event in events:
        yield writer.writerow(as_cells(event))


class _Passed:
    """For a writer whose lines go on at once."""

    def write(self, line: str) -> str:
        return line
