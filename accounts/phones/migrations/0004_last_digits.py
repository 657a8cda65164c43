from django.db import migrations, models
from django.db.models.functions import Right

from accounts.lib.growing import AddIndexWhileServed


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("phones", "0003_suggestions")]

    operations = [AddIndexWhileServed("phone", models.Index(Right("number", 4), name="phones_by_last_digits"))]
