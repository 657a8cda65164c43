from django.db import migrations, models

from accounts.lib.growing import AddIndexWhileServed


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0007_libraries_first")]

    operations = [
        AddIndexWhileServed("user", models.Index(fields=["department", "username"], name="people_of_a_department"))
    ]
