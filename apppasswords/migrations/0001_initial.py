import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('phones', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AppPassword',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('digest', models.CharField(max_length=64)),
                ('request', models.CharField(blank=True, max_length=32, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('last_used_at', models.DateTimeField(blank=True, null=True, verbose_name='last used')),
                ('last_used_protocol', models.CharField(blank=True, max_length=10, verbose_name='protocol')),
                ('last_used_address', models.CharField(blank=True, max_length=45, verbose_name='address')),
                ('mistake', models.CharField(blank=True, choices=[('name', 'only the part before the @ as the user name'), ('mailbox', 'the mailbox password instead of the app password'), ('mistyped', 'something like an app password, with a slip or of another account'), ('wrong', 'a wrong password'), ('banned', 'the address is banned')], max_length=10, verbose_name='mistake')),
                ('mistake_at', models.DateTimeField(blank=True, null=True)),
                ('mistake_protocol', models.CharField(blank=True, max_length=10)),
                ('mistake_address', models.CharField(blank=True, max_length=45)),
                ('mistake_until', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='app_passwords', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'app password',
                'verbose_name_plural': 'app passwords',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='FirstUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('protocol', models.CharField(max_length=10)),
                ('at', models.DateTimeField()),
                ('address', models.CharField(max_length=45)),
                ('password', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='first_uses', to='apppasswords.apppassword')),
            ],
            options={
                'ordering': ['at'],
            },
        ),
        migrations.CreateModel(
            name='ProfileLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('stamp', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('password', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='apppasswords.apppassword')),
                ('phone', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='phones.phone')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='profile_links', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='apppassword',
            constraint=models.UniqueConstraint(fields=('user', 'digest'), name='one_app_password_a_digest'),
        ),
        migrations.AddConstraint(
            model_name='apppassword',
            constraint=models.UniqueConstraint(fields=('user', 'request'), name='one_app_password_a_request'),
        ),
        migrations.AddConstraint(
            model_name='firstuse',
            constraint=models.UniqueConstraint(fields=('password', 'protocol'), name='one_first_use_a_protocol'),
        ),
    ]
