import django.contrib.auth.models
from django.db import migrations, models

from portal.office import roles


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        # roles are given permissions on what these make
        ('accounts', '0001_initial'),
        ('apppasswords', '0001_initial'),
        ('bans', '0001_initial'),
        ('browsers', '0001_initial'),
        ('delivery', '0001_initial'),
        ('imports', '0001_initial'),
        ('log', '0001_initial'),
        ('maillogins', '0001_initial'),
        ('openid', '0001_initial'),
        ('rollouts', '0001_initial'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Role',
            fields=[
            ],
            options={
                'verbose_name': 'role',
                'verbose_name_plural': 'roles',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('auth.group',),
            managers=[
                ('objects', django.contrib.auth.models.GroupManager()),
            ],
        ),
        migrations.CreateModel(
            name='DayFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('name', models.CharField(max_length=20)),
                ('key', models.CharField(blank=True, max_length=100)),
                ('value', models.BigIntegerField(default=0)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('name', 'day', 'key'), name='one_figure_a_day')],
            },
        ),
        # Roles that exist stay as they are.
        migrations.RunPython(lambda apps, schema_editor: roles.make(), migrations.RunPython.noop),
    ]
