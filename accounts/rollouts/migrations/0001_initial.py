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
            name='Rollout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('working', models.BooleanField(default=False)),
                ('failed', models.BooleanField(default=False, verbose_name='stopped by an error')),
                ('claim', models.CharField(blank=True, max_length=32)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('beat_at', models.DateTimeField(blank=True, null=True)),
                ('sweep_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('done', models.PositiveIntegerField(default=0, verbose_name='done')),
                ('total', models.PositiveIntegerField(default=0, verbose_name='people')),
                ('status', models.CharField(choices=[('draft', 'dry run'), ('running', 'being carried out'), ('done', 'carried out'), ('paused', 'paused'), ('cancelled', 'cancelled')], default='draft', max_length=10, verbose_name='state')),
                ('choice', models.JSONField(default=dict)),
                ('start', models.DateTimeField(verbose_name='two-step from')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='set up')),
                ('carried_out_at', models.DateTimeField(blank=True, null=True, verbose_name='carried out')),
                ('subject_zh', models.CharField(blank=True, max_length=150, verbose_name='subject in Chinese')),
                ('text_zh', models.TextField(blank=True, max_length=5000, verbose_name='text in Chinese')),
                ('subject_en', models.CharField(blank=True, max_length=150, verbose_name='subject in English')),
                ('text_en', models.TextField(blank=True, max_length=5000, verbose_name='text in English')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
            ],
            options={
                'verbose_name': 'roll-out',
                'verbose_name_plural': 'roll-outs',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.PositiveSmallIntegerField(verbose_name='days before')),
                ('due_at', models.DateTimeField(db_index=True, verbose_name='due')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('skipped', models.BooleanField(default=False)),
                ('rollout', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminders', to='rollouts.rollout')),
            ],
            options={
                'verbose_name': 'reminder',
                'verbose_name_plural': 'reminders',
                'ordering': ['-days'],
            },
        ),
        migrations.CreateModel(
            name='RolloutMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('planned', models.CharField(choices=[('set', 'gets the date'), ('earlier', 'has two-step already, or from an earlier date'), ('exempt', 'excepted beyond the date'), ('taken_back', 'date taken back')], max_length=10)),
                ('fate', models.CharField(blank=True, choices=[('set', 'gets the date'), ('earlier', 'has two-step already, or from an earlier date'), ('exempt', 'excepted beyond the date'), ('taken_back', 'date taken back')], max_length=10)),
                ('before', models.DateTimeField(blank=True, null=True)),
                ('rollout', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='rollouts.rollout')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'person of a roll-out',
                'verbose_name_plural': 'people of a roll-out',
            },
        ),
        migrations.CreateModel(
            name='Exemption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('until', models.DateTimeField(verbose_name='off until')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='set up')),
                ('otherwise', models.DateTimeField(blank=True, null=True, verbose_name='without it, two-step from')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended early')),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='ended by')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exemptions', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'exception from two-step',
                'verbose_name_plural': 'exceptions from two-step',
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('user',), name='one_exemption_a_user'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='exemption_has_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='ReminderMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=10, verbose_name='language')),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='asked for')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('status', models.CharField(choices=[('queued', 'waiting'), ('delayed', 'waiting longer than usual'), ('claimed', 'being sent'), ('sent', 'sent'), ('delivered', 'delivered'), ('failed', 'failed'), ('unknown', 'not known')], default='queued', max_length=10, verbose_name='what became of it')),
                ('tried', models.PositiveSmallIntegerField(default=0, verbose_name='tries to send')),
                ('sweep_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='next sweep')),
                ('claimed_at', models.DateTimeField(blank=True, null=True, verbose_name='claimed')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('delivered_at', models.DateTimeField(blank=True, null=True, verbose_name='delivered')),
                ('reason', models.CharField(blank=True, choices=[('number', 'This number does not get our SMS.'), ('office', 'The fault is on our side; the IT office is told.'), ('late', 'It was too late for it.')], max_length=10, verbose_name='reason')),
                ('error', models.CharField(blank=True, max_length=100, verbose_name='error')),
                ('reminder', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mails', to='rollouts.reminder', verbose_name='reminder')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'reminder by mail',
                'verbose_name_plural': 'reminders by mail',
                'ordering': ['-pk'],
                'abstract': False,
                'indexes': [models.Index(fields=['status', 'sweep_at'], name='reminder_to_sweep')],
                'constraints': [models.UniqueConstraint(fields=('reminder', 'user'), name='one_mail_a_reminder')],
            },
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.UniqueConstraint(fields=('rollout', 'days'), name='one_reminder_a_day'),
        ),
        migrations.AddIndex(
            model_name='rolloutmember',
            index=models.Index(fields=['rollout', 'fate'], name='members_to_do'),
        ),
        migrations.AddConstraint(
            model_name='rolloutmember',
            constraint=models.UniqueConstraint(fields=('rollout', 'user'), name='one_member_a_rollout'),
        ),
    ]
