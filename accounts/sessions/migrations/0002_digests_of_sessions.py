import hashlib

from django.db import migrations

KEY, DIGEST = 32, 40  # characters


def digest(apps, schema_editor):
    """In place: who is signed in stays so."""
    sessions = apps.get_model("sessions", "Session").objects
    keys = list(sessions.values_list("session_key", flat=True))
    for key in keys:
        if len(key) == KEY:
            sessions.filter(session_key=key).update(session_key=hashlib.sha256(key.encode()).hexdigest()[:DIGEST])


class Migration(migrations.Migration):
    dependencies = [
        ("signin", "0001_initial"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(digest, migrations.RunPython.noop),
    ]
