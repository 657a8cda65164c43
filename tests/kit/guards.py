"""The triggers that guard the security log, as an attacker with the rights of the database's owner handles them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.utils import timezone

from accounts.log import signatures
from accounts.log.models import LogEnd

TABLE = "log_securityevent"


@contextmanager
def lifted() -> Iterator[None]:
    """Without them, and then with them again."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or the table is in use
            cursor.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER USER")
            yield
            cursor.execute(f"ALTER TABLE {TABLE} ENABLE TRIGGER USER")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
        triggers = cursor.fetchall()
        for name, _sql in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        try:
            yield
        finally:
            for _name, sql in triggers:
                cursor.execute(sql)


def begin_log() -> None:
    """As the migration begins it."""
    now = timezone.now()
    LogEnd.objects.create(which="end", position=0, seal="", at=now, signature=signatures.end("end", 0, "", now))
