from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0008_request_names")]

    operations = [
        migrations.AlterField(
            "sms", "number", models.CharField(db_index=True, max_length=80, verbose_name="number")
        ),
    ]
