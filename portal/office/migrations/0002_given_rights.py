from django.db import migrations, models

HELP, TWO_STEP, AUDITOR, ADMINISTRATOR = ROLES = ("help desk", "two-step manager", "auditor", "administrator")

# What roles were given when they were made, until it was written down.
GIVEN = {
    "accounts.view_user": ROLES,
    "accounts.add_user": (TWO_STEP, ADMINISTRATOR),
    "accounts.change_user": (TWO_STEP, ADMINISTRATOR),
    "accounts.delete_user": (ADMINISTRATOR,),
    "accounts.help_people": (HELP, ADMINISTRATOR),
    "accounts.roll_out": (TWO_STEP, ADMINISTRATOR),
    "accounts.export_people": (TWO_STEP, AUDITOR, ADMINISTRATOR),
    "accounts.see_numbers": (ADMINISTRATOR,),
    "rollouts.view_rollout": (TWO_STEP, AUDITOR, ADMINISTRATOR),
    "rollouts.view_exemption": (TWO_STEP, AUDITOR, ADMINISTRATOR),
    "imports.view_roster": (TWO_STEP, AUDITOR, ADMINISTRATOR),
    "office.view_role": (AUDITOR, ADMINISTRATOR),
    "browsers.view_trustedbrowser": (HELP, AUDITOR, ADMINISTRATOR),
    "apppasswords.view_apppassword": (HELP, AUDITOR, ADMINISTRATOR),
    "apppasswords.delete_apppassword": (HELP, ADMINISTRATOR),
    "delivery.view_sms": (HELP, AUDITOR, ADMINISTRATOR),
    "delivery.view_mail": (HELP, AUDITOR, ADMINISTRATOR),
    "rollouts.view_remindermail": (HELP, AUDITOR, ADMINISTRATOR),
    "maillogins.view_maillogin": ROLES,
    "openid.view_application": (AUDITOR, ADMINISTRATOR),
    "bans.view_ban": (HELP, AUDITOR, ADMINISTRATOR),
    "bans.view_failure": (HELP, AUDITOR, ADMINISTRATOR),
    "bans.lift_ban": (HELP, ADMINISTRATOR),
    "bans.view_knownnetwork": (HELP, AUDITOR, ADMINISTRATOR),
    "bans.add_knownnetwork": (ADMINISTRATOR,),
    "bans.change_knownnetwork": (ADMINISTRATOR,),
    "bans.delete_knownnetwork": (ADMINISTRATOR,),
    "log.view_securityevent": (HELP, AUDITOR, ADMINISTRATOR),
    "log.export_securityevent": (AUDITOR, ADMINISTRATOR),
}


def note(apps, schema_editor):
    """Of the roles that exist: what their office took away of it is not given again."""
    given_right = apps.get_model("office", "GivenRight")
    names = set(apps.get_model("auth", "Group").objects.values_list("name", flat=True))
    given_right.objects.bulk_create(
        given_right(role=role, right=right) for right, roles in GIVEN.items() for role in roles if role in names
    )


class Migration(migrations.Migration):
    dependencies = [("office", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="GivenRight",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(max_length=150)),
                ("right", models.CharField(max_length=200)),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("role", "right"), name="given_once")],
            },
        ),
        migrations.RunPython(note, migrations.RunPython.noop),
    ]
