from django.db import migrations

from accounts import roles


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_known_networks_and_roles'),
        ('apppasswords', '0001_initial'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        # Django's own models, whose tables are complete here; roles that exist stay as they are.
        migrations.RunPython(lambda apps, schema_editor: roles.make(), migrations.RunPython.noop),
    ]
