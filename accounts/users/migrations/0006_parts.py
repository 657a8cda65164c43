from typing import Any

from django.db import DatabaseError, migrations

# As portal/office/searches.py asks. A part of a Chinese name has fewer than the three signs that pg_trgm wants.
TEXT = "UPPER(username || ' ' || name || ' ' || department)"
BY_CHARACTER = f"people_by_character ON accounts_user USING gin (string_to_array({TEXT}, NULL))"
BY_PART = f"people_by_part ON accounts_user USING gin (({TEXT}) gin_trgm_ops)"


def index(apps: Any, schema_editor: Any) -> None:
    """On PostgreSQL. Who writes to the table meanwhile does not wait."""
    if schema_editor.connection.vendor != "postgresql":
        return
    unindex(apps, schema_editor)  # one that was interrupted leaves its name behind
    schema_editor.execute(f"CREATE INDEX CONCURRENTLY {BY_CHARACTER}")
    if _has_trigrams(schema_editor):
        schema_editor.execute(f"CREATE INDEX CONCURRENTLY {BY_PART}")


def unindex(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name in ("people_by_character", "people_by_part"):
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _has_trigrams(schema_editor: Any) -> bool:
    """The owner of a database may add this extension; who may not, or has no such file, is told by `manage.py doctor`."""
    try:
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        return False
    return True


class Migration(migrations.Migration):
    atomic = False
    phase = "expand"

    dependencies = [("accounts", "0005_shared_mailboxes")]

    operations = [migrations.RunPython(index, unindex)]
