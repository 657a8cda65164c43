"""The security log is only added to, whoever speaks to the database. Two things pass: an event is given its place once,
and what the signed record of its beginning leaves out is removed.

SQLite drops triggers with the table when a migration rebuilds it: such a migration needs one like this after it.
"""

from django.db import migrations

POSTGRESQL = [
    """
    CREATE FUNCTION accounts_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.position <= (SELECT position FROM accounts_logend WHERE which = 'start') THEN
                RETURN OLD;
            END IF;
        ELSIF TG_OP = 'UPDATE' THEN
            IF OLD.position IS NULL AND NEW.position IS NOT NULL
                AND to_jsonb(OLD) - '{position,previous,seal}'::text[]
                  = to_jsonb(NEW) - '{position,previous,seal}'::text[] THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION 'the security log is only added to' USING ERRCODE = 'restrict_violation';
    END
    $$
    """,
    """
    CREATE TRIGGER log_stays BEFORE UPDATE OR DELETE ON accounts_securityevent
    FOR EACH ROW EXECUTE FUNCTION accounts_log_stays()
    """,
    """
    CREATE TRIGGER log_stays_whole BEFORE TRUNCATE ON accounts_securityevent
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_log_stays()
    """,
]
POSTGRESQL_BACK = [
    "DROP TRIGGER log_stays ON accounts_securityevent",
    "DROP TRIGGER log_stays_whole ON accounts_securityevent",
    "DROP FUNCTION accounts_log_stays()",
]

SQLITE = [
    """
    CREATE TRIGGER log_stays BEFORE DELETE ON accounts_securityevent
    WHEN OLD.position IS NULL
        OR NOT EXISTS (SELECT 1 FROM accounts_logend WHERE which = 'start' AND position >= OLD.position)
    BEGIN SELECT RAISE(ABORT, 'the security log is only added to'); END
    """,
    """
    CREATE TRIGGER log_stays_as_written BEFORE UPDATE OF
        id, at, kind, user_id, username, actor_id, actor_name, address, detail, nonce, mark ON accounts_securityevent
    BEGIN SELECT RAISE(ABORT, 'the security log is only added to'); END
    """,
    """
    CREATE TRIGGER log_stays_in_place BEFORE UPDATE ON accounts_securityevent
    WHEN OLD.position IS NOT NULL OR NEW.position IS NULL
    BEGIN SELECT RAISE(ABORT, 'the security log is only added to'); END
    """,
]
SQLITE_BACK = [
    "DROP TRIGGER log_stays",
    "DROP TRIGGER log_stays_as_written",
    "DROP TRIGGER log_stays_in_place",
]


def run(postgresql, sqlite):
    def migrate(apps, schema_editor):
        for statement in {"postgresql": postgresql, "sqlite": sqlite}[schema_editor.connection.vendor]:
            schema_editor.execute(statement, params=None)

    return migrate


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_log_marks")]

    operations = [migrations.RunPython(run(POSTGRESQL, SQLITE), run(POSTGRESQL_BACK, SQLITE_BACK))]
