import accounts.users.models
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'This mailbox already exists.'}, max_length=254, unique=True, validators=[accounts.users.models.validate_canonical], verbose_name='mailbox address')),
                ('name', models.CharField(blank=True, max_length=100, verbose_name='name')),
                ('department', models.CharField(blank=True, db_index=True, max_length=100, verbose_name='department')),
                ('language', models.CharField(default='zh-hans', help_text='Of notices by mail and SMS.', max_length=10, verbose_name='language')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('is_staff', models.BooleanField(default=False, help_text='May open the administration.', verbose_name='IT staff')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='added')),
                ('two_step_from', models.DateTimeField(blank=True, db_index=True, help_text='Two-step is on from this time; empty: off.', null=True, verbose_name='two-step from')),
                ('must_change_password', models.BooleanField(default=False, verbose_name='must choose a new password')),
                ('wrong_codes', models.PositiveIntegerField(default=0, editable=False, verbose_name='wrong codes in a row')),
                ('codes_paused_until', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='codes paused until')),
                ('sessions_ended', models.PositiveIntegerField(default=0, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'ordering': ['username'],
                'permissions': [('help_people', 'Can help people: phones, browsers, passwords'), ('roll_out', 'Can switch two-step on and import people'), ('export_people', 'Can export people'), ('see_numbers', 'Can see whole phone numbers')],
                'constraints': [models.CheckConstraint(condition=models.Q(('username', django.db.models.functions.text.Lower('username'))), name='username_is_lower_case')],
            },
        ),
    ]
