from django.db import migrations, models

from accounts.lib.growing import AddIndexWhileServed


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("apppasswords", "0008_ownership")]

    operations = [
        AddIndexWhileServed(
            "apppassword",
            models.Index(fields=["ownership"], name="of_an_ownership", condition=models.Q(ownership__isnull=False)),
        ),
    ]
