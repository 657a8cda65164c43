"""How often something may be tried within a time: claimed before it is tried, so that no crowd gets more than that."""

from datetime import datetime, timedelta
from functools import cache

from django.db import connection, models
from django.db.models import F
from django.utils import timezone

from accounts.lib import prepared


class Allowance:
    """Counted in a table with one row a user, and the columns `count` and `began_at`."""

    def __init__(self, model: type[models.Model]) -> None:
        self._rows = model._default_manager
        self._table = model._meta.db_table

    def claim(self, user: int, limit: int, within: timedelta, *, counts: bool = True) -> int | None:
        """The how-manieth of them this one is; None if there were as many as may be. What does not count is asked
        alike, and what counts waits for no disk: nobody shall learn from the time which accounts are counted."""
        now = timezone.now()
        since = now - within
        statement = _claim(self._table, connection.vendor)
        row = prepared.together((statement, [user, now, int(counts), since, since, since, limit]))
        return int(row[0]) if row else None

    def give_back(self, user: int) -> None:
        """It was none of those that are counted."""
        self._rows.filter(user_id=user, count__gt=0).update(count=F("count") - 1)

    def spent_until(self, user: int, limit: int, within: timedelta) -> datetime | None:
        """Until when none is left."""
        began_at = self._rows.filter(user_id=user, count__gte=limit, began_at__gt=timezone.now() - within)
        began: datetime | None = began_at.values_list("began_at", flat=True).first()
        return began + within if began else None


@cache
def _claim(table: str, vendor: str) -> prepared.Statement:
    """PostgreSQL: all see it at once, and it is on the disk within a second. A database that loses its power forgets a
    second of counting."""
    soon = "AND set_config('synchronous_commit', 'off', true) = 'off'" if vendor == "postgresql" else ""
    return prepared.Statement(
        f"claim_{table}",
        f"""INSERT INTO {table} AS known (user_id, count, began_at) SELECT %s, 1, %s WHERE %s = 1 {soon}
            ON CONFLICT (user_id) DO UPDATE SET
                count = CASE WHEN known.began_at > %s THEN known.count + 1 ELSE 1 END,
                began_at = CASE WHEN known.began_at > %s THEN known.began_at ELSE excluded.began_at END
            WHERE known.began_at <= %s OR known.count < %s
            RETURNING count""",
    )
