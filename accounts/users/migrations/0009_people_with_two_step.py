from django.db import migrations, models

from accounts.lib.growing import AddIndexWhileServed


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0008_people_of_a_department")]
    operations = [
        AddIndexWhileServed(
            "user",
            models.Index(
                fields=["two_step_from", "id"], condition=models.Q(is_shared=False), name="people_with_two_step"
            ),
        )
    ]
