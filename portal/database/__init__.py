"""PostgreSQL for people who wait: no page hangs because the database does (docs/decisions/0033-nothing-hangs.md)."""

from typing import Any

STATEMENT_LIMIT = 20  # seconds; lists and exports of the office may take long, nobody's page for ever
LOCK_LIMIT = 2  # seconds
SILENCE_LIMIT = STATEMENT_LIMIT + 2  # seconds; the server would have ended it


GONE_AFTER = 5000  # milliseconds without an acknowledgement


def several(database: dict[str, Any]) -> None:
    """One of them writes, and it may be another one tomorrow; whoever waits for one that is gone is to notice."""
    if "," not in database.get("HOST", ""):
        return
    options = database.setdefault("OPTIONS", {})
    options.setdefault("target_session_attrs", "read-write")
    options["tcp_user_timeout"] = GONE_AFTER
    options |= {"keepalives_idle": 2, "keepalives_interval": 1, "keepalives_count": 3}


def limit(database: dict[str, Any]) -> None:
    """What the web's own connections are given; those of migrations and of long work stay as they are."""
    if not database["ENGINE"].endswith(("postgresql", "portal.database")):
        return
    options = database.setdefault("OPTIONS", {})
    options["connect_timeout"] = 2  # seconds, the least that there is
    options["tcp_user_timeout"] = 2000  # milliseconds; a machine that is gone says nothing at all
    if database.get("POOLED"):
        return  # a pooler takes no such options: they are given to the role in the database
    limits = f"-c statement_timeout={STATEMENT_LIMIT}s -c lock_timeout={LOCK_LIMIT}s"
    options["options"] = " ".join(filter(None, (options.get("options"), limits)))
