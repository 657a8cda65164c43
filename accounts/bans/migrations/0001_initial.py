import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Network',
            fields=[
                ('network', models.CharField(max_length=43, primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name='Ban',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('network', models.CharField(max_length=43, verbose_name='address')),
                ('account', models.CharField(blank=True, max_length=254, verbose_name='account')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='from')),
                ('until', models.DateTimeField(verbose_name='until')),
                ('lifted_at', models.DateTimeField(blank=True, null=True, verbose_name='lifted')),
                ('lift_reason', models.CharField(blank=True, max_length=200, verbose_name='reason for lifting')),
                ('failure_count', models.PositiveIntegerField(default=0, verbose_name='wrong passwords')),
                ('account_count', models.PositiveIntegerField(default=0, verbose_name='accounts')),
                ('unknown_count', models.PositiveIntegerField(default=0, verbose_name='accounts that do not exist')),
                ('password_count', models.PositiveIntegerField(default=0, verbose_name='different passwords')),
                ('guess_count', models.PositiveIntegerField(default=0)),
                ('channels', models.CharField(blank=True, max_length=100, verbose_name='ways in')),
                ('first_at', models.DateTimeField(blank=True, null=True, verbose_name='first wrong password')),
                ('last_at', models.DateTimeField(blank=True, null=True, verbose_name='last wrong password')),
                ('lifted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='lifted by')),
            ],
            options={
                'verbose_name': 'ban',
                'verbose_name_plural': 'bans',
                'ordering': ['-started_at'],
                'permissions': [('lift_ban', 'Can lift bans')],
            },
        ),
        migrations.CreateModel(
            name='Failure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('network', models.CharField(max_length=43, verbose_name='address')),
                ('account', models.CharField(max_length=254, verbose_name='account')),
                ('password_digest', models.CharField(max_length=16)),
                ('channel', models.CharField(max_length=10, verbose_name='way in')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='time')),
                ('cleared_at', models.DateTimeField(blank=True, null=True, verbose_name='cleared')),
                ('ban', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='failures', to='bans.ban')),
            ],
            options={
                'verbose_name': 'wrong password',
                'verbose_name_plural': 'wrong passwords',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='KnownNetwork',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cidr', models.CharField(error_messages={'unique': 'This network is in the list already.'}, help_text='For example 10.20.0.0/16 or 2001:db8:20::/48. A single address is a network of its own.', max_length=43, unique=True, verbose_name='network')),
                ('first', models.CharField(editable=False, max_length=39)),
                ('last', models.CharField(editable=False, max_length=39)),
                ('kind', models.CharField(choices=[('shared', 'shared by many people'), ('never', 'never banned')], max_length=10, verbose_name='kind')),
                ('note', models.CharField(blank=True, help_text='What it is, and who asked for it.', max_length=200, verbose_name='note')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='added')),
                ('edited_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='edited')),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='added by')),
                ('edited_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='edited by')),
            ],
            options={
                'verbose_name': 'known network',
                'verbose_name_plural': 'known networks',
                'ordering': ['first', '-last'],
            },
        ),
        migrations.AddIndex(
            model_name='ban',
            index=models.Index(fields=['network', 'until'], name='ban_of_a_network'),
        ),
        migrations.AddIndex(
            model_name='failure',
            index=models.Index(condition=models.Q(('cleared_at', None)), fields=['network', 'account'], name='failures_that_count'),
        ),
        migrations.AddIndex(
            model_name='failure',
            index=models.Index(condition=models.Q(('ban', None), _negated=True), fields=['ban'], name='failures_of_a_ban'),
        ),
        migrations.AddIndex(
            model_name='knownnetwork',
            index=models.Index(fields=['first', 'last'], name='networks_of_an_address'),
        ),
        migrations.AddConstraint(
            model_name='knownnetwork',
            constraint=models.CheckConstraint(condition=models.Q(('first__lte', models.F('last'))), name='network_has_two_ends'),
        ),
    ]
