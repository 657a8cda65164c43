"""When an app password was last used: what a mail login needs of app passwords besides their digests."""

from datetime import datetime, timedelta

from accounts.lib import prepared
from apppasswords.models import AppPassword

MOVES_EVERY = timedelta(minutes=1)


def is_stale(last_used_at: datetime | None, now: datetime) -> bool:
    return last_used_at is None or last_used_at <= now - MOVES_EVERY


NOTE = prepared.Statement(
    "mailkey_note_use",
    f"""UPDATE {AppPassword._meta.db_table} SET last_used_at = %s, last_used_protocol = %s, last_used_address = %s
        WHERE id = %s AND (last_used_at IS NULL OR last_used_at <= %s)""",  # noqa: S608 (the name of our own table)
)


def note(pk: int, protocol: str, address: str, at: datetime) -> None:
    """Moves at most once a minute, however many processes see a login."""
    NOTE.row(at, protocol, address, pk, at - MOVES_EVERY)
