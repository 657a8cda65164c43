from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_log_triggers")]

    operations = [
        migrations.RenameField("securityevent", "mark", "signature"),
        migrations.RenameField("roster", "fingerprint", "version"),
        migrations.RenameField("rolloutmember", "shown", "planned"),
        migrations.RemoveConstraint("phone", "one_mailbox_a_place"),
        migrations.RenameField("phone", "place", "slot"),
        migrations.AddConstraint(
            "phone", models.UniqueConstraint(fields=["number", "slot"], name="one_mailbox_a_slot")
        ),
        migrations.RemoveConstraint("helpcode", "one_help_code_a_place"),
        migrations.RenameField("helpcode", "place", "ordinal"),
        migrations.AddConstraint(
            "helpcode", models.UniqueConstraint(fields=["phone", "ordinal"], name="one_help_code_an_ordinal")
        ),
    ]
