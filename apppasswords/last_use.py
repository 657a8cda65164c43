"""When an app password was last used: what a mail login needs of app passwords besides their digests."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

from accounts.lib import prepared
from apppasswords.models import AppPassword

MOVES_EVERY = timedelta(minutes=1)


def is_stale(last_used_at: datetime | None, now: datetime) -> bool:
    return last_used_at is None or last_used_at <= now - MOVES_EVERY


class Use(NamedTuple):
    """A use of an app password that is worth noting, after the answer."""

    pk: int
    protocol: str
    address: str
    at: datetime


TABLE = AppPassword._meta.db_table
NOTE = prepared.Statement(
    "mailkey_note_use",
    f"""UPDATE {TABLE} SET last_used_at = %s, last_used_protocol = %s, last_used_address = %s
        WHERE id = %s AND (last_used_at IS NULL OR last_used_at <= %s)""",  # noqa: S608 (the name of our own table)
)
# The same for many, of PostgreSQL. Every process locks them in one order: none waits in a circle.
NOTE_ALL = prepared.Statement(
    "mailkey_note_uses",
    f"""WITH used AS (
            SELECT pk, protocol, address, used.at
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
                AS used (pk, protocol, address, at, before)
            JOIN {TABLE} AS known ON known.id = pk AND (last_used_at IS NULL OR last_used_at <= before)
            ORDER BY pk FOR NO KEY UPDATE OF known)
        UPDATE {TABLE} SET last_used_at = at, last_used_protocol = protocol, last_used_address = address
        FROM used WHERE id = pk""",  # noqa: S608 (the same)
)


def note(uses: Iterable[Use]) -> None:
    """Each moves at most once a minute, however many processes see a login. Of one app password, one use."""
    rows = [(*use, use.at - MOVES_EVERY) for use in uses]
    prepared.Many(NOTE_ALL, NOTE).write(rows, itemgetter(3, 1, 2, 0, 4))
