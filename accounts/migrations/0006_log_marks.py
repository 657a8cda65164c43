from django.db import migrations
from django.utils import timezone

from accounts import seals

CONTENT = ("nonce", "at", "kind", "user_id", "username", "actor_id", "actor_name", "address", "detail")


def sign(apps, schema_editor):
    """What was written before events were signed is taken as it stands. The log has an end from here on: if it is
    missing one day, somebody removed it."""
    events = apps.get_model("accounts", "SecurityEvent").objects
    batch = []

    def write():
        events.bulk_update(batch, ["nonce", "mark"])
        batch.clear()

    for event in events.filter(nonce="").order_by("pk").iterator(chunk_size=1000):
        event.nonce = seals.new_nonce()
        event.mark = seals.signature(getattr(event, name) for name in CONTENT)
        batch.append(event)
        if len(batch) == 1000:
            write()
    if batch:
        write()
    now = timezone.now()
    apps.get_model("accounts", "LogEnd").objects.create(
        which="end", position=0, seal="", at=now, signature=seals.end("end", 0, "", now)
    )


def unsign(apps, schema_editor):
    apps.get_model("accounts", "LogEnd").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_log_chain")]

    operations = [migrations.RunPython(sign, unsign)]
