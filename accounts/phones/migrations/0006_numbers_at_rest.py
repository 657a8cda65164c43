from django.db import migrations, models


class Migration(migrations.Migration):
    phase = "expand"  # to the database the type of a phone's number is the same; the other one gets longer

    dependencies = [("phones", "0005_agreements")]

    operations = [
        migrations.AlterField("phone", "number", models.CharField(max_length=128, verbose_name="number")),
        migrations.AlterField("suggestion", "number", models.CharField(max_length=80)),
    ]
